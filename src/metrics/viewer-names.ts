/** Metrics of how viewers fare: what becomes of a join, and what the viewers themselves report. */
import type { MetricDescription } from "./names.ts";

/** Seconds. From a viewer next door to one behind a relay on another continent. */
export const RTT_BUCKETS: readonly number[] = [
  0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2,
];
/** Seconds between the packets' spacing as sent and as received (RFC 3550 §6.4.1). */
export const JITTER_BUCKETS: readonly number[] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25];
/** Seconds. Above one the operator has a network to look at. */
export const JOIN_BUCKETS: readonly number[] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15];

export const VIEWER_METRICS = {
  joins: {
    name: "dragonfork_webrtc_joins_total",
    help: "Attempts to watch that have ended: `connected`, or the reason why not.",
    type: "counter",
    labels: ["stream_id", "outcome"],
  },
  attempted: {
    name: "dragonfork_webrtc_connections_attempted_total",
    help: "Offers that were answered.",
    type: "counter",
    labels: ["stream_id"],
  },
  established: {
    name: "dragonfork_webrtc_connections_established_total",
    help: "Viewers that connected, directly or through a relay.",
    type: "counter",
    labels: ["stream_id", "connection_type"],
  },
  failed: {
    name: "dragonfork_webrtc_connections_failed_total",
    help: "Viewers that got an answer but never connected, by reason.",
    type: "counter",
    labels: ["stream_id", "reason"],
  },
  sessionsClosed: {
    name: "dragonfork_webrtc_sessions_closed_total",
    help: "Viewers that had connected and left, by reason.",
    type: "counter",
    labels: ["stream_id", "reason"],
  },
  joinSeconds: {
    name: "dragonfork_webrtc_join_duration_seconds",
    help: "Seconds from the offer (POST) until the first keyframe was sent.",
    type: "histogram",
    labels: ["stream_id"],
  },
  watchSeconds: {
    name: "dragonfork_webrtc_watch_seconds_total",
    help: "Seconds that viewers were connected, summed over all viewers.",
    type: "counter",
    labels: ["stream_id"],
  },
  playerFirstFrame: {
    name: "dragonfork_player_first_frame_seconds",
    help: "Seconds from the request for a session to the first picture, as reported by the built-in player.",
    type: "histogram",
    labels: ["stream_id"],
  },
  playerFreezes: {
    name: "dragonfork_player_freezes_total",
    help: "How often the picture froze, as reported by the built-in player.",
    type: "counter",
    labels: ["stream_id"],
  },
  playerFreezeSeconds: {
    name: "dragonfork_player_freeze_seconds_total",
    help: "Seconds during which the picture was frozen, as reported by the built-in player.",
    type: "counter",
    labels: ["stream_id"],
  },
  rtt: {
    name: "dragonfork_webrtc_rtt_seconds",
    help: "Round trip times from receiver reports.",
    type: "histogram",
    labels: ["stream_id", "connection_type"],
  },
  jitter: {
    name: "dragonfork_webrtc_jitter_seconds",
    help: "Interarrival jitter from receiver reports.",
    type: "histogram",
    labels: ["stream_id", "connection_type"],
  },
  packetsLost: {
    name: "dragonfork_webrtc_packets_reported_lost_total",
    help: "Packets that viewers reported as lost, before resends.",
    type: "counter",
    labels: ["stream_id", "leg"],
  },
  packetsExpected: {
    name: "dragonfork_webrtc_packets_reported_expected_total",
    help: "Packets that viewers reported as lost or received.",
    type: "counter",
    labels: ["stream_id", "leg"],
  },
  relayFallbacks: {
    name: "dragonfork_webrtc_relay_fallbacks_total",
    help: "Viewers that connected through a relay.",
    type: "counter",
    labels: ["stream_id"],
  },
  framesSkipped: {
    name: "dragonfork_webrtc_congestion_frames_skipped_total",
    help: "Frames left out for viewers that could not keep up.",
    type: "counter",
    labels: ["stream_id"],
  },
  dtlsHandshakes: {
    name: "dragonfork_webrtc_dtls_handshakes_total",
    help: "DTLS handshakes that ended, by result.",
    type: "counter",
    labels: ["result"],
  },
  dtlsFailures: {
    name: "dragonfork_webrtc_dtls_handshake_failures_total",
    help: "DTLS handshakes that failed, by reason.",
    type: "counter",
    labels: ["reason"],
  },
  srtpKeyAge: {
    name: "dragonfork_webrtc_srtp_key_age_seconds",
    help: "Age of the oldest SRTP key in use; 0 without viewers.",
    type: "gauge",
    labels: [],
  },
  securityEvents: {
    name: "dragonfork_security_events_total",
    help: "Events that only a broken or hostile peer causes, by kind.",
    type: "counter",
    labels: ["event"],
  },
} as const satisfies Record<string, MetricDescription>;
