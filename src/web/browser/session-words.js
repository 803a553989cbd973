// What happened to a viewer, in words.

const REASONS = {
  no_stun_received:
    "No packet from the viewer arrived. Is the UDP port open, and are the public addresses right?",
  stun_but_no_dtls: "Packets from the viewer arrived, but the server's did not reach it.",
  dtls_failed: "The DTLS handshake failed.",
  fingerprint_mismatch: "The viewer's certificate is not the one in its offer.",
  consent_lost: "The viewer vanished: it lost its network, or was closed without saying so.",
  client_gone: "The viewer left.",
  dtls_closed: "The viewer left.",
  kicked: "Disconnected by the operator.",
  token_expired: "The viewer's token expired.",
  token_revoked: "The viewer's token was revoked.",
  session_max_age: "The session reached its maximum age.",
  bitrate_exceeded: "The stream's bitrate is above what the viewer's token allows.",
  source_changed: "The stream changed its codecs, so viewers had to join again.",
  stream_removed: "The stream was removed.",
  worker_lost: "The server's media thread failed and was replaced.",
  server_drain: "The server was shut down.",
  codec_mismatch: "Refused: no common codec.",
  peer_limit_reached: "Refused: the viewer limit was reached.",
  rate_limited: "Refused: too many attempts from one address.",
  source_timeout: "Refused: the source did not start in time.",
  stream_not_found: "Refused: there is no such stream.",
  stream_not_live: "Refused: the stream is not live.",
  unauthorized: "Refused: no valid token.",
};

/** One sentence. */
export function outcomeText({ state, reason, connection_type: type, rtt_ms: rtt }) {
  if (state === "connecting") return "Connecting.";
  if (state === "connected") {
    const way = type === "relay" ? "Through a relay" : "Directly";
    return rtt === null || rtt === undefined ? `${way}.` : `${way}, round trip ${rtt} ms.`;
  }
  const words = String(reason).replaceAll("_", " ");
  return REASONS[reason] ?? (state === "refused" ? `Refused: ${words}.` : `Ended: ${words}.`);
}

/** "good", "bad" or "quiet": how an operator should take it. */
export function outcomeLevel({ state, connected, reason }) {
  if (state === "connected") return "good";
  if (state === "connecting") return "quiet";
  const lost = reason === "consent_lost" || reason === "worker_lost";
  return connected && !lost ? "quiet" : "bad";
}

export function outcomeBadge({ state, connected }) {
  if (state === "ended") return connected ? "Ended" : "Failed";
  return { connecting: "Connecting", connected: "Watching", refused: "Refused" }[state] ?? state;
}

/** The figures that are known, as pairs. */
export function factsOf(session) {
  const { candidate_type: candidate, connection_type: type, join_ms: join } = session;
  const watchedMs = session.ended ? Date.parse(session.ended) - Date.parse(session.started) : null;
  const facts = [
    ["Path", candidate && `${candidate}${type === "relay" ? ", through a relay" : ""}`],
    ["First keyframe after", join === null ? null : `${join} ms`],
    ["Lasted", watchedMs === null ? null : `${Math.round(watchedMs / 1000)} s`],
    ["Round trip", session.rtt_ms === null ? null : `${session.rtt_ms} ms`],
    ["Packets lost", session.connected ? `${session.packets_lost}` : null],
    ["Session", session.id],
    ["Request", session.request_id === session.id ? null : session.request_id],
    ["Trace", session.trace_id],
  ];
  return facts.filter(([, value]) => value !== null && value !== undefined && value !== "");
}

/** "path selected (candidateType srflx, remote 192.0.2.7:50123)" */
export function stepText({ event, detail }) {
  const facts = Object.entries(detail).map(([name, value]) => `${name} ${value}`);
  const words = event.replaceAll("_", " ");
  return facts.length === 0 ? words : `${words} (${facts.join(", ")})`;
}

export function sinceText(ms) {
  return ms < 10_000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`;
}
