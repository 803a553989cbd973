/**
 * Sends the new packets of one stream to all its viewers: once per tick of the event loop, so that the packets
 * of one frame leave together. Hot: no allocation and no avoidable branch per viewer, nothing throws; watched
 * by the fan-out bench.
 */
import type { PlayedStream, PlayedTrack } from "../stream/played.ts";
import type { BatchSender } from "../transport/batch-sender.ts";
import type { Subscriber } from "./subscriber.ts";

/** Pacing of a viewer that catches up: 20 packets each 4 ms fit a receiver's default socket buffer. */
const CATCH_UP_PACKETS = 20;
const CATCH_UP_INTERVAL_MS = 4;

/** The viewers of one track. */
interface Lane {
  readonly track: PlayedTrack;
  readonly live: Subscriber[];
  sentUpTo: number;
}

export class FanOut {
  private readonly batch: BatchSender;
  private readonly lanes = new Map<PlayedTrack, Lane>();
  private readonly behind = new Set<Subscriber>();
  private tickArmed = false;
  private catchUpTimer: ReturnType<typeof setTimeout> | undefined;
  /** Who is first changes with each tick, so that nobody is always last. */
  private rotation = 0;

  constructor(batch: BatchSender) {
    this.batch = batch;
  }

  /** Packets are at the head of a ring: send them when this turn of the event loop is done. */
  readonly arm = (): void => {
    if (this.tickArmed) return;
    this.tickArmed = true;
    setImmediate(this.tick);
  };

  /**
   * Adds a viewer's track. Video starts with the last keyframe, so that a picture shows at once, and then
   * catches up with the rest; audio joins live.
   */
  add(subscriber: Subscriber): void {
    this.lane(subscriber.track);
    this.behind.add(subscriber);
    this.catchUp();
  }

  remove(subscriber: Subscriber): void {
    this.behind.delete(subscriber);
    const lane = this.lanes.get(subscriber.track);
    if (lane === undefined) return;
    const at = lane.live.indexOf(subscriber);
    if (at >= 0) lane.live.splice(at, 1);
    if (lane.live.length === 0) this.lanes.delete(subscriber.track);
  }

  /** Where a new viewer of a track should begin. */
  static firstIndex(track: PlayedTrack): number {
    const { keyframeIndex, head } = track.ring;
    return track.kind === "video" && keyframeIndex >= 0 ? keyframeIndex : head;
  }

  close(): void {
    clearTimeout(this.catchUpTimer);
    this.behind.clear();
    this.lanes.clear();
  }

  private lane(track: PlayedTrack): Lane {
    let lane = this.lanes.get(track);
    if (lane === undefined) {
      lane = { track, live: [], sentUpTo: track.ring.head };
      this.lanes.set(track, lane);
    }
    return lane;
  }

  private readonly tick = (): void => {
    this.tickArmed = false;
    this.rotation++;
    for (const lane of this.lanes.values()) this.sendNew(lane);
    this.batch.flush();
  };

  private sendNew(lane: Lane): void {
    const { ring } = lane.track;
    const from = Math.max(lane.sentUpTo, ring.tail);
    const to = ring.head;
    lane.sentUpTo = to;
    const count = lane.live.length;
    if (count === 0 || from === to) return;
    for (let i = 0; i < count; i++) {
      this.sendRun(lane.live[(i + this.rotation) % count]!, from, to);
    }
  }

  private readonly catchUp = (): void => {
    clearTimeout(this.catchUpTimer);
    this.catchUpTimer = undefined;
    for (const subscriber of this.behind) this.catchUpOne(subscriber);
    this.batch.flush();
    if (this.behind.size > 0) this.catchUpTimer = setTimeout(this.catchUp, CATCH_UP_INTERVAL_MS);
  };

  private catchUpOne(subscriber: Subscriber): void {
    const lane = this.lane(subscriber.track);
    const { ring } = subscriber.track;
    // What is not sent yet goes out with the next tick, to live viewers: stop short of it.
    const live = lane.sentUpTo;
    const from = Math.max(subscriber.nextIndex, ring.tail);
    const to = Math.min(live, from + CATCH_UP_PACKETS);
    this.sendRun(subscriber, from, to);
    subscriber.nextIndex = Math.max(from, to);
    if (subscriber.nextIndex < live) return;
    this.behind.delete(subscriber);
    lane.live.push(subscriber);
  }

  /** All packets of the run to one viewer, so that they can leave in one message; not those the source lost. */
  private sendRun(subscriber: Subscriber, from: number, to: number): void {
    const { ring } = subscriber.track;
    for (let index = from; index < to; index++) {
      if (ring.has(index)) subscriber.send(index, this.batch);
    }
  }
}

/** Connects a fan-out to its stream. `onTracksReplaced` must end the viewers of the old tracks. */
export function attachFanOut(
  stream: PlayedStream,
  fanOut: FanOut,
  onTracksReplaced: () => void,
): void {
  stream.listen({ packets: fanOut.arm, tracksReplaced: onTracksReplaced });
}
