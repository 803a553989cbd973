/** Tracing in this server: whether it is on, who tells it what, and how long the end waits for the collector. */
import type { ProcessRecord } from "../process/record.ts";
import type { Stream } from "../stream/stream.ts";
import { FloodGate } from "../telemetry/flood-gate.ts";
import type { Logger } from "../telemetry/logger.ts";
import { type Environment, traceSettings } from "../tracing/environment.ts";
import type { Tracing } from "../tracing/tracing.ts";

export interface ServerTracingOptions {
  readonly environment: Environment;
  readonly version: string;
  readonly coreId: string;
  readonly logger: Logger;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Unix milliseconds. */
  readonly unixMs: () => number;
}

export interface ServerTracing {
  /** undefined where tracing is off. */
  readonly tracing: Tracing | undefined;
  /** What happens to sources and their FFmpeg. */
  readonly lifecycle: SourceLifecycle;
  close(): Promise<void>;
}

/** Told of a source's life; every call is cheap and none throws. */
export interface SourceLifecycle {
  streamStarting(stream: Stream): void;
  /** Called while the stream still knows since when it was live. */
  streamStopping(stream: Stream): void;
  processStarted(record: ProcessRecord, pid: number): void;
  processEnded(record: ProcessRecord, facts: ProcessEnd): void;
}

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
  readonly willRestart: boolean;
}

/** A dead collector may not hold up the end of the server. */
const CLOSE_MS_MAX = 1500;
/** Longer than any source takes that starts at all. */
const LIVE_MS_MAX = 60_000;
const PROBLEM_MS = 60_000;

const OFF: ServerTracing = {
  tracing: undefined,
  lifecycle: {
    streamStarting: () => {},
    streamStopping: () => {},
    processStarted: () => {},
    processEnded: () => {},
  },
  close: async () => {},
};

export async function openServerTracing(options: ServerTracingOptions): Promise<ServerTracing> {
  const { logger, nowMs, unixMs } = options;
  const settings = traceSettings(options.environment);
  if (settings === undefined) return OFF;
  for (const warning of settings.warnings) logger.warn(warning);
  const gate = new FloodGate({ logger, nowMs, intervalMs: PROBLEM_MS });
  const { openTracing } = await import("../tracing/open.ts");
  const { tracing, close } = await openTracing({
    ...options,
    settings,
    onProblem: (reason) => gate.warn("tracing", "spans were not sent", { reason }),
  });
  logger.info("tracing", { protocol: settings.protocol, collector: settings.url });
  return {
    tracing,
    lifecycle: lifecycleOf(tracing, unixMs),
    close: async () => {
      await Promise.race([close().catch(() => undefined), Bun.sleep(CLOSE_MS_MAX)]);
    },
  };
}

function lifecycleOf(tracing: Tracing, unixMs: () => number): SourceLifecycle {
  return {
    streamStarting: (stream) => {
      tracing.streamStarting(stream.id);
      void stream.whenLive(LIVE_MS_MAX).then((live) => {
        if (live) tracing.streamLive(stream.id);
      });
    },
    streamStopping: ({ id, liveSinceMs }) => {
      const seconds = liveSinceMs === undefined ? undefined : (unixMs() - liveSinceMs) / 1000;
      tracing.streamStopped(id, seconds);
    },
    processStarted: ({ id }, pid) => tracing.processEvent("process.start", id, { pid }),
    processEnded: ({ id }, { code, signal, willRestart }) =>
      tracing.processEvent("process.stop", id, {
        ...(code !== null && { "process.exit.code": code }),
        ...(signal !== null && { "process.exit.signal": signal }),
        "process.will_restart": String(willRestart),
      }),
  };
}
