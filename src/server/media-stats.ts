/** The media path in numbers, as the metrics show it. */
import type { MediaStats, ReceivedLeg, SentLeg } from "../metrics/media-metrics.ts";
import type { Shards } from "../shard/shards.ts";
import type { StreamRegistry } from "../stream/registry.ts";
import type { Track } from "../stream/track.ts";
import type { StreamSources } from "./stream-sources.ts";

export interface MediaRooms {
  readonly streams: Pick<StreamRegistry, "get" | "list">;
  readonly peers: Pick<Shards, "health" | "totals">;
  readonly sources: Pick<StreamSources, "faults">;
}

/** `unixMs` is the clock of the sources' timelines. */
export function mediaStats(
  { streams, peers: shards, sources }: MediaRooms,
  unixMs: number,
): MediaStats {
  const { legs, packetsDropped, packetsQueued, peersByState } = shards.totals;
  const received = streams
    .list()
    .flatMap(({ id, tracks }) => tracks.map((track) => receivedLeg(id, track, unixMs)));
  const sent = legs.filter(({ streamId }) => streams.get(streamId) !== undefined);
  const watched = new Set(sent.map(keyOf));
  return {
    sent: [...sent, ...received.filter((leg) => !watched.has(keyOf(leg))).map(nothingSent)],
    received,
    sources: sources.faults(),
    packetsDropped,
    packetsQueued,
    peersByState,
    workers: shards.health.map(({ heartbeatAgeMs, peerCount, ...rest }) => ({
      ...rest,
      heartbeatAgeSeconds: heartbeatAgeMs / 1000,
      peers: peerCount,
    })),
  };
}

type Leg = Pick<SentLeg, "streamId" | "leg">;

function keyOf({ streamId, leg }: Leg): string {
  return `${leg} ${streamId}`;
}

/** Before the first viewer: counters begin at 0, so that rate() sees the first packets, or that there are none. */
function nothingSent({ streamId, leg }: Leg): SentLeg {
  return { streamId, leg, packets: 0, bytes: 0, packetsResent: 0, nacks: 0, keyframeRequests: 0 };
}

function receivedLeg(streamId: string, track: Track, unixMs: number): ReceivedLeg {
  const { clockRate, kind, packetsReceived, bytesReceived, ring } = track;
  const keyframeAgeSeconds = kind === "video" ? keyframeAge(track, unixMs) : undefined;
  return {
    streamId,
    leg: kind,
    packets: packetsReceived,
    bytes: bytesReceived,
    keyframeAgeSeconds,
    keyframeIntervalSeconds: ring.keyframeTicks < 0 ? undefined : ring.keyframeTicks / clockRate,
  };
}

/** A stream's timestamps are Unix time in the units of its clock, modulo 2^32 (source/timeline.ts). */
function keyframeAge({ clockRate, ring }: Track, unixMs: number): number | undefined {
  const { keyframeIndex } = ring;
  if (keyframeIndex < 0) return undefined;
  const now = Math.round((unixMs / 1000) * clockRate) % 2 ** 32;
  return Math.max(0, ((now - ring.timestamp(keyframeIndex)) | 0) / clockRate);
}
