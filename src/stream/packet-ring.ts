/**
 * The last packets of one track, by packet index. One store serves live fan-out, resends (NACK)
 * and the replay of the group of pictures to a viewer that joins; peers only read it.
 * The packet index is the sequence number extended over its wraps (RFC 3711 §3.3.1).
 */
import type { MediaKind } from "../media-kind.ts";
import { sequenceDelta } from "../wire/rtp/header.ts";

/** Room for one RTP payload. FFmpeg is told to keep packets at 1,200 bytes; others may fill an MTU. */
export const SLOT_BYTES = 1504;
/** 4,096 packets hold 10 s of 2.5 Mb/s video, so most GOPs; 256 hold 5 s of 20 ms audio. */
export const RING_PACKETS: Readonly<Record<MediaKind, number>> = { video: 4096, audio: 256 };
/** A jump of more than this is a new start of the source, not a loss. */
const GAP_PACKETS_MAX = 512;

/** What append() needs to know of a packet besides its payload. */
export interface PacketFacts {
  readonly sequence: number;
  readonly timestamp: number;
  readonly marker: boolean;
  /** The packet a decoder can start at. */
  readonly startsKeyframe: boolean;
}

/** How much may be replayed to a viewer that joins. */
export interface ReplayLimits {
  readonly packets: number;
  readonly bytes: number;
  /** In units of the RTP timestamps. */
  readonly ticks: number;
}

const UNLIMITED: ReplayLimits = { packets: Infinity, bytes: Infinity, ticks: Infinity };

export class PacketRing {
  /** Payloads, one slot of SLOT_BYTES each. Never reallocated: its address may be handed to the kernel. */
  readonly bytes: Buffer;
  readonly capacity: number;
  replayLimits = UNLIMITED;
  private readonly lengths: Uint16Array;
  private readonly timestamps: Uint32Array;
  /** 0x80 for packets with the marker bit, so that it can be or-ed into the header. */
  private readonly markers: Uint8Array;
  private readonly mask: number;
  private nextIndex = 0;
  private lastSequence = -1;
  /** From one keyframe to the next, of the last two, in units of the RTP clock; −1 before there are two. */
  keyframeTicks = -1;
  private keyframe = -1;
  private keyframeTimestamp = -1;
  /** Payload bytes since the last keyframe began. */
  private bytesHeld = 0;

  /** Capacity in packets; a power of two. */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.mask = capacity - 1;
    this.bytes = Buffer.alloc(capacity * SLOT_BYTES);
    this.lengths = new Uint16Array(capacity);
    this.timestamps = new Uint32Array(capacity);
    this.markers = new Uint8Array(capacity);
  }

  /** The index the next packet will get. */
  get head(): number {
    return this.nextIndex;
  }

  /** The sequence number that follows the last packet's, −1 before the first packet. */
  get nextSequence(): number {
    return this.lastSequence < 0 ? -1 : (this.lastSequence + 1) & 0xffff;
  }

  /** The oldest index that may still be held. */
  get tail(): number {
    return Math.max(0, this.nextIndex - this.capacity);
  }

  /** Index of the first packet of the last keyframe, −1 where none is held. */
  get keyframeIndex(): number {
    return this.keyframe >= this.tail ? this.keyframe : -1;
  }

  /**
   * Index of the last keyframe where it and what followed are within the limits, −1 where not: a viewer that joins
   * then waits for the next one.
   */
  get replayIndex(): number {
    const first = this.keyframeIndex;
    const { packets, bytes, ticks } = this.replayLimits;
    if (first < 0 || this.nextIndex - first > packets || this.bytesHeld > bytes) return -1;
    const age = (this.timestamp(this.nextIndex - 1) - this.timestamp(first)) | 0;
    return age <= ticks ? first : -1;
  }

  /**
   * Stores a payload. A late packet fills its hole for resends; a duplicate or an oversized
   * payload is dropped. Returns true where `head` moved, so there is something to send.
   */
  append(payload: Uint8Array, facts: PacketFacts): boolean {
    if (payload.length === 0 || payload.length > SLOT_BYTES) return false;
    const delta = this.lastSequence < 0 ? 1 : sequenceDelta(this.lastSequence, facts.sequence);
    if (delta <= 0 && delta > -this.capacity) {
      this.fillHole(this.nextIndex - 1 + delta, payload, facts);
      return false;
    }
    const skipped = delta > 0 && delta <= GAP_PACKETS_MAX ? delta - 1 : 0;
    for (let i = 0; i < skipped; i++) this.lengths[this.nextIndex++ & this.mask] = 0;
    if (facts.startsKeyframe && !this.continuesKeyframe(facts.timestamp)) {
      this.keyframe = this.nextIndex;
      if (this.keyframeTimestamp >= 0) {
        this.keyframeTicks = (facts.timestamp - this.keyframeTimestamp) >>> 0;
      }
      this.keyframeTimestamp = facts.timestamp;
      this.bytesHeld = 0;
    }
    this.bytesHeld += payload.length;
    this.store(this.nextIndex++, payload, facts);
    this.lastSequence = facts.sequence;
    return true;
  }

  /** Parameter sets and the IDR slice of one frame may each look like a start: the first one counts. */
  private continuesKeyframe(timestamp: number): boolean {
    return this.keyframeIndex >= 0 && this.timestamps[this.keyframe & this.mask] === timestamp;
  }

  private fillHole(index: number, payload: Uint8Array, facts: PacketFacts): void {
    if (index >= this.tail && !this.has(index)) this.store(index, payload, facts);
  }

  private store(index: number, payload: Uint8Array, facts: PacketFacts): void {
    const slot = index & this.mask;
    this.bytes.set(payload, slot * SLOT_BYTES);
    this.lengths[slot] = payload.length;
    this.timestamps[slot] = facts.timestamp;
    this.markers[slot] = facts.marker ? 0x80 : 0;
  }

  /** How many frames of what is still held end in [from, to). */
  framesBetween(from: number, to: number): number {
    let frames = 0;
    for (let index = Math.max(from, this.tail); index < to; index++) {
      if (this.has(index) && this.marker(index) !== 0) frames++;
    }
    return frames;
  }

  /** True where the packet of this index is held. */
  has(index: number): boolean {
    return index >= this.tail && index < this.nextIndex && this.lengths[index & this.mask]! > 0;
  }

  /** Offset of the payload in `bytes`. Only meaningful where has() is true, as are the next three. */
  offset(index: number): number {
    return (index & this.mask) * SLOT_BYTES;
  }

  length(index: number): number {
    return this.lengths[index & this.mask]!;
  }

  timestamp(index: number): number {
    return this.timestamps[index & this.mask]!;
  }

  marker(index: number): number {
    return this.markers[index & this.mask]!;
  }
}
