/**
 * The gauges: one call of stats() per scrape fills them all, so that a scrape shows one moment.
 * Whoever has the numbers implements WebRTCStatsSource; this room imports none of them.
 */

import { gauge } from "./create.ts";
import { METRICS } from "./names.ts";
import type { MetricsRegistry } from "./registry.ts";
import type { StreamLabels } from "./stream-labels.ts";

export interface WebRTCStats {
  /** Processes with webrtc.enabled that run. */
  readonly streamCount: number;
  /** Every configured stream, also with 0 peers. Its keys are the streams that have series at all. */
  readonly peersByStream: ReadonlyMap<string, number>;
  readonly udpPortsInUse: number;
  readonly udpPortsAvailable: number;
}

export interface WebRTCStatsSource {
  stats(): WebRTCStats;
}

export interface Snapshot {
  /** Asks the source once and sets all gauges. Returns what it said. */
  refresh(): WebRTCStats;
}

/** Registers the gauges. */
export function createSnapshot(
  registry: MetricsRegistry,
  labels: StreamLabels,
  source: WebRTCStatsSource,
): Snapshot {
  const activeStreams = gauge(registry, METRICS.activeStreams);
  const activePeers = gauge(registry, METRICS.activePeers);
  const portsInUse = gauge(registry, METRICS.udpPortsInUse);
  const portsAvailable = gauge(registry, METRICS.udpPortsAvailable);
  return {
    refresh() {
      const stats = source.stats();
      activeStreams.set(stats.streamCount);
      // prom-client keeps what was set: without this a removed stream would keep its last count.
      activePeers.reset();
      for (const [id, peers] of stats.peersByStream) {
        activePeers.inc({ stream_id: labels.of(id) }, peers);
      }
      portsInUse.set(stats.udpPortsInUse);
      portsAvailable.set(stats.udpPortsAvailable);
      return stats;
    },
  };
}
