/**
 * The send state of one track for one viewer: how its SSRC, sequence numbers and timestamps follow from packet
 * index and source timestamp. Hot: write() allocates nothing; watched by the fan-out bench.
 */
import type { PlayedTrack } from "../stream/played.ts";
import type { BatchSender } from "../transport/batch-sender.ts";
import type { Endpoint } from "../transport/media-socket.ts";
import { RTP_HEADER_BYTES, writeUint32 } from "../wire/rtp/header.ts";
import type { SrtpCipher } from "./cipher/cipher.ts";

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
  /** Called when sending begins, and when it goes on after frames that were left out. */
  readonly onStart?: (framesSkipped: number) => void;
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
  /** While it waits: so many keyframes are let pass. */
  keyframesToSkip = 0;
  /** How often the keyframe it started at was sent again. */
  repeats = 0;
  packetsSent = 0;
  /** Payload bytes, as sender reports count them (RFC 3550 §6.4.1). */
  octetsSent = 0;
  private readonly onStart: ((framesSkipped: number) => void) | undefined;
  private readonly firstSequence: number;
  /** Extended sequence number minus packet index. */
  private sequenceShift = 0;
  private rtxSequence: number;

  constructor(options: SubscriberOptions) {
    this.track = options.track;
    this.path = options.path;
    this.payloadType = options.payloadType;
    this.ssrc = options.ssrc;
    this.rtx = options.rtx;
    this.timestampShift = options.timestampShift;
    this.onStart = options.onStart;
    this.firstSequence = options.firstSequence;
    this.rtxSequence = options.firstSequence;
  }

  /**
   * Goes on with this packet index, without a gap in the sequence numbers: what was left out was not lost. What was
   * sent before can no longer be asked for.
   */
  startAt(index: number): void {
    const first = this.startIndex < 0;
    const next = first ? this.firstSequence : this.nextIndex + this.sequenceShift;
    const framesSkipped = first ? 0 : this.track.ring.framesBetween(this.nextIndex, index);
    this.sequenceShift = next - index;
    this.startIndex = index;
    this.nextIndex = index;
    this.onStart?.(framesSkipped);
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
    writeUint32(out, at + 4, ring.timestamp(index) + this.timestampShift);
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
    writeUint32(out, at + 4, ring.timestamp(index) + this.timestampShift);
    writeUint32(out, at + 8, this.rtx.ssrc);
    const { cipher, endpoint } = this.path;
    const length = ring.length(index) + RTX_PREFIX_BYTES;
    const rollover = Math.floor(extended / 65536);
    batch.commit(cipher.protect(out, at, scratch, 0, length, rollover), endpoint);
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
