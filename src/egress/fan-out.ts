/**
 * Sends the new packets of one stream to all its viewers: with the end of each frame, so that the packets of one frame
 * leave together, or when the turn of the event loop ends before the frame does. Hot: no allocation and no avoidable
 * branch per viewer, nothing throws; watched by the fan-out bench.
 */
import type { PlayedStream, PlayedTrack } from "../stream/played.ts";
import type { BatchSender } from "../transport/batch-sender.ts";
import type { Subscriber } from "./subscriber.ts";

/** Pacing of a viewer that catches up: 20 packets each 4 ms fit a receiver's default socket buffer. */
const CATCH_UP_PACKETS = 20;
const CATCH_UP_INTERVAL_MS = 4;
/**
 * From this many viewers on a frame whose end has not come waits for it, but not longer than a millisecond: a frame in
 * two halves costs each viewer a message and a wake-up more, and nobody can decode the first half.
 */
const WHOLE_FRAME_VIEWERS = 4;
const WHOLE_FRAME_MS_MAX = 1;

/** A viewer that shows no picture after so many is not helped by more. */
const REPEATS_MAX = 3;

/** In place of the number of stills: the path has no room for them either. */
const NO_MORE_STILLS = -1;
/** Keyframes of a camera may be ten seconds apart: a viewer whose path is free again need not wait for several. */
const THIN_SECONDS_MAX = 8;

/** The viewers of one track. */
interface Lane {
  readonly track: PlayedTrack;
  readonly live: Subscriber[];
  /** Get nothing before the next keyframe. */
  readonly waiting: Set<Subscriber>;
  /** Get the rest of the frame that was begun, then wait for a keyframe. */
  readonly ending: Set<Subscriber>;
  sentUpTo: number;
}

export class FanOut {
  private readonly batch: BatchSender;
  private readonly lanes = new Map<PlayedTrack, Lane>();
  private readonly behind = new Set<Subscriber>();
  private tickArmed = false;
  private catchUpTimer: ReturnType<typeof setTimeout> | undefined;
  private wholeFrameTimer: ReturnType<typeof setTimeout> | undefined;
  /** Who is first changes with each tick, so that nobody is always last. */
  private rotation = 0;

  constructor(batch: BatchSender) {
    this.batch = batch;
  }

  /** A packet is new at the head of a ring. */
  readonly arm = (): void => {
    if (this.lanes.size === 0) return;
    if (this.framesAreWhole()) {
      this.send();
      return;
    }
    if (this.tickArmed) return;
    this.tickArmed = true;
    setImmediate(this.tick);
  };

  /**
   * Adds a viewer's track. Video starts with the last keyframe where the cache holds it, so that a picture shows at
   * once, and then catches up with the rest; else with the next one. Audio joins live.
   */
  add(subscriber: Subscriber): void {
    const lane = this.lane(subscriber.track);
    const { track } = lane;
    const start = replayIndex(track);
    if (start < 0) {
      lane.waiting.add(subscriber);
      return;
    }
    subscriber.startAt(start);
    if (start < track.ring.head) subscriber.replayWithin(catchUpTicks(track, start));
    this.behind.add(subscriber);
    this.catchUpOne(subscriber);
    this.batch.flush();
    this.catchUpLater();
  }

  remove(subscriber: Subscriber): void {
    this.behind.delete(subscriber);
    const lane = this.lanes.get(subscriber.track);
    if (lane === undefined) return;
    if (lane.waiting.delete(subscriber)) subscriber.leave();
    lane.ending.delete(subscriber);
    takeOut(lane.live, subscriber);
    if (lane.live.length + lane.waiting.size + lane.ending.size === 0) {
      this.lanes.delete(subscriber.track);
    }
  }

  /**
   * Sends a viewer no more of this group of pictures from the end of this frame on, and of the next `groups` only the
   * keyframe: a picture now and then fits a path that the stream does not. Called again after one of these: no more of
   * them. From the first keyframe on that is eight seconds later all frames are sent again, also before `groups` are over.
   */
  thin(subscriber: Subscriber, groups: number): void {
    const lane = this.lane(subscriber.track);
    if (lane.waiting.has(subscriber) || lane.ending.has(subscriber)) {
      // Before the first one it is what was under way that was lost.
      if (subscriber.stillsSent > 0) subscriber.stillsSent = NO_MORE_STILLS;
      return;
    }
    const { ring } = lane.track;
    subscriber.groupsToThin = groups;
    subscriber.thinnedFrom = ring.timestamp(ring.head - 1);
    subscriber.stillsSent = 0;
    const live = takeOut(lane.live, subscriber);
    this.behind.delete(subscriber);
    const cut = live && !this.endsFrame(lane, subscriber.nextIndex);
    (cut ? lane.ending : lane.waiting).add(subscriber);
  }

  /**
   * Sends the keyframe once more where that is the one the viewer started with: it has not decoded it. Later on a
   * repeated keyframe is older than what is shown, and FFmpeg cannot be asked for a new one.
   */
  repeatKeyframe(subscriber: Subscriber): void {
    const { track, startIndex } = subscriber;
    if (track.kind !== "video" || track.ring.replayIndex !== startIndex) return;
    // While it catches up the keyframe is on its way, and a path that is full takes no more.
    if (this.behind.has(subscriber) || this.lane(track).waiting.has(subscriber)) return;
    if (this.lane(track).ending.has(subscriber) || subscriber.repeats >= REPEATS_MAX) return;
    subscriber.repeats++;
    this.remove(subscriber);
    this.add(subscriber);
  }

  close(): void {
    clearTimeout(this.catchUpTimer);
    clearTimeout(this.wholeFrameTimer);
    this.behind.clear();
    this.lanes.clear();
  }

  private lane(track: PlayedTrack): Lane {
    let lane = this.lanes.get(track);
    if (lane === undefined) {
      lane = {
        track,
        live: [],
        waiting: new Set(),
        ending: new Set(),
        sentUpTo: track.ring.head,
      };
      this.lanes.set(track, lane);
    }
    return lane;
  }

  private readonly tick = (): void => {
    this.tickArmed = false;
    this.send();
  };

  private send(): void {
    this.rotation++;
    for (const lane of this.lanes.values()) {
      if (!this.waitsForFrame(lane)) this.sendNew(lane);
    }
    this.batch.flush();
  }

  private framesAreWhole(): boolean {
    for (const lane of this.lanes.values()) {
      const { head } = lane.track.ring;
      if (head !== lane.sentUpTo && !this.endsFrame(lane, head)) return false;
    }
    return true;
  }

  /** The frame has waited long enough. */
  private readonly sendHalfFrames = (): void => {
    this.wholeFrameTimer = undefined;
    for (const lane of this.lanes.values()) this.sendNew(lane);
    this.batch.flush();
  };

  private waitsForFrame(lane: Lane): boolean {
    if (lane.live.length < WHOLE_FRAME_VIEWERS) return false;
    const { head } = lane.track.ring;
    if (head === lane.sentUpTo || this.endsFrame(lane, head)) return false;
    this.wholeFrameTimer ??= setTimeout(this.sendHalfFrames, WHOLE_FRAME_MS_MAX);
    return true;
  }

  /** True where the packet before this index is the last of its frame. */
  private endsFrame({ track: { kind, ring } }: Lane, index: number): boolean {
    return kind !== "video" || !ring.has(index - 1) || ring.marker(index - 1) !== 0;
  }

  private sendNew(lane: Lane): void {
    const { ring } = lane.track;
    const from = Math.max(lane.sentUpTo, ring.tail);
    const to = ring.head;
    lane.sentUpTo = to;
    if (from === to) return;
    const count = lane.live.length;
    for (let i = 0; i < count; i++) {
      this.sendRun(lane.live[(i + this.rotation) % count]!, from, to);
    }
    if (lane.ending.size > 0) this.finishFrames(lane, from, to);
    if (lane.waiting.size > 0) this.startAtKeyframe(lane, from, to);
  }

  private finishFrames(lane: Lane, from: number, to: number): void {
    const end = frameEnd(lane, from, to);
    for (const subscriber of lane.ending) {
      this.sendRun(subscriber, from, Math.min(end + 1, to));
      if (end === to) continue;
      lane.ending.delete(subscriber);
      lane.waiting.add(subscriber);
    }
  }

  private startAtKeyframe(lane: Lane, from: number, to: number): void {
    const { clockRate, ring } = lane.track;
    const keyframe = ring.keyframeIndex;
    if (keyframe < from) return;
    for (const subscriber of lane.waiting) {
      const thinnedFor = (ring.timestamp(keyframe) - subscriber.thinnedFrom) | 0;
      if (subscriber.groupsToThin > 0 && thinnedFor < THIN_SECONDS_MAX * clockRate) {
        subscriber.groupsToThin--;
        if (subscriber.stillsSent !== NO_MORE_STILLS) this.sendStill(lane, subscriber, to);
        continue;
      }
      lane.waiting.delete(subscriber);
      subscriber.groupsToThin = 0;
      subscriber.startAt(keyframe);
      this.sendRun(subscriber, keyframe, to);
      lane.live.push(subscriber);
    }
  }

  /** The keyframe alone. */
  private sendStill(lane: Lane, subscriber: Subscriber, to: number): void {
    const keyframe = lane.track.ring.keyframeIndex;
    const end = frameEnd(lane, keyframe, to);
    subscriber.startAt(keyframe, true);
    subscriber.stillsSent++;
    this.sendRun(subscriber, keyframe, Math.min(end + 1, to));
    if (end < to) return;
    lane.waiting.delete(subscriber);
    lane.ending.add(subscriber);
  }

  private readonly catchUp = (): void => {
    this.catchUpTimer = undefined;
    for (const subscriber of this.behind) this.catchUpOne(subscriber);
    this.batch.flush();
    this.catchUpLater();
  };

  private catchUpLater(): void {
    if (this.behind.size > 0) this.catchUpTimer ??= setTimeout(this.catchUp, CATCH_UP_INTERVAL_MS);
  }

  private catchUpOne(subscriber: Subscriber): void {
    const lane = this.lane(subscriber.track);
    const { ring } = subscriber.track;
    // What is not sent yet goes out with the next tick, to live viewers: stop short of it.
    const live = lane.sentUpTo;
    const from = Math.max(subscriber.nextIndex, ring.tail);
    const to = Math.min(live, from + CATCH_UP_PACKETS);
    this.sendRun(subscriber, from, to);
    if (Math.max(from, to) < live) return;
    this.behind.delete(subscriber);
    lane.live.push(subscriber);
  }

  /** All packets of the run to one viewer, so that they can leave in one message; not those the source lost. */
  private sendRun(subscriber: Subscriber, from: number, to: number): void {
    const { ring } = subscriber.track;
    for (let index = from; index < to; index++) {
      if (ring.has(index)) subscriber.send(index, this.batch);
    }
    subscriber.nextIndex = Math.max(from, to);
  }
}

/** Where a viewer that joins now begins; −1: at the next keyframe. */
function replayIndex({ kind, ring }: PlayedTrack): number {
  return kind === "video" ? ring.replayIndex : ring.head;
}

/** Index of the packet that ends the frame which goes on at `from`; `to` where it has not come. */
function frameEnd({ track: { ring } }: Lane, from: number, to: number): number {
  let end = from;
  while (end < to && (!ring.has(end) || ring.marker(end) === 0)) end++;
  return end;
}

/** How long it takes to send what is held from this packet on, in ticks of the track's clock. */
function catchUpTicks({ clockRate, ring }: PlayedTrack, from: number): number {
  const turns = (ring.head - from) / CATCH_UP_PACKETS;
  return (turns * CATCH_UP_INTERVAL_MS * clockRate) / 1000;
}

/** True where it was in the list. */
function takeOut(list: Subscriber[], subscriber: Subscriber): boolean {
  const at = list.indexOf(subscriber);
  if (at >= 0) list.splice(at, 1);
  return at >= 0;
}

/** Connects a fan-out to its stream. `onTracksReplaced` must end the viewers of the old tracks. */
export function attachFanOut(
  stream: PlayedStream,
  fanOut: FanOut,
  onTracksReplaced: () => void,
): void {
  stream.listen({ packets: fanOut.arm, tracksReplaced: onTracksReplaced });
}
