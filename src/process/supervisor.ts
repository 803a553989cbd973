/**
 * Keeps one FFmpeg alive as its record says: start, watch, stop gently and then hard, start again
 * with back-off. Knows nothing of RTP or HTTP: legs come and go by hooks, time and children are
 * handed in.
 */
import { CommandFailed, ProcessInvalid } from "../errors/process.ts";
import { ffmpegArguments, type LegTarget } from "./ffmpeg-args.ts";
import { redactArguments } from "./record/secrets.ts";
import type { ProcessRecord } from "./record.ts";
import { historyMax, type ProcessReport, type RunReport } from "./run-log.ts";
import { type CopyFault, planWithFault, type SourcePlan } from "./source-plan.ts";
import { canMove, type ExecState, type ExitFacts, type Order, stateAfterExit } from "./state.ts";
import { type Attempt, createAttempt } from "./supervisor/attempt.ts";
import { commandedDelayMs, hasFlowed, RestartDelay, type RunEnd } from "./supervisor/backoff.ts";
import { copyFaultWords, explain } from "./supervisor/explain.ts";
import { type ProcessState, planState, progressOf } from "./supervisor/process-state.ts";
import { Run } from "./supervisor/run.ts";
import type { SupervisorTools, SupervisorView } from "./supervisor/tools.ts";

export type {
  ProcessLog,
  SupervisorHooks,
  SupervisorTools,
  SupervisorView,
} from "./supervisor/tools.ts";

/** How long FFmpeg has after SIGINT to close its outputs. */
const graceMs = 5000;
const tickMs = 1000;

export class Supervisor {
  readonly #tools: SupervisorTools;
  readonly #delay = new RestartDelay();
  readonly #history: RunReport[] = [];
  #record: ProcessRecord;
  #order: Order = "stop";
  #exec: ExecState = "finished";
  #changedMs: number;
  #attempt: Attempt | undefined;
  #lastRun: Run;
  /** What the run before had to say: a source that hangs keeps the next one silent for long. */
  #wordBefore = "";
  #restart: { readonly atMs: number; readonly cancel: () => void } | undefined;
  /** The hooks keep the legs for the restart they were told of, and must hear where it comes to nothing. */
  #restartTold = false;
  #restarts = 0;
  /** Of the runs that are over. */
  #cpuSeconds = 0;
  #plan: SourcePlan | undefined;
  /** Seen while the video was copied; holds until the operator starts or changes the process. */
  #copyFault: CopyFault | undefined;
  #argv: readonly string[];

  constructor(record: ProcessRecord, tools: SupervisorTools) {
    this.#record = record;
    this.#tools = tools;
    this.#changedMs = tools.clock.monotonicMs();
    this.#lastRun = this.#newRun(record, () => undefined);
    this.#argv = this.#preview(record);
  }

  get order(): Order {
    return this.#order;
  }

  /** FFmpeg runs, is being started, or waits for its restart. */
  get alive(): boolean {
    return this.#attempt !== undefined || this.#restart !== undefined;
  }

  /** Takes a record that differs only in what FFmpeg is not started with. */
  adopt(record: ProcessRecord): void {
    this.#record = record;
  }

  /** Takes a changed record for the next start. The caller stops the process before. */
  replace(record: ProcessRecord): void {
    this.#record = record;
    this.#forgetSource();
    this.#argv = this.#preview(record);
  }

  /** Starts now. Also a process that ended by itself, and one that waits for its restart. */
  start(): void {
    if (this.#order === "stop") this.#forgetSource();
    this.#order = "start";
    if (this.#attempt === undefined) this.#begin();
    else if (this.#exec === "finishing") this.#attempt.again = true;
  }

  /** Stops and waits until FFmpeg is gone: SIGINT, and SIGKILL after 5 s. */
  async stop(): Promise<void> {
    this.#order = "stop";
    if (this.#restart !== undefined) {
      this.#cancelRestart();
      this.#restartTold = false;
      this.#tools.hooks.exited(this.#record, { code: null, signal: null, willRestart: false });
    }
    if (this.#attempt !== undefined) this.#attempt.again = false;
    await this.#end();
  }

  /** Ends FFmpeg and starts it again, also without reconnect. Nothing to do where it is stopped. */
  async restart(): Promise<void> {
    if (this.#order === "stop") return;
    this.#forgetSource();
    if (this.#attempt === undefined) {
      this.#begin();
      return;
    }
    this.#attempt.again = true;
    await this.#end();
  }

  /** Video that is copied has what no viewer can play, though the look at the source saw none: it is transcoded from here on. */
  copyFailed(fault: CopyFault): void {
    const attempt = this.#attempt;
    if (this.#exec !== "running" || attempt === undefined) return;
    if (this.#plan?.video?.mode !== "copy") return;
    this.#copyFault = fault;
    this.#plan = planWithFault(attempt.record, this.#plan, fault);
    this.#announcePlan(attempt, this.#plan);
    attempt.again = true;
    this.#recycle(attempt, copyFaultWords[fault]);
  }

  state(): ProcessState {
    const attempt = this.#attempt;
    const { clock } = this.#tools;
    return {
      order: this.#order,
      exec: this.#exec,
      runtime_seconds: Math.floor((clock.monotonicMs() - this.#changedMs) / 1000),
      reconnect_seconds: this.#reconnectSeconds(),
      last_logline: this.#lastRun.log.lastLine,
      progress: progressOf(this.#record, attempt?.run),
      memory_bytes: attempt?.usage.memoryBytes ?? 0,
      cpu_usage: attempt?.usage.cpuPercent ?? 0,
      command: redactArguments(this.#argv),
      ...(this.#record.webrtc?.enabled === true && { webrtc: planState(this.#plan) }),
    };
  }

  report(): ProcessReport {
    return { ...this.#lastRun.log.report(), history: [...this.#history] };
  }

  view(): SupervisorView {
    return {
      exec: this.#exec,
      order: this.#order,
      reconnectSeconds: this.#reconnectSeconds(),
      restarts: this.#restarts,
      lastLogline: this.#lastWord(),
      plan: this.#plan,
      pid: this.#attempt?.child?.pid,
      cpuSeconds: this.#cpuSeconds + (this.#attempt?.usage.cpuSeconds ?? 0),
      memoryBytes: this.#attempt?.usage.memoryBytes ?? 0,
    };
  }

  #lastWord(): string {
    return this.#lastRun.log.lastWord(this.#exec) || this.#wordBefore;
  }

  #begin(): void {
    this.#cancelRestart();
    const record = this.#record;
    const { clock, cores } = this.#tools;
    const attempt = createAttempt({
      record,
      cores,
      nowMs: () => clock.monotonicMs(),
      newRun: (onProgress) => this.#newRun(record, onProgress),
    });
    this.#keepHistory();
    this.#wordBefore = this.#lastWord();
    this.#lastRun = attempt.run;
    this.#attempt = attempt;
    this.#move("starting");
    void this.#launch(attempt);
  }

  /** Never rejects: whatever goes wrong on the way is the end of this attempt. */
  async #launch(attempt: Attempt): Promise<void> {
    try {
      const resolved = this.#tools.resolve(attempt.record);
      const live = resolved.webrtc?.enabled === true;
      if (live && this.#plan === undefined) this.#plan = await this.#look(attempt, resolved);
      const turn = this.#tools.turn(attempt.abort.signal);
      // A process without legs is started at once where it may be, so that "start" answers with it running.
      if (turn !== undefined) await turn;
      if (live) attempt.announced = true;
      const legs = live ? await this.#tools.hooks.prepare(attempt.record, this.#plan) : [];
      attempt.abort.signal.throwIfAborted();
      this.#spawn(attempt, resolved, legs);
    } catch (error) {
      if (!attempt.abort.signal.aborted) attempt.run.judge(explain(error));
      // A hook may have thrown when FFmpeg was already there; nobody would hear of that child again.
      attempt.child?.kill("SIGKILL");
      this.#ended(attempt, { code: null, signal: null });
    }
  }

  /** What the source is and what becomes of it. */
  async #look(attempt: Attempt, resolved: ProcessRecord): Promise<SourcePlan> {
    const looked = await this.#tools.plan(resolved, attempt.abort.signal);
    attempt.abort.signal.throwIfAborted();
    const fault = this.#copyFault;
    const fresh = fault === undefined ? looked : planWithFault(attempt.record, looked, fault);
    if (fresh.video === undefined && fresh.audio === undefined) {
      throw new CommandFailed(`Nothing to send. ${fresh.reason}`, [fresh.reason]);
    }
    attempt.looked = true;
    this.#announcePlan(attempt, fresh);
    return fresh;
  }

  /** In the server's log and in that of the process, where its operator looks first. */
  #announcePlan({ record, run }: Attempt, { reason, warnings }: SourcePlan): void {
    const { log } = this.#tools;
    log.info("source planned", { id: record.id, plan: reason });
    run.note(`Plan: ${reason}`);
    for (const warning of warnings) {
      log.warn("source plan", { id: record.id, warning });
      run.note(`Warning: ${warning}`);
    }
  }

  #forgetSource(): void {
    this.#plan = undefined;
    this.#copyFault = undefined;
  }

  #spawn(attempt: Attempt, resolved: ProcessRecord, legs: readonly LegTarget[]): void {
    const { clock, hooks, makeFolders, spawn } = this.#tools;
    makeFolders(resolved);
    this.#argv = ffmpegArguments(resolved, {
      plan: this.#plan,
      legs,
      startTimeRealtimeUs: Math.round(clock.unixMs() * 1000),
    });
    attempt.startedMs = clock.monotonicMs();
    attempt.stale.started(attempt.startedMs, hooks.mediaPackets(attempt.record.id));
    attempt.announced = true;
    attempt.child = spawn(this.#argv, {
      onStdout: (chunk) => attempt.run.stdout(chunk),
      onStderr: (chunk) => attempt.run.stderr(chunk),
      onExit: (exit) => this.#ended(attempt, exit),
    });
    this.#move("running");
    hooks.started(attempt.record, attempt.child.pid);
    this.#tick(attempt);
  }

  /** Once a second while FFmpeg runs. */
  #tick(attempt: Attempt): void {
    this.#later(attempt, tickMs, () => this.#tools.supervise(() => this.#check(attempt)));
  }

  #check(attempt: Attempt): void {
    const { clock, hooks, usage } = this.#tools;
    const nowMs = clock.monotonicMs();
    if (attempt.child === undefined || this.#exec !== "running") return;
    attempt.usage.sample(nowMs, usage(attempt.child.pid));
    attempt.stale.packets(nowMs, hooks.mediaPackets(attempt.record.id));
    const exceeded = attempt.usage.exceeded(nowMs);
    if (attempt.stale.isStale(nowMs)) {
      this.#recycle(attempt, `no progress for ${attempt.record.stale_timeout_seconds} s`);
    } else if (exceeded !== undefined) this.#recycle(attempt, `over its limits: ${exceeded}`);
    else this.#tick(attempt);
  }

  /** Ends a run that isn't good any more; reconnect decides whether another follows. */
  #recycle(attempt: Attempt, reason: string): void {
    attempt.run.judge(`Stopped by the server: ${reason}.`);
    this.#tools.log.warn("process stopped", { id: attempt.record.id, reason });
    void this.#end();
  }

  #end(): Promise<void> {
    const attempt = this.#attempt;
    if (attempt === undefined) return Promise.resolve();
    if (this.#exec !== "finishing") {
      this.#move("finishing");
      attempt.abort.abort();
      attempt.child?.kill("SIGINT");
      this.#later(attempt, graceMs, () => attempt.child?.kill("SIGKILL"));
    }
    return attempt.done;
  }

  #ended(attempt: Attempt, exit: ExitFacts): void {
    if (attempt !== this.#attempt) return;
    for (const cancel of attempt.timers) cancel();
    attempt.run.end();
    this.#cpuSeconds += attempt.usage.cpuSeconds;
    this.#attempt = undefined;
    const state = stateAfterExit(this.#exec, exit);
    const runMs = this.#tools.clock.monotonicMs() - attempt.startedMs;
    const end = { runMs, progressed: attempt.stale.progressed, state };
    // A source that is away, or that serves one connection at a time and was just looked at, is the same when it is back.
    if (attempt.run.reachedSource && !attempt.looked && !hasFlowed(end)) this.#plan = undefined;
    const { record } = attempt;
    const willRestart = this.#order === "start" && (attempt.again || record.reconnect);
    this.#move(state);
    this.#report(attempt, exit, end);
    if (attempt.announced || (this.#restartTold && !willRestart)) {
      this.#tools.hooks.exited(record, { ...exit, willRestart });
      this.#restartTold = willRestart;
    }
    if (willRestart) this.#schedule(attempt, end);
    attempt.finish();
  }

  #schedule(attempt: Attempt, end: RunEnd): void {
    const { clock } = this.#tools;
    const delayMs = attempt.again
      ? commandedDelayMs
      : this.#delay.next(end, {
          delaySeconds: attempt.record.reconnect_delay_seconds,
          live: attempt.record.webrtc?.enabled === true,
        });
    if (attempt.again) this.#delay.reset();
    this.#restart = {
      atMs: clock.monotonicMs() + delayMs,
      cancel: clock.after(delayMs, () => {
        this.#restarts += 1;
        this.#begin();
      }),
    };
  }

  #report(attempt: Attempt, exit: ExitFacts, end: RunEnd): void {
    const fields = {
      id: attempt.record.id,
      state: end.state,
      code: exit.code ?? "none",
      signal: exit.signal ?? "none",
      seconds: Math.round(end.runMs / 1000),
      last_line: attempt.run.log.lastWord(end.state),
    };
    const { log } = this.#tools;
    if (end.state === "finished") log.info("process ended", fields);
    else log.warn("process ended", fields);
  }

  #later(attempt: Attempt, delayMs: number, callback: () => void): void {
    const cancel = this.#tools.clock.after(delayMs, () => {
      attempt.timers.delete(cancel);
      callback();
    });
    attempt.timers.add(cancel);
  }

  #move(to: ExecState): void {
    if (!canMove(this.#exec, to)) {
      throw new Error(`process ${this.#record.id}: illegal move ${this.#exec} to ${to}`);
    }
    this.#exec = to;
    this.#changedMs = this.#tools.clock.monotonicMs();
    this.#tools.hooks.stateChanged(this.#record, to);
  }

  #cancelRestart(): void {
    this.#restart?.cancel();
    this.#restart = undefined;
  }

  #reconnectSeconds(): number {
    if (this.#restart === undefined) return -1;
    return Math.max(0, Math.round((this.#restart.atMs - this.#tools.clock.monotonicMs()) / 1000));
  }

  /** A run enters the history when the next one starts, and only if it said anything. */
  #keepHistory(): void {
    const report = this.#lastRun.log.report();
    if (report.prelude.length === 0) return;
    this.#history.push(report);
    if (this.#history.length > historyMax) this.#history.shift();
  }

  /** What the command will be, as far as it is known before the source was looked at. */
  #preview(record: ProcessRecord): string[] {
    const run = { plan: undefined, legs: [], startTimeRealtimeUs: 0 };
    try {
      return ffmpegArguments(this.#tools.resolve(record), run);
    } catch (error) {
      if (error instanceof ProcessInvalid) return ffmpegArguments(record, run);
      throw error;
    }
  }

  #newRun(record: ProcessRecord, onProgress: () => void): Run {
    const hideLevels = !record.options.some((option) => option === "-loglevel" || option === "-v");
    return new Run({ clock: this.#tools.clock, hideLevels, onProgress });
  }
}
