/** Carries the packets of one stream into the queue of one media worker, once per turn of the event loop. */
import type { ReplayLimits } from "../stream/packet-ring.ts";
import type { Stream } from "../stream/stream.ts";
import type { Track } from "../stream/track.ts";
import type { TrackDescription } from "./messages.ts";
import type { PacketQueue } from "./packet-queue.ts";

/** Half of the queue. */
const CATCH_UP_PACKETS_MAX = 1024;

interface Lane {
  readonly track: Track;
  readonly number: number;
  sentUpTo: number;
  limits: ReplayLimits;
}

export interface FeedOptions {
  readonly stream: Stream;
  /** Of the worker that lives now, if one does. */
  readonly queue: () => PacketQueue | undefined;
  /** The name of a track in the queue; each call gives a greater one. */
  readonly nextNumber: () => number;
  /** Tells the worker of the stream's tracks. */
  readonly announce: (id: string, tracks: readonly TrackDescription[]) => void;
  /** Tells the worker how much of a track may be replayed. */
  readonly limit: (number: number, limits: ReplayLimits) => void;
}

export class Feed {
  private readonly options: FeedOptions;
  private readonly facts = { sequence: 0, timestamp: 0, marker: false, startsKeyframe: false };
  private readonly stopListening: () => void;
  private lanes: readonly Lane[] = [];
  private announced = false;
  private armed = false;
  private closed = false;

  constructor(options: FeedOptions) {
    this.options = options;
    this.stopListening = options.stream.listen({
      packets: this.arm,
      tracksReplaced: () => this.sync(),
    });
    this.sync();
  }

  /** Tells the worker of tracks it does not know yet; called before a viewer is opened too. */
  sync(): void {
    const { stream, announce, nextNumber } = this.options;
    const same =
      stream.tracks.length === this.lanes.length &&
      stream.tracks.every((track, i) => this.lanes[i]?.track === track);
    if (this.closed) return;
    if (same && this.announced) {
      for (const lane of this.lanes) this.syncLimits(lane);
      return;
    }
    this.announced = true;
    this.lanes = stream.tracks.map((track) => ({
      track,
      number: nextNumber(),
      sentUpTo: firstIndex(track),
      limits: track.ring.replayLimits,
    }));
    announce(
      stream.id,
      this.lanes.map(({ number, track }) => ({
        number,
        kind: track.kind,
        clockRate: track.clockRate,
        replayLimits: track.ring.replayLimits,
      })),
    );
    this.arm();
  }

  private syncLimits(lane: Lane): void {
    const { replayLimits } = lane.track.ring;
    if (lane.limits === replayLimits) return;
    lane.limits = replayLimits;
    this.options.limit(lane.number, replayLimits);
  }

  close(): void {
    this.closed = true;
    this.stopListening();
    this.lanes = [];
  }

  private readonly arm = (): void => {
    if (this.armed || this.closed) return;
    this.armed = true;
    setImmediate(this.carry);
  };

  private readonly carry = (): void => {
    this.armed = false;
    this.sync();
    const queue = this.options.queue();
    if (queue === undefined) return;
    for (const lane of this.lanes) this.carryLane(lane, queue);
    queue.wake();
  };

  private carryLane(lane: Lane, queue: PacketQueue): void {
    const { ring } = lane.track;
    const { facts } = this;
    for (let index = Math.max(lane.sentUpTo, ring.tail); index < ring.head; index++) {
      if (!ring.has(index)) continue;
      // The index counts what the source lost too, so the worker sees the same gaps.
      facts.sequence = index & 0xffff;
      facts.timestamp = ring.timestamp(index);
      facts.marker = ring.marker(index) !== 0;
      facts.startsKeyframe = index === ring.keyframeIndex;
      queue.push(lane.number, facts, ring.bytes, ring.offset(index), ring.length(index));
    }
    lane.sentUpTo = ring.head;
  }
}

/** A worker that comes later starts where its viewers can: at the keyframe, unless that would fill the queue. */
function firstIndex({ kind, ring }: Track): number {
  const { keyframeIndex, head } = ring;
  const near = keyframeIndex >= 0 && head - keyframeIndex <= CATCH_UP_PACKETS_MAX;
  return kind === "video" && near ? keyframeIndex : head;
}
