/** A clock moved by hand and children that only exist on paper. */
import type { AccessRules } from "../../../src/process/access/rules.ts";
import type { Child, ChildHandlers, SpawnChild } from "../../../src/process/child.ts";
import type { Clock } from "../../../src/process/clock.ts";
import type { ManagerOptions } from "../../../src/process/manager.ts";
import { resolveRecord } from "../../../src/process/resolve.ts";
import type { SourcePlan } from "../../../src/process/source-plan.ts";
import type { ExecState } from "../../../src/process/state.ts";
import type { SupervisorHooks, SupervisorTools } from "../../../src/process/supervisor.ts";

export class FakeClock implements Clock {
  now = 1_000_000;
  #timers: { atMs: number; callback: () => void }[] = [];

  monotonicMs(): number {
    return this.now;
  }

  unixMs(): number {
    return 1_700_000_000_000 + this.now;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.now + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  get pending(): number {
    return this.#timers.length;
  }

  /** Runs what is due, in order, and lets promises settle in between. */
  async advance(ms: number): Promise<void> {
    const until = this.now + ms;
    await settle();
    for (;;) {
      const next = this.#timers
        .filter((one) => one.atMs <= until)
        .sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((one) => one !== next);
      this.now = Math.max(this.now, next.atMs);
      next.callback();
      await settle();
    }
    this.now = until;
  }
}

/** Lets every promise that can go on go on. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 20; round++) await Promise.resolve();
}

export class FakeChild implements Child {
  readonly signals: string[] = [];
  readonly pid: number;
  readonly argv: readonly string[];
  readonly handlers: ChildHandlers;

  constructor(pid: number, argv: readonly string[], handlers: ChildHandlers) {
    this.pid = pid;
    this.argv = argv;
    this.handlers = handlers;
  }

  kill(signal: "SIGINT" | "SIGKILL"): void {
    this.signals.push(signal);
  }

  exit(code: number | null, signal: string | null = null): void {
    this.handlers.onExit({ code, signal });
  }

  says(text: string): void {
    this.handlers.onStderr(new TextEncoder().encode(`${text}\n`));
  }

  prints(text: string): void {
    this.handlers.onStdout(new TextEncoder().encode(text));
  }

  /** One block of -progress. */
  progresses(frame: number): void {
    this.prints(`frame=${frame}\nout_time_us=${frame * 40_000}\nprogress=continue\n`);
  }
}

export class FakeChildren {
  readonly all: FakeChild[] = [];
  /** Set: the next spawn throws this. */
  refusal: Error | undefined;

  readonly spawn: SpawnChild = (argv, handlers) => {
    if (this.refusal !== undefined) throw this.refusal;
    const child = new FakeChild(1000 + this.all.length, argv, handlers);
    this.all.push(child);
    return child;
  };

  get last(): FakeChild {
    const child = this.all.at(-1);
    if (child === undefined) throw new Error("nothing was started");
    return child;
  }
}

export class FakeHooks implements SupervisorHooks {
  readonly events: string[] = [];
  states: ExecState[] = [];
  packets = 0;
  prepared: Promise<void> = Promise.resolve();

  async prepare(record: { id: string }): Promise<[]> {
    this.events.push(`prepare ${record.id}`);
    await this.prepared;
    return [];
  }

  started(record: { id: string }, pid: number): void {
    this.events.push(`started ${record.id} ${pid}`);
  }

  exited(
    record: { id: string },
    facts: { code: number | null; signal: string | null; willRestart: boolean },
  ): void {
    this.events.push(
      `exited ${record.id} ${facts.code} ${facts.signal} ${facts.willRestart ? "restart" : "end"}`,
    );
  }

  stateChanged(_record: { id: string }, state: ExecState): void {
    this.states.push(state);
  }

  mediaPackets(): number {
    return this.packets;
  }
}

/** H.264 that is copied, and no sound. */
export function videoPlan(reason: string): SourcePlan {
  return {
    video: { mode: "copy", codec: "H264", map: "0:v:0" },
    audio: undefined,
    reason,
    warnings: [],
    facts: { video: undefined, audio: undefined },
  };
}
/** As a server in /core with its storage in /core/data. */
export const accessRules: AccessRules = {
  storageFolder: "/core/data",
  workingFolder: "/core",
  databaseFolder: "/core/config",
  input: { allow: [], block: [] },
  output: { allow: [], block: [] },
};

export const resolveByRules: ManagerOptions["resolve"] = (record, find, message) =>
  resolveRecord(record, { rules: accessRules, find }, message);

export interface FakeWorld {
  readonly clock: FakeClock;
  readonly children: FakeChildren;
  readonly hooks: FakeHooks;
  readonly warnings: string[];
  readonly tools: SupervisorTools;
}

/** Everything a supervisor needs; single tools can be replaced. */
export function fakeWorld(overrides: Partial<SupervisorTools> = {}): FakeWorld {
  const clock = new FakeClock();
  const children = new FakeChildren();
  const hooks = new FakeHooks();
  const warnings: string[] = [];
  const tools: SupervisorTools = {
    hooks,
    resolve: (record) => record,
    spawn: children.spawn,
    turn: () => undefined,
    makeFolders: () => undefined,
    plan: async () => videoPlan("Copied."),
    usage: () => undefined,
    clock,
    cores: 2,
    supervise: (look) => look(),
    log: {
      info: () => undefined,
      warn: (message, fields) => warnings.push(`${message} ${JSON.stringify(fields)}`),
    },
    ...overrides,
  };
  return { clock, children, hooks, warnings, tools };
}
