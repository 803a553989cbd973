/** Our side of ICE as text. The same lines stand in the answer and in the answer to an ICE restart. */

/** What a player needs to reach us: credentials of this ICE session and our addresses, best first. */
export interface LocalIce {
  iceUfrag: string;
  icePwd: string;
  candidates: readonly { address: string; port: number }[];
}

/**
 * Session-level lines, also of a restart's answer, which MUST repeat them (WHEP §4.5.3).
 * `trickle`: a player trickles only towards an agent that announces it (RFC 8838 §3), and PATCH
 * takes its candidates; ours are all in the answer. `ice2`: RFC 8445 §10.
 */
export const ICE_SESSION_LINES: readonly string[] = ["a=ice-lite", "a=ice-options:trickle ice2"];

/** The credentials of one m= section. */
export function writeCredentials(local: LocalIce): string[] {
  return [`a=ice-ufrag:${local.iceUfrag}`, `a=ice-pwd:${local.icePwd}`];
}

/** Type preference of a host candidate, RFC 8445 §5.1.2.2. */
const HOST_PREFERENCE = 126;
/** RTP and RTCP share component 1 (rtcp-mux). */
const COMPONENT = 1;

/** RFC 8445 §5.1.2.1, with the local preference falling by the order the addresses are given in. */
export function hostPriority(order: number): number {
  return HOST_PREFERENCE * 2 ** 24 + (65_535 - order) * 2 ** 8 + (256 - COMPONENT);
}

/** All of our candidates, closed by end-of-candidates: WHEP §4.5.2 leaves no later place for them. */
export function writeCandidates(local: LocalIce): string[] {
  const lines = local.candidates.map(
    ({ address, port }, order) =>
      // A foundation per address: each is a base of its own (RFC 8445 §5.1.1.3).
      `a=candidate:${order + 1} ${COMPONENT} udp ${hostPriority(order)} ${address} ${port} typ host`,
  );
  return [...lines, "a=end-of-candidates"];
}
