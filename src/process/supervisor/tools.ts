/** What a supervisor is handed, and what it shows of itself. */
import type { SpawnChild } from "../child.ts";
import type { Clock } from "../clock.ts";
import type { LegTarget } from "../ffmpeg-args.ts";
import type { Usage } from "../proc-stat.ts";
import type { ProcessRecord } from "../record.ts";
import type { LegPlans, SourcePlan } from "../source-plan.ts";
import type { ExecState, Order } from "../state.ts";

export interface SupervisorHooks {
  /** Before every start of a process with webrtc.enabled: opens the legs. Throws NoLegPort. */
  prepare(record: ProcessRecord, plan: LegPlans | undefined): Promise<readonly LegTarget[]>;
  started(record: ProcessRecord, pid: number): void;
  exited(
    record: ProcessRecord,
    facts: { code: number | null; signal: string | null; willRestart: boolean },
  ): void;
  stateChanged(record: ProcessRecord, state: ExecState): void;
  /** RTP packets that arrived so far for this process. */
  mediaPackets(id: string): number;
}

/** The part of the logger used here. */
export interface ProcessLog {
  info(message: string, fields?: Readonly<Record<string, string | number | boolean>>): void;
  warn(message: string, fields?: Readonly<Record<string, string | number | boolean>>): void;
}

export interface SupervisorTools {
  readonly hooks: SupervisorHooks;
  /** The record as FFmpeg gets it, at each start: what it refers to may have changed. Throws ProcessInvalid. */
  readonly resolve: (record: ProcessRecord) => ProcessRecord;
  /** Resolves when FFmpeg may be started, undefined where that is now; rejects where it is called off. */
  readonly turn: (stop: AbortSignal) => Promise<void> | undefined;
  readonly spawn: SpawnChild;
  /** Makes the folders that the outputs of a resolved record lie in; what can't be made is told by FFmpeg. Never throws. */
  readonly makeFolders: (record: ProcessRecord) => void;
  /** Only asked for processes with webrtc.enabled. Throws what the operator should read. */
  readonly plan: (record: ProcessRecord, stop: AbortSignal) => Promise<SourcePlan>;
  readonly usage: (pid: number) => Usage | undefined;
  readonly clock: Clock;
  readonly cores: number;
  readonly log: ProcessLog;
  /** Runs one look at a process; counted and timed there. */
  readonly supervise: (look: () => void) => void;
}

/** What the stream list shows of a process. */
export interface SupervisorView {
  readonly exec: ExecState;
  readonly order: Order;
  readonly reconnectSeconds: number;
  readonly restarts: number;
  /** Where FFmpeg failed: what it failed of, which seldom stands in its last line. Until a new run says something, the old one's. */
  readonly lastLogline: string;
  readonly plan: SourcePlan | undefined;
  readonly pid: number | undefined;
  /** Of all runs, as far as it was read. */
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}
