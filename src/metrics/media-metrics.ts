/**
 * The media path as totals that are kept elsewhere: read once per scrape, nothing is counted here. Counters are set to
 * what the totals say, so a stream that is gone has no series.
 */
import { Counter, Gauge, type Registry } from "prom-client";
import type { MediaKind } from "../errors.ts";
import { MEDIA_METRICS } from "./media-names.ts";
import type { MetricDescription } from "./names.ts";

export interface SentLeg {
  readonly streamId: string;
  readonly leg: MediaKind;
  readonly packets: number;
  readonly bytes: number;
  readonly packetsResent: number;
  readonly nacks: number;
  readonly keyframeRequests: number;
}

export interface ReceivedLeg {
  readonly streamId: string;
  readonly leg: MediaKind;
  readonly packets: number;
  readonly bytes: number;
  /** Undefined for audio, and where no keyframe is held. */
  readonly keyframeAgeSeconds: number | undefined;
}

export interface MediaStats {
  readonly sent: readonly SentLeg[];
  readonly received: readonly ReceivedLeg[];
  readonly packetsDropped: number;
  readonly packetsQueued: number;
  readonly peersByState: Readonly<Record<string, number>>;
  readonly workers: readonly {
    readonly name: string;
    readonly heartbeatAgeSeconds: number;
    readonly restarts: number;
    readonly peers: number;
  }[];
}

/** Registers the metrics. `stats` is asked once per scrape. */
export function registerMediaMetrics(registry: Registry, stats: () => MediaStats): () => void {
  const counter = <L extends string>({ name, help, labels }: MetricDescription<L>) =>
    new Counter({ name, help, labelNames: [...labels], registers: [registry] });
  const gauge = <L extends string>({ name, help, labels }: MetricDescription<L>) =>
    new Gauge({ name, help, labelNames: [...labels], registers: [registry] });
  const metrics = {
    sourcePackets: counter(MEDIA_METRICS.sourcePackets),
    sourceBytes: counter(MEDIA_METRICS.sourceBytes),
    keyframeAge: gauge(MEDIA_METRICS.keyframeAge),
    rtpPackets: counter(MEDIA_METRICS.rtpPackets),
    rtpBytes: counter(MEDIA_METRICS.rtpBytes),
    packetsResent: counter(MEDIA_METRICS.packetsResent),
    nacks: counter(MEDIA_METRICS.nacks),
    keyframeRequests: counter(MEDIA_METRICS.keyframeRequests),
    peers: gauge(MEDIA_METRICS.peers),
    sendQueue: gauge(MEDIA_METRICS.sendQueue),
    packetsDropped: counter(MEDIA_METRICS.packetsDropped),
    workerHeartbeat: gauge(MEDIA_METRICS.workerHeartbeat),
    workerRestarts: counter(MEDIA_METRICS.workerRestarts),
    workerPeers: gauge(MEDIA_METRICS.workerPeers),
  };
  return () => {
    for (const metric of Object.values(metrics)) metric.reset();
    const now = stats();
    for (const one of now.received) {
      const labels = { stream_id: one.streamId, leg: one.leg };
      metrics.sourcePackets.inc(labels, one.packets);
      metrics.sourceBytes.inc(labels, one.bytes);
      if (one.keyframeAgeSeconds === undefined) continue;
      metrics.keyframeAge.set({ stream_id: one.streamId }, one.keyframeAgeSeconds);
    }
    for (const one of now.sent) {
      const labels = { stream_id: one.streamId, leg: one.leg };
      metrics.rtpPackets.inc(labels, one.packets);
      metrics.rtpBytes.inc(labels, one.bytes);
      metrics.packetsResent.inc(labels, one.packetsResent);
      metrics.nacks.inc(labels, one.nacks);
      metrics.keyframeRequests.inc({ stream_id: one.streamId }, one.keyframeRequests);
    }
    for (const [state, count] of Object.entries(now.peersByState))
      metrics.peers.set({ state }, count);
    metrics.sendQueue.set(now.packetsQueued);
    metrics.packetsDropped.inc(now.packetsDropped);
    for (const one of now.workers) {
      const labels = { worker: one.name };
      metrics.workerHeartbeat.set(labels, one.heartbeatAgeSeconds);
      metrics.workerRestarts.inc(labels, one.restarts);
      metrics.workerPeers.set(labels, one.peers);
    }
  };
}
