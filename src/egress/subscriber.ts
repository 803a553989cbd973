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
}

export class Subscriber {
  readonly track: PlayedTrack;
  readonly path: ViewerPath;
  readonly ssrc: number;
  readonly payloadType: number;
  readonly rtx: SubscriberOptions["rtx"];
  readonly timestampShift: number;
  /** The next packet index to send while catching up; the live batch ignores it. */
  nextIndex: number;
  packetsSent = 0;
  /** Payload bytes, as sender reports count them (RFC 3550 §6.4.1). */
  octetsSent = 0;
  private readonly firstIndex: number;
  /** Extended sequence number minus packet index. */
  private readonly sequenceShift: number;
  private rtxSequence: number;

  /** Starts at the packet index `firstIndex`. */
  constructor(options: SubscriberOptions, firstIndex: number) {
    this.track = options.track;
    this.path = options.path;
    this.payloadType = options.payloadType;
    this.ssrc = options.ssrc;
    this.rtx = options.rtx;
    this.timestampShift = options.timestampShift;
    this.firstIndex = firstIndex;
    this.nextIndex = firstIndex;
    this.sequenceShift = options.firstSequence - firstIndex;
    this.rtxSequence = options.firstSequence;
  }

  /**
   * The packet index behind a 16-bit sequence number the player names, near the head of the ring.
   * Undefined where the player was never sent it, or the ring no longer holds it.
   */
  heldIndexOf(sequence: number): number | undefined {
    const head = this.track.ring.head + this.sequenceShift;
    const behind = (head - sequence) & 0xffff;
    const index = head - behind - this.sequenceShift;
    return index >= this.firstIndex && this.track.ring.has(index) ? index : undefined;
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
