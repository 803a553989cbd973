/** Things that only a broken or hostile other side does: one closed list for metrics, log and journal. */

export const SECURITY_EVENTS = [
  /** A wrong token or password; a request without one is none. */
  "auth_failed",
  /** A token that was not signed with our key, or was changed. */
  "token_signature_invalid",
  "dtls_fingerprint_mismatch",
  "dtls_handshake_failed",
  "stun_integrity_failed",
  /** SRTP packets of viewers are RTCP only. */
  "srtp_auth_failed",
  "rate_limited",
  /** A source address that FFmpeg must not be given. */
  "source_url_refused",
] as const;

export type SecurityEvent = (typeof SECURITY_EVENTS)[number];
