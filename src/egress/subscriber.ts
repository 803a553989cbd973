/**
 * The send state of one track for one viewer: how its SSRC, sequence numbers and timestamps follow from packet
 * index and source timestamp. Hot: write() allocates nothing; watched by the fan-out bench.
 */
import type { PlayedTrack } from "../stream/played.ts";
import type { BatchSender } from "../transport/batch-sender.ts";
import type { Endpoint } from "../transport/media-socket.ts";
import { RTP_HEADER_BYTES, writeUint32 } from "../wire/rtp/header.ts";
import type { SrtpCipher } from "./cipher/cipher.ts";

/** Frames of a replay may be so much closer together than they were; two of them must not get one timestamp. */
const REPLAY_SPEED_MAX = 64;

/** Where a viewer is reached and how its packets are protected; shared by its tracks. */
export interface ViewerPath {
  /** Moves when the player's address does. */
  endpoint: Endpoint;
  readonly cipher: SrtpCipher;
}

export interface SubscriberOptions {
  readonly track: PlayedTrack;
  readonly path: ViewerPath;
  readonly payloadType: number;
  readonly ssrc: number;
  /** Undefined where the player took no RTX: packets are then resent as they were. */
  readonly rtx: { readonly payloadType: number; readonly ssrc: number } | undefined;
  /** Random, 1,024…32,767: low enough that no early wrap hides a loss (RFC 3711 §3.3.1). */
  readonly firstSequence: number;
  /** 32 random bits added to each timestamp. */
  readonly timestampShift: number;
  /** Called when sending begins. */
  readonly onStart?: () => void;
  /** Frames were left out; called when all are sent again, or when the viewer leaves before that. */
  readonly onSkipped?: (frames: number) => void;
}

export class Subscriber {
  readonly track: PlayedTrack;
  readonly path: ViewerPath;
  readonly ssrc: number;
  readonly payloadType: number;
  readonly rtx: SubscriberOptions["rtx"];
  readonly timestampShift: number;
  /** The packet index after the last one that was sent. */
  nextIndex = 0;
  /** The packet index it started at, the last time it did. */
  startIndex = -1;
  /** So many groups of pictures are thinned before all frames are sent again. */
  groupsToThin = 0;
  /** Timestamp of the newest packet when thinning began. */
  thinnedFrom = 0;
  /** Keyframes that were sent alone, as still pictures, since thinning began. */
  stillsSent = 0;
  /** How often the keyframe it started at was sent again. */
  repeats = 0;
  packetsSent = 0;
  /** Payload bytes, as sender reports count them (RFC 3550 §6.4.1). */
  octetsSent = 0;
  /** Frames that were left out since all were sent. */
  private framesSkipped = 0;
  private readonly onStart: SubscriberOptions["onStart"];
  private readonly onSkipped: SubscriberOptions["onSkipped"];
  private readonly firstSequence: number;
  /** Extended sequence number minus packet index. */
  private sequenceShift = 0;
  private rtxSequence: number;
  /** Packets before this index belong to the replay. */
  private replayEnd = 0;
  /** Source timestamp of the last packet of the replay. */
  private replayTimestamp = 0;
  /** How much of their distance frames of the replay keep. */
  private replayScale = 1;

  constructor(options: SubscriberOptions) {
    this.track = options.track;
    this.path = options.path;
    this.payloadType = options.payloadType;
    this.ssrc = options.ssrc;
    this.rtx = options.rtx;
    this.timestampShift = options.timestampShift;
    this.onStart = options.onStart;
    this.onSkipped = options.onSkipped;
    this.firstSequence = options.firstSequence;
    this.rtxSequence = options.firstSequence;
  }

  /**
   * Goes on with this packet index, without a gap in the sequence numbers: what was left out was not lost. What was
   * sent before can no longer be asked for. `still`: nothing but this frame will be sent.
   */
  startAt(index: number, still = false): void {
    const first = this.startIndex < 0;
    const next = first ? this.firstSequence : this.nextIndex + this.sequenceShift;
    if (first) this.onStart?.();
    else this.framesSkipped += this.track.ring.framesBetween(this.nextIndex, index);
    this.sequenceShift = next - index;
    this.startIndex = index;
    this.nextIndex = index;
    if (!still) this.tellSkipped();
  }

  /** The viewer goes while it waits for a keyframe. */
  leave(): void {
    if (this.startIndex < 0) return;
    const { ring } = this.track;
    this.framesSkipped += ring.framesBetween(this.nextIndex, ring.head);
    this.tellSkipped();
  }

  private tellSkipped(): void {
    if (this.framesSkipped > 0) this.onSkipped?.(this.framesSkipped);
    this.framesSkipped = 0;
  }

  /**
   * What the ring holds by now will be sent within this time, in ticks of the track's clock, so its timestamps are
   * moved together to that length, up to the last one. A player would take packets of the last seconds that come
   * in no time for jitter, and stay behind for long.
   */
  replayWithin(ticks: number): void {
    const { ring } = this.track;
    this.replayEnd = ring.head;
    this.replayTimestamp = ring.timestamp(ring.head - 1);
    const span = (this.replayTimestamp - ring.timestamp(this.nextIndex)) | 0;
    this.replayScale = Math.min(1, Math.max(ticks / span, 1 / REPLAY_SPEED_MAX));
  }

  /**
   * The packet index behind a 16-bit sequence number the player names, near the last that was sent.
   * Undefined where the player was never sent it, or the ring no longer holds it: a number that is still to come
   * may get another packet, and two packets under one number would share an IV (RFC 7714 §8.1).
   */
  heldIndexOf(sequence: number): number | undefined {
    const last = this.nextIndex - 1;
    const behind = (last + this.sequenceShift - sequence) & 0xffff;
    const index = last - behind;
    return index >= this.startIndex && this.track.ring.has(index) ? index : undefined;
  }

  /** Protects the packet of this index and queues it for the viewer. The ring must hold it. */
  send(index: number, batch: BatchSender): void {
    const { ring } = this.track;
    const extended = index + this.sequenceShift;
    const length = ring.length(index);
    const at = batch.next();
    const out = batch.arena;
    writeHeader(out, at, this.payloadType | ring.marker(index), extended);
    writeUint32(out, at + 4, this.timestamp(index));
    writeUint32(out, at + 8, this.ssrc);
    const { cipher, endpoint } = this.path;
    const rollover = Math.floor(extended / 65536);
    batch.commit(
      cipher.protect(out, at, ring.bytes, ring.offset(index), length, rollover),
      endpoint,
    );
    this.packetsSent++;
    this.octetsSent += length;
  }

  /**
   * Sends a packet again as RTX: the original sequence number, then the payload (RFC 4588 §4), which
   * stands in `scratch` behind two free bytes.
   */
  sendRtx(index: number, scratch: Uint8Array, batch: BatchSender): void {
    if (this.rtx === undefined) return;
    const { ring } = this.track;
    const original = index + this.sequenceShift;
    scratch[0] = original >>> 8;
    scratch[1] = original;
    const extended = this.rtxSequence++;
    const at = batch.next();
    const out = batch.arena;
    writeHeader(out, at, this.rtx.payloadType | ring.marker(index), extended);
    writeUint32(out, at + 4, this.timestamp(index));
    writeUint32(out, at + 8, this.rtx.ssrc);
    const { cipher, endpoint } = this.path;
    const length = ring.length(index) + RTX_PREFIX_BYTES;
    const rollover = Math.floor(extended / 65536);
    batch.commit(cipher.protect(out, at, scratch, 0, length, rollover), endpoint);
  }

  /** As the player sees it, modulo 2^32. */
  private timestamp(index: number): number {
    const source = this.track.ring.timestamp(index);
    if (index >= this.replayEnd) return source + this.timestampShift;
    const behind = (this.replayTimestamp - source) | 0;
    return this.replayTimestamp - Math.round(behind * this.replayScale) + this.timestampShift;
  }
}

function writeHeader(out: Buffer, at: number, second: number, sequence: number): void {
  out[at] = 0x80;
  out[at + 1] = second;
  out[at + 2] = sequence >>> 8;
  out[at + 3] = sequence;
}

/** Bytes of the RTX payload before the original payload. */
export const RTX_PREFIX_BYTES = 2;
/** Header and the longest tag: what a protected packet adds to its payload. */
export const PROTECTED_OVERHEAD_BYTES = RTP_HEADER_BYTES + 16;
