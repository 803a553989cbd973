/** One way from "starting" to the end of the child, with all that belongs to it alone. */
import type { Child } from "../child.ts";
import type { ProcessRecord } from "../record.ts";
import type { Run } from "./run.ts";
import { StaleWatch, UsageWatch } from "./watch.ts";

export interface Attempt {
  readonly record: ProcessRecord;
  readonly run: Run;
  readonly stale: StaleWatch;
  readonly usage: UsageWatch;
  readonly abort: AbortController;
  readonly done: Promise<void>;
  readonly finish: () => void;
  readonly timers: Set<() => void>;
  startedMs: number;
  child: Child | undefined;
  /** It looked at the source and made its plan, instead of going on with an earlier one. */
  looked: boolean;
  /** The hooks were told of this attempt and must hear of its end. */
  announced: boolean;
  /** Start again whatever reconnect says: the operator asked for it. */
  again: boolean;
}

export interface AttemptOptions {
  readonly record: ProcessRecord;
  readonly cores: number;
  readonly nowMs: () => number;
  readonly newRun: (onProgress: () => void) => Run;
}

export function createAttempt({ record, cores, nowMs, newRun }: AttemptOptions): Attempt {
  const { promise, resolve } = Promise.withResolvers<void>();
  const startedMs = nowMs();
  const stale = new StaleWatch(record.stale_timeout_seconds, startedMs);
  return {
    record,
    run: newRun(() => stale.grew(nowMs())),
    stale,
    usage: new UsageWatch(record.limits, cores),
    abort: new AbortController(),
    done: promise,
    finish: resolve,
    timers: new Set(),
    startedMs,
    child: undefined,
    looked: false,
    announced: false,
    again: false,
  };
}
