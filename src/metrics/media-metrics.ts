/**
 * The media path as totals that are kept elsewhere: read once per scrape, nothing is counted here. Counters are set to
 * what the totals say, so a stream that is gone has no series.
 */

import type { MediaKind } from "../media-kind.ts";
import { counter, gauge } from "./create.ts";
import { MEDIA_METRICS } from "./media-names.ts";
import { OTHER_STREAMS } from "./names.ts";
import type { MetricsRegistry } from "./registry.ts";
import type { StreamLabels } from "./stream-labels.ts";
import { TotalsCounter } from "./totals-counter.ts";

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
  /** Undefined for audio, and before there were two. */
  readonly keyframeIntervalSeconds: number | undefined;
}

export interface SourceStats {
  readonly streamId: string;
  readonly gapSeconds: number;
  readonly bFrameRuns: number;
}

export interface MediaStats {
  readonly sent: readonly SentLeg[];
  readonly received: readonly ReceivedLeg[];
  readonly sources: readonly SourceStats[];
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

type Write = (now: MediaStats) => void;

/** Registers the metrics. To be called before each scrape. */
export function registerMediaMetrics({ labels, registry, stats }: MediaMetricsOptions): () => void {
  const writers = [sourceSide(registry, labels), viewerSide(registry, labels), shardSide(registry)];
  return () => {
    const now = stats();
    for (const write of writers) write(now);
  };
}

function resetAll(metrics: Readonly<Record<string, { reset(): void }>>): void {
  for (const metric of Object.values(metrics)) metric.reset();
}

function endAll(metrics: Readonly<Record<string, object>>): void {
  for (const metric of Object.values(metrics)) if (metric instanceof TotalsCounter) metric.end();
}

function sourceSide(registry: MetricsRegistry, streamLabels: StreamLabels): Write {
  const metrics = {
    sourcePackets: new TotalsCounter(registry, MEDIA_METRICS.sourcePackets),
    sourceBytes: new TotalsCounter(registry, MEDIA_METRICS.sourceBytes),
    keyframeAge: gauge(registry, MEDIA_METRICS.keyframeAge),
    keyframeInterval: gauge(registry, MEDIA_METRICS.keyframeInterval),
    gapSeconds: new TotalsCounter(registry, MEDIA_METRICS.sourceGapSeconds),
    bFrameRuns: new TotalsCounter(registry, MEDIA_METRICS.sourceBFrames),
  };
  return ({ received, sources }) => {
    resetAll(metrics);
    for (const one of received) {
      const stream_id = streamLabels.of(one.streamId);
      const labels = { stream_id, leg: one.leg };
      metrics.sourcePackets.add(one.streamId, labels, one.packets);
      metrics.sourceBytes.add(one.streamId, labels, one.bytes);
      // Ages of several streams have no sum.
      if (stream_id === OTHER_STREAMS) continue;
      const { keyframeAgeSeconds: age, keyframeIntervalSeconds: interval } = one;
      if (age !== undefined) metrics.keyframeAge.set({ stream_id }, age);
      if (interval !== undefined) metrics.keyframeInterval.set({ stream_id }, interval);
    }
    for (const { streamId, gapSeconds, bFrameRuns } of sources) {
      const stream_id = streamLabels.of(streamId);
      metrics.gapSeconds.add(streamId, { stream_id }, gapSeconds);
      metrics.bFrameRuns.add(streamId, { stream_id }, bFrameRuns);
    }
    endAll(metrics);
  };
}

function viewerSide(registry: MetricsRegistry, streamLabels: StreamLabels): Write {
  const metrics = {
    rtpPackets: new TotalsCounter(registry, MEDIA_METRICS.rtpPackets),
    rtpBytes: new TotalsCounter(registry, MEDIA_METRICS.rtpBytes),
    packetsResent: new TotalsCounter(registry, MEDIA_METRICS.packetsResent),
    nacks: new TotalsCounter(registry, MEDIA_METRICS.nacks),
    keyframeRequests: new TotalsCounter(registry, MEDIA_METRICS.keyframeRequests),
    peers: gauge(registry, MEDIA_METRICS.peers),
    sendQueue: gauge(registry, MEDIA_METRICS.sendQueue),
    packetsDropped: counter(registry, MEDIA_METRICS.packetsDropped),
  };
  return (now) => {
    resetAll(metrics);
    for (const one of now.sent) {
      const stream_id = streamLabels.of(one.streamId);
      const labels = { stream_id, leg: one.leg };
      metrics.rtpPackets.add(one.streamId, labels, one.packets);
      metrics.rtpBytes.add(one.streamId, labels, one.bytes);
      metrics.packetsResent.add(one.streamId, labels, one.packetsResent);
      metrics.nacks.add(one.streamId, labels, one.nacks);
      metrics.keyframeRequests.add(
        `${one.streamId} ${one.leg}`,
        { stream_id },
        one.keyframeRequests,
      );
    }
    endAll(metrics);
    for (const state of PEER_STATES) metrics.peers.set({ state }, now.peersByState[state] ?? 0);
    metrics.sendQueue.set(now.packetsQueued);
    metrics.packetsDropped.inc(now.packetsDropped);
  };
}

function shardSide(registry: MetricsRegistry): Write {
  const metrics = {
    heartbeat: gauge(registry, MEDIA_METRICS.workerHeartbeat),
    restarts: counter(registry, MEDIA_METRICS.workerRestarts),
    sessions: counter(registry, MEDIA_METRICS.workerSessions),
    peers: gauge(registry, MEDIA_METRICS.workerPeers),
  };
  return ({ workers }) => {
    resetAll(metrics);
    for (const { name: worker, ...one } of workers) {
      metrics.heartbeat.set({ worker }, one.heartbeatAgeSeconds);
      metrics.restarts.inc({ worker }, one.restarts);
      metrics.sessions.inc({ worker }, one.sessionsCompleted);
      metrics.peers.set({ worker }, one.peers);
    }
  };
}
