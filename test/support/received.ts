/** Counts what arrives on one SSRC, by its sequence numbers and timestamps. */
import type { RtpView } from "../../src/wire/rtp/header.ts";

export interface Received {
  readonly ssrc: number;
  readonly payloadType: number;
  packets: number;
  bytes: number;
  /** Sequence numbers that never came. Late ones are taken off again. */
  lost: number;
  firstTimestamp: number;
  lastTimestamp: number;
  highestSequence: number;
  timestampsBackwards: number;
  duplicates: number;
  /** Sequence numbers that are missing now. */
  readonly missing: Set<number>;
}

/** The counters after the first packet of an SSRC. */
export function firstOf(packet: RtpView): Received {
  return {
    ssrc: packet.ssrc,
    payloadType: packet.payloadType,
    packets: 1,
    bytes: packet.payloadLength,
    lost: 0,
    firstTimestamp: packet.timestamp,
    lastTimestamp: packet.timestamp,
    highestSequence: packet.sequence,
    timestampsBackwards: 0,
    duplicates: 0,
    missing: new Set(),
  };
}

/** Counts a further packet. */
export function count(stream: Received, packet: RtpView): void {
  stream.packets++;
  stream.bytes += packet.payloadLength;
  const ahead = ((packet.sequence - stream.highestSequence) << 16) >> 16;
  if (ahead <= 0) {
    // Late, or there already.
    if (stream.missing.delete(packet.sequence)) stream.lost--;
    else stream.duplicates++;
    return;
  }
  for (let gap = ahead - 1; gap > 0; gap--) stream.missing.add((packet.sequence - gap) & 0xffff);
  stream.lost += ahead - 1;
  stream.highestSequence = packet.sequence;
  if (((packet.timestamp - stream.lastTimestamp) | 0) < 0) stream.timestampsBackwards++;
  stream.lastTimestamp = packet.timestamp;
}
