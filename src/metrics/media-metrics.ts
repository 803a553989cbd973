/**
 * The media path as totals that are kept elsewhere: read once per scrape, nothing is counted here. Counters are set to
 * what the totals say, so a stream that is gone has no series.
 */

import type { MediaKind } from "../errors.ts";
import { counter, gauge } from "./create.ts";
import { MEDIA_METRICS } from "./media-names.ts";
import { OTHER_STREAMS } from "./names.ts";
import type { MetricsRegistry } from "./registry.ts";
import type { StreamLabels } from "./stream-labels.ts";

/** Each has a series from the start; a viewer that is over has none. */
const PEER_STATES = ["new", "checking", "handshaking", "connected"];

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
    readonly sessionsCompleted: number;
  }[];
}

export interface MediaMetricsOptions {
  readonly registry: MetricsRegistry;
  readonly labels: StreamLabels;
  /** Asked once per scrape. */
  readonly stats: () => MediaStats;
}

/** Registers the metrics. To be called before each scrape. */
export function registerMediaMetrics(options: MediaMetricsOptions): () => void {
  const { labels: streamLabels, registry, stats } = options;
  const metrics = {
    sourcePackets: counter(registry, MEDIA_METRICS.sourcePackets),
    sourceBytes: counter(registry, MEDIA_METRICS.sourceBytes),
    keyframeAge: gauge(registry, MEDIA_METRICS.keyframeAge),
    rtpPackets: counter(registry, MEDIA_METRICS.rtpPackets),
    rtpBytes: counter(registry, MEDIA_METRICS.rtpBytes),
    packetsResent: counter(registry, MEDIA_METRICS.packetsResent),
    nacks: counter(registry, MEDIA_METRICS.nacks),
    keyframeRequests: counter(registry, MEDIA_METRICS.keyframeRequests),
    peers: gauge(registry, MEDIA_METRICS.peers),
    sendQueue: gauge(registry, MEDIA_METRICS.sendQueue),
    packetsDropped: counter(registry, MEDIA_METRICS.packetsDropped),
    workerHeartbeat: gauge(registry, MEDIA_METRICS.workerHeartbeat),
    workerRestarts: counter(registry, MEDIA_METRICS.workerRestarts),
    workerSessions: counter(registry, MEDIA_METRICS.workerSessions),
    workerPeers: gauge(registry, MEDIA_METRICS.workerPeers),
  };
  return () => {
    for (const metric of Object.values(metrics)) metric.reset();
    const now = stats();
    for (const one of now.received) {
      const labels = { stream_id: streamLabels.of(one.streamId), leg: one.leg };
      metrics.sourcePackets.inc(labels, one.packets);
      metrics.sourceBytes.inc(labels, one.bytes);
      // Ages of several streams have no sum.
      if (one.keyframeAgeSeconds === undefined || labels.stream_id === OTHER_STREAMS) continue;
      metrics.keyframeAge.set({ stream_id: labels.stream_id }, one.keyframeAgeSeconds);
    }
    for (const one of now.sent) {
      const { leg } = one;
      const stream_id = streamLabels.of(one.streamId);
      const labels = { stream_id, leg };
      metrics.rtpPackets.inc(labels, one.packets);
      metrics.rtpBytes.inc(labels, one.bytes);
      metrics.packetsResent.inc(labels, one.packetsResent);
      metrics.nacks.inc(labels, one.nacks);
      metrics.keyframeRequests.inc({ stream_id }, one.keyframeRequests);
    }
    for (const state of PEER_STATES) metrics.peers.set({ state }, 0);
    for (const [state, count] of Object.entries(now.peersByState))
      metrics.peers.set({ state }, count);
    metrics.sendQueue.set(now.packetsQueued);
    metrics.packetsDropped.inc(now.packetsDropped);
    for (const one of now.workers) {
      const labels = { worker: one.name };
      metrics.workerHeartbeat.set(labels, one.heartbeatAgeSeconds);
      metrics.workerRestarts.inc(labels, one.restarts);
      metrics.workerSessions.inc(labels, one.sessionsCompleted);
      metrics.workerPeers.set(labels, one.peers);
    }
  };
}
