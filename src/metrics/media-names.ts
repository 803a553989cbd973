/** Metrics of the media path: what came in from FFmpeg, what went out to viewers, and the threads in between. */
import type { MetricDescription } from "./names.ts";

export const MEDIA_METRICS = {
  sourcePackets: {
    name: "dragonfork_webrtc_source_packets_total",
    help: "RTP packets that FFmpeg sent.",
    type: "counter",
    labels: ["stream_id", "leg"],
  },
  sourceBytes: {
    name: "dragonfork_webrtc_source_bytes_total",
    help: "RTP payload that FFmpeg sent, in bytes.",
    type: "counter",
    labels: ["stream_id", "leg"],
  },
  keyframeAge: {
    name: "dragonfork_webrtc_keyframe_age_seconds",
    help: "Seconds since the last keyframe of a stream; a viewer that lost it waits for the next one.",
    type: "gauge",
    labels: ["stream_id"],
  },
  keyframeInterval: {
    name: "dragonfork_webrtc_keyframe_interval_seconds",
    help: "Seconds between the last two keyframes of a stream.",
    type: "gauge",
    labels: ["stream_id"],
  },
  sourceGapSeconds: {
    name: "dragonfork_webrtc_source_gap_seconds_total",
    help: "Seconds during which a source that was meant to run, and had sent before, sent nothing.",
    type: "counter",
    labels: ["stream_id"],
  },
  sourceBFrames: {
    name: "dragonfork_webrtc_source_bframe_runs_total",
    help: "Runs of FFmpeg that sent B-frames; the next run transcodes if it may.",
    type: "counter",
    labels: ["stream_id"],
  },
  rtpPackets: {
    name: "dragonfork_webrtc_rtp_packets_total",
    help: "RTP packets sent to viewers.",
    type: "counter",
    labels: ["stream_id", "leg"],
  },
  rtpBytes: {
    name: "dragonfork_webrtc_rtp_bytes_total",
    help: "RTP payload sent to viewers, in bytes.",
    type: "counter",
    labels: ["stream_id", "leg"],
  },
  packetsResent: {
    name: "dragonfork_webrtc_rtp_packets_resent_total",
    help: "RTP packets sent again on request of a viewer.",
    type: "counter",
    labels: ["stream_id", "leg"],
  },
  nacks: {
    name: "dragonfork_webrtc_nacks_received_total",
    help: "NACK entries from viewers, each for up to 17 packets.",
    type: "counter",
    labels: ["stream_id", "leg"],
  },
  keyframeRequests: {
    name: "dragonfork_webrtc_keyframe_requests_received_total",
    help: "PLI and FIR from viewers.",
    type: "counter",
    labels: ["stream_id"],
  },
  peers: {
    name: "dragonfork_webrtc_peers",
    help: "Viewers by state.",
    type: "gauge",
    labels: ["state"],
  },
  sendQueue: {
    name: "dragonfork_webrtc_send_queue_packets",
    help: "Packets that wait to be handed to the kernel.",
    type: "gauge",
    labels: [],
  },
  packetsDropped: {
    name: "dragonfork_webrtc_send_dropped_packets_total",
    help: "Packets that the kernel, or a media worker, did not take in time.",
    type: "counter",
    labels: [],
  },
  workerHeartbeat: {
    name: "dragonfork_media_worker_heartbeat_age_seconds",
    help: "Seconds since the last sign of life of a media shard.",
    type: "gauge",
    labels: ["worker"],
  },
  workerRestarts: {
    name: "dragonfork_media_worker_restarts_total",
    help: "How often the thread of a media shard was replaced.",
    type: "counter",
    labels: ["worker"],
  },
  workerSessions: {
    name: "dragonfork_media_worker_sessions_completed_total",
    help: "Viewers of a media shard whose session has ended.",
    type: "counter",
    labels: ["worker"],
  },
  workerPeers: {
    name: "dragonfork_media_worker_peers",
    help: "Viewers of a media shard.",
    type: "gauge",
    labels: ["worker"],
  },
} as const satisfies Record<string, MetricDescription>;
