/**
 * Every metric of this program: name, help, labels and buckets. The names are a contract: dashboards and
 * alert rules outside of this program use them.
 */

/** Seconds. The range of a WHEP request that waits for a source, and of ICE, not of one packet. */
export const DURATION_BUCKETS: readonly number[] = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Stands for every id that is no stream: a label value that a client chooses would be without bound. */
export const UNKNOWN_STREAM = "unknown";
/** Stands for the streams beyond `metrics.streams_max`, all together. */
export const OTHER_STREAMS = "other";

/**
 * Values of the label `route`: the HTTP method, because the three routes of WHEP are one method each
 * (POST on the endpoint; PATCH and DELETE on the session). `other` is a method that WHEP does not have.
 */
export const WHEP_ROUTES = ["post", "patch", "delete", "get", "head", "options", "other"] as const;
export type WhepRoute = (typeof WHEP_ROUTES)[number];

export const ICE_RESULTS = ["connected", "failed"] as const;
export const ICE_FAILURE_REASONS = ["timeout", "disconnected", "failed"] as const;
export type IceFailureReason = (typeof ICE_FAILURE_REASONS)[number];
export const CAP_SCOPES = ["global", "stream"] as const;
export type CapScope = (typeof CAP_SCOPES)[number];

export interface MetricDescription<Label extends string = string> {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly labels: readonly Label[];
}

export const METRICS = {
  whepRequests: {
    name: "dragonfork_webrtc_whep_requests_total",
    help: "Count of WHEP requests by route, status code, and stream.",
    type: "counter",
    labels: ["route", "code", "stream_id"],
  },
  whepRequestDuration: {
    name: "dragonfork_webrtc_whep_request_duration_seconds",
    help: "Server-side WHEP request duration in seconds.",
    type: "histogram",
    labels: ["route", "stream_id"],
  },
  iceEstablishment: {
    name: "dragonfork_webrtc_ice_establishment_duration_seconds",
    help: "Seconds from the SDP answer to the first connected or failed state of the peer.",
    type: "histogram",
    labels: ["stream_id", "result"],
  },
  iceFailures: {
    name: "dragonfork_webrtc_ice_failures_total",
    help: "Count of peers that did not connect or were lost, by reason.",
    type: "counter",
    labels: ["stream_id", "reason"],
  },
  codecMismatches: {
    name: "dragonfork_webrtc_codec_mismatches_total",
    help: "Count of offers rejected with 406 because no codec matched, by kind of media.",
    type: "counter",
    labels: ["stream_id", "kind"],
  },
  capRejections: {
    name: "dragonfork_webrtc_cap_rejections_total",
    help: "Count of offers rejected with 503 because a viewer limit was reached, by scope.",
    type: "counter",
    labels: ["stream_id", "scope"],
  },
  legFailures: {
    name: "dragonfork_webrtc_ffmpeg_leg_failures_total",
    help: "Count of failures of an RTP leg between FFmpeg and the server.",
    type: "counter",
    labels: ["stream_id", "leg"],
  },
  activeStreams: {
    name: "dragonfork_webrtc_active_streams",
    help: "Streams whose process has webrtc.enabled and runs.",
    type: "gauge",
    labels: [],
  },
  activePeers: {
    name: "dragonfork_webrtc_active_peers",
    help: "WHEP peers of a stream.",
    type: "gauge",
    labels: ["stream_id"],
  },
  udpPortsInUse: {
    name: "dragonfork_webrtc_udp_ports_in_use",
    help: "UDP ports of the FFmpeg leg pool that are allocated.",
    type: "gauge",
    labels: [],
  },
  udpPortsAvailable: {
    name: "dragonfork_webrtc_udp_ports_available",
    help: "UDP ports of the FFmpeg leg pool that are free.",
    type: "gauge",
    labels: [],
  },
} as const satisfies Record<string, MetricDescription>;

/** The label that all series carry; its value is CORE_ID. */
export const CORE_LABEL = "core";
