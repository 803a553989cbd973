/** The VP8 payload descriptor (RFC 7741 §4.2) and what it tells of keyframes. */

/** Length of the payload descriptor in bytes; 0 where the payload is too short to hold one. */
export function vp8DescriptorLength(packet: Uint8Array, offset: number, length: number): number {
  if (length < 1) return 0;
  let size = 1;
  if (packet[offset]! & 0x80) {
    if (length < 2) return 0;
    const extended = packet[offset + 1]!;
    size = 2;
    if (extended & 0x80) {
      if (length <= size) return 0;
      size += packet[offset + size]! & 0x80 ? 2 : 1;
    }
    if (extended & 0x40) size += 1;
    if (extended & 0x30) size += 1;
  }
  return size < length ? size : 0;
}

/** True for the first packet of a VP8 keyframe: start of partition 0 with the P bit clear (RFC 7741 §4.3). */
export function startsVp8Keyframe(packet: Uint8Array, offset: number, length: number): boolean {
  const descriptor = vp8DescriptorLength(packet, offset, length);
  if (descriptor === 0) return false;
  const startsPartitionZero = (packet[offset]! & 0x10) !== 0 && (packet[offset]! & 0x07) === 0;
  return startsPartitionZero && (packet[offset + descriptor]! & 0x01) === 0;
}

/**
 * The same payload with the one-byte descriptor, made in place. FFmpeg writes a 7-bit picture ID that
 * restarts with each run and that browsers extend as if it had 15 bits; without it they order frames by
 * sequence number, which is continuous.
 */
export function withoutVp8PictureId(payload: Uint8Array): Uint8Array {
  const descriptor = vp8DescriptorLength(payload, 0, payload.length);
  if (descriptor <= 1) return payload;
  payload[descriptor - 1] = payload[0]! & 0x37;
  return payload.subarray(descriptor - 1);
}
