/** What a scrape answers: the snapshot is refreshed, then the whole registry is written as text. */
import { collectDefaultMetrics, type Registry } from "prom-client";
import type { Instruments } from "./instruments.ts";
import type { Snapshot } from "./snapshot.ts";

export interface Exposition {
  readonly contentType: string;
  text(): Promise<string>;
}

export interface ExpositionOptions {
  readonly registry: Registry;
  readonly instruments: Pick<Instruments, "syncStreams">;
  readonly snapshot: Snapshot;
  /** What else has to be brought up to date before a scrape, with the ids of the streams there are. */
  readonly refresh?: (streamIds: readonly string[]) => Promise<void>;
}

export function createExposition(options: ExpositionOptions): Exposition {
  const { registry, instruments, snapshot, refresh } = options;
  return {
    contentType: registry.contentType,
    async text() {
      const stats = snapshot.refresh();
      instruments.syncStreams(stats.peersByStream.keys());
      await refresh?.([...stats.peersByStream.keys()]);
      return registry.metrics();
    },
  };
}

/** Gauges with a counter's suffix, which promtool refuses; Bun does not fill them anyway. */
const BADLY_NAMED = [
  "nodejs_active_resources_total",
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
];

/**
 * The event loop's lag is sampled by a timer; prom-client's default of 10 ms costs an idle server most of its CPU time
 * and one with 100 viewers a fourteenth.
 */
const LAG_SAMPLE_MS = 100;

/** Adds prom-client's metrics of the process and its runtime. */
export function addDefaultMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_SAMPLE_MS });
  for (const name of BADLY_NAMED) registry.removeSingleMetric(name);
}
