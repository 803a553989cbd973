/** What a datagram on the shared port is, by its first bytes (RFC 7983 §7, RFC 5761 §4). */
import { isRtcp } from "../wire/rtp/header.ts";
import { isStun } from "../wire/stun/message.ts";

export type DatagramKind = "stun" | "dtls" | "srtcp" | "other";

export function datagramKind(datagram: Uint8Array): DatagramKind {
  const first = datagram[0] ?? 255;
  if (isStun(datagram)) return "stun";
  if (first >= 20 && first <= 63) return "dtls";
  return first >= 128 && first <= 191 && isRtcp(datagram) ? "srtcp" : "other";
}
