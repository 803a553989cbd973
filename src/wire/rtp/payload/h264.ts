/** Which H.264 RTP payload starts a keyframe, and the profile in an SPS (RFC 6184 §5.2–5.8). */

const NAL_IDR = 5;
const NAL_SPS = 7;
const NAL_STAP_A = 24;
const NAL_FU_A = 28;

/**
 * True for the packet a decoder can start at: one that carries an SPS, or the start of an IDR slice.
 * STAP-A is walked to its end, since an access unit delimiter may come first.
 */
export function startsH264Keyframe(packet: Uint8Array, offset: number, length: number): boolean {
  return findNal(packet, offset, length, NAL_SPS) >= 0 || startsIdr(packet, offset, length);
}

/** True for the packet with the start of an IDR slice. */
export function startsIdr(packet: Uint8Array, offset: number, length: number): boolean {
  if (length >= 2 && (packet[offset]! & 0x1f) === NAL_FU_A) {
    return (packet[offset + 1]! & 0x80) !== 0 && (packet[offset + 1]! & 0x1f) === NAL_IDR;
  }
  return findNal(packet, offset, length, NAL_IDR) >= 0;
}

/** The offset of the first NAL unit of a type in a single-NAL or STAP-A payload, −1 where there is none. */
function findNal(packet: Uint8Array, offset: number, length: number, type: number): number {
  if (length < 1) return -1;
  const first = packet[offset]! & 0x1f;
  if (first === type) return offset;
  if (first !== NAL_STAP_A) return -1;
  const end = offset + length;
  for (let at = offset + 1; at + 2 < end; ) {
    const size = (packet[at]! << 8) | packet[at + 1]!;
    if ((packet[at + 2]! & 0x1f) === type) return at + 2;
    at += 2 + size;
  }
  return -1;
}

/** The profile-level-id (6 hex digits, RFC 6184 §8.1) of the SPS in this payload, if it carries one. */
export function profileLevelIdIn(
  packet: Uint8Array,
  offset: number,
  length: number,
): string | undefined {
  const at = findNal(packet, offset, length, NAL_SPS);
  if (at < 0 || at + 4 > offset + length) return undefined;
  return [packet[at + 1]!, packet[at + 2]!, packet[at + 3]!]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}
