/**
 * What a viewer's RTCP tells a sender: report blocks, NACK, PLI, FIR (RFC 3550 §6.4, RFC 4585 §6,
 * RFC 5104 §4.3.1). Unknown packets are passed over, bad lengths end the walk; nothing throws.
 */
import { readUint32 } from "../rtp/header.ts";

const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const TRANSPORT_FEEDBACK = 205;
const PAYLOAD_FEEDBACK = 206;
const FORMAT_NACK = 1;
const FORMAT_PLI = 1;
const FORMAT_FIR = 4;

/** One report block of an SR or RR (RFC 3550 §6.4.1). `jitter` in timestamp units. */
export interface ReportBlock {
  readonly ssrc: number;
  readonly fractionLost: number;
  readonly cumulativeLost: number;
  /** Extended with the count of its wraps, 32 bits. */
  readonly highestSequence: number;
  readonly jitter: number;
  readonly lastSenderReport: number;
  readonly delaySinceLastSenderReport: number;
}

/** Called for each thing found, in order. */
export interface RtcpHandler {
  report(block: ReportBlock): void;
  /** One generic NACK entry: the packet ID and the bitmask of the 16 after it (RFC 4585 §6.2.1). */
  nack(mediaSsrc: number, packetId: number, bitmask: number): void;
  keyframeRequest(mediaSsrc: number): void;
}

/** Walks a compound or reduced-size RTCP packet. False where it was cut off or not RTCP. */
export function readRtcp(packet: Uint8Array, handler: RtcpHandler): boolean {
  let at = 0;
  while (at + 8 <= packet.length) {
    if (packet[at]! >> 6 !== 2) return false;
    const end = at + 4 + ((packet[at + 2]! << 8) | packet[at + 3]!) * 4;
    if (end > packet.length) return false;
    readOne(packet, at, end, handler);
    at = end;
  }
  return at === packet.length;
}

function readOne(packet: Uint8Array, at: number, end: number, handler: RtcpHandler): void {
  const countOrFormat = packet[at]! & 0x1f;
  switch (packet[at + 1]) {
    case SENDER_REPORT:
      readBlocks(packet, at + 28, end, countOrFormat, handler);
      return;
    case RECEIVER_REPORT:
      readBlocks(packet, at + 8, end, countOrFormat, handler);
      return;
    case TRANSPORT_FEEDBACK:
      if (countOrFormat === FORMAT_NACK) readNacks(packet, at, end, handler);
      return;
    case PAYLOAD_FEEDBACK:
      if (end - at < 12) return;
      if (countOrFormat === FORMAT_PLI) handler.keyframeRequest(readUint32(packet, at + 8));
      if (countOrFormat === FORMAT_FIR && end - at >= 20) {
        handler.keyframeRequest(readUint32(packet, at + 12));
      }
      return;
    default:
      return;
  }
}

function readBlocks(
  packet: Uint8Array,
  first: number,
  end: number,
  count: number,
  handler: RtcpHandler,
): void {
  for (let at = first, left = count; left > 0 && at + 24 <= end; left--, at += 24) {
    handler.report({
      ssrc: readUint32(packet, at),
      fractionLost: packet[at + 4]! / 256,
      cumulativeLost: (readUint32(packet, at + 4) << 8) >> 8,
      highestSequence: readUint32(packet, at + 8),
      jitter: readUint32(packet, at + 12),
      lastSenderReport: readUint32(packet, at + 16),
      delaySinceLastSenderReport: readUint32(packet, at + 20),
    });
  }
}

function readNacks(packet: Uint8Array, at: number, end: number, handler: RtcpHandler): void {
  if (end - at < 12) return;
  const mediaSsrc = readUint32(packet, at + 8);
  for (let entry = at + 12; entry + 4 <= end; entry += 4) {
    handler.nack(
      mediaSsrc,
      (packet[entry]! << 8) | packet[entry + 1]!,
      (packet[entry + 2]! << 8) | packet[entry + 3]!,
    );
  }
}
