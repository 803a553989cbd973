/**
 * RTP fixed header, CSRC list, extension and padding (RFC 3550 §5.1, §5.3.1).
 * Garbage gives undefined, never an exception.
 */

/** Where things are in one RTP datagram. Offsets and lengths in bytes. */
export interface RtpView {
  readonly marker: boolean;
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payloadOffset: number;
  readonly payloadLength: number;
}

export const RTP_HEADER_BYTES = 12;

/** Tells RTCP from RTP where both share a port (RFC 5761 §4): packet types 192–223. */
export function isRtcp(datagram: Uint8Array): boolean {
  return datagram.length >= 2 && datagram[1]! >= 192 && datagram[1]! <= 223;
}

/** Reads one RTP packet; undefined where it is not RTP version 2 or its lengths do not fit. */
export function parseRtp(datagram: Uint8Array): RtpView | undefined {
  const size = datagram.length;
  if (size < RTP_HEADER_BYTES || datagram[0]! >> 6 !== 2) return undefined;
  let offset = RTP_HEADER_BYTES + (datagram[0]! & 0x0f) * 4;
  if (datagram[0]! & 0x10) {
    if (offset + 4 > size) return undefined;
    offset += 4 + ((datagram[offset + 2]! << 8) | datagram[offset + 3]!) * 4;
  }
  const padding = datagram[0]! & 0x20 ? datagram[size - 1]! : 0;
  const payloadLength = size - offset - padding;
  if (payloadLength < 0 || offset > size) return undefined;
  return {
    marker: (datagram[1]! & 0x80) !== 0,
    payloadType: datagram[1]! & 0x7f,
    sequence: (datagram[2]! << 8) | datagram[3]!,
    timestamp: readUint32(datagram, 4),
    ssrc: readUint32(datagram, 8),
    payloadOffset: offset,
    payloadLength,
  };
}

/** Big-endian unsigned 32-bit read. */
export function readUint32(bytes: Uint8Array, offset: number): number {
  return (
    ((bytes[offset]! << 24) |
      (bytes[offset + 1]! << 16) |
      (bytes[offset + 2]! << 8) |
      bytes[offset + 3]!) >>>
    0
  );
}

/** Big-endian unsigned 32-bit write; the value is taken modulo 2^32. */
export function writeUint32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}

/** Signed distance from one 16-bit sequence number to another, −32768…32767 (RFC 1982). */
export function sequenceDelta(from: number, to: number): number {
  return ((to - from) << 16) >> 16;
}
