/**
 * The gauges: one call of stats() per scrape fills them all, so that a scrape shows one moment.
 * Whoever has the numbers implements WebRTCStatsSource; this room imports none of them.
 */
import { Gauge, type Registry } from "prom-client";
import { METRICS } from "./names.ts";

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
export function createSnapshot(registry: Registry, source: WebRTCStatsSource): Snapshot {
  const gauge = ({ name, help }: { name: string; help: string }) =>
    new Gauge({ name, help, registers: [registry] });
  const activeStreams = gauge(METRICS.activeStreams);
  const activePeers = new Gauge({
    name: METRICS.activePeers.name,
    help: METRICS.activePeers.help,
    labelNames: [...METRICS.activePeers.labels],
    registers: [registry],
  });
  const portsInUse = gauge(METRICS.udpPortsInUse);
  const portsAvailable = gauge(METRICS.udpPortsAvailable);
  return {
    refresh() {
      const stats = source.stats();
      activeStreams.set(stats.streamCount);
      // prom-client keeps what was set: without this a removed stream would keep its last count.
      activePeers.reset();
      for (const [stream_id, peers] of stats.peersByStream) activePeers.set({ stream_id }, peers);
      portsInUse.set(stats.udpPortsInUse);
      portsAvailable.set(stats.udpPortsAvailable);
      return stats;
    },
  };
}
