/** The FFmpeg processes as their supervisors know them: read once per scrape, nothing is counted or asked here. */

import { gauge } from "./create.ts";
import { OTHER_STREAMS } from "./names.ts";
import { PROCESS_METRICS } from "./process-names.ts";
import type { MetricsRegistry } from "./registry.ts";
import type { StreamLabels } from "./stream-labels.ts";
import { TotalsCounter } from "./totals-counter.ts";

export interface FfmpegUsage {
  readonly id: string;
  /** Whether this process is the source of a stream. */
  readonly isStream: boolean;
  /** A stream that is to run and gets nothing from its source. */
  readonly isDown: boolean;
  readonly state: string;
  readonly restarts: number;
  /** Of all its runs. */
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

export interface ProcessMetricsOptions {
  readonly registry: MetricsRegistry;
  readonly labels: StreamLabels;
  /** Every state that a process can have: each has a series from the start. */
  readonly states: readonly string[];
  readonly usage: () => readonly FfmpegUsage[];
}

/** Registers the metrics. To be called before each scrape. */
export function registerProcessMetrics(options: ProcessMetricsOptions): () => void {
  const { labels, registry, states, usage } = options;
  const processes = gauge(registry, PROCESS_METRICS.processes);
  const restarts = new TotalsCounter(registry, PROCESS_METRICS.restarts);
  const cpuSeconds = new TotalsCounter(registry, PROCESS_METRICS.cpuSeconds);
  const memoryBytes = gauge(registry, PROCESS_METRICS.memoryBytes);
  const sourceDown = gauge(registry, PROCESS_METRICS.sourceDown);
  return () => {
    for (const metric of [processes, restarts, cpuSeconds, memoryBytes, sourceDown]) metric.reset();
    for (const state of states) processes.set({ state }, 0);
    for (const one of usage()) {
      const stream_id = one.isStream ? labels.of(one.id) : OTHER_STREAMS;
      processes.inc({ state: one.state });
      restarts.add(one.id, { stream_id }, one.restarts);
      cpuSeconds.add(one.id, { stream_id }, one.cpuSeconds);
      memoryBytes.inc({ stream_id }, one.memoryBytes);
      if (one.isStream) sourceDown.inc({ stream_id }, one.isDown ? 1 : 0);
    }
    for (const metric of [restarts, cpuSeconds]) metric.end();
  };
}
