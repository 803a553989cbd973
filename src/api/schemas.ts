/** The shapes of the answers, for the API documentation and for the tests that hold the answers against it. */
import { Type } from "@sinclair/typebox";
import { ProcessRecordSchema } from "../process/record.ts";
import { literals, nullable, time } from "./schema-parts.ts";

export const AboutSchema = Type.Object({
  app: Type.Literal("datarhei-core", { description: "What Core's clients look for." }),
  auths: Type.Array(Type.String()),
  name: Type.Optional(Type.String()),
  id: Type.Optional(Type.String({ description: "CORE_ID, the core label of the metrics." })),
  created_at: Type.Optional(time("When the server started.")),
  uptime_seconds: Type.Optional(Type.Integer()),
  version: Type.Object({
    number: Type.String({ description: "Version of the Core whose API this is." }),
    repository_commit: Type.Optional(Type.String()),
    repository_branch: Type.Optional(Type.String()),
    build_date: Type.Optional(Type.String()),
    arch: Type.Optional(Type.String()),
    compiler: Type.Optional(Type.String()),
  }),
  product: Type.Optional(Type.Object({ name: Type.String(), version: Type.String() })),
});

const StreamSchema = Type.Object(
  {
    id: Type.String(),
    state: literals("down", "starting", "live"),
    live_since: nullable(time("Since when media has been flowing without a break.")),
    peers: Type.Integer(),
    max_peers: Type.Integer(),
    tracks: Type.Array(
      Type.Object({ kind: literals("video", "audio"), codec: literals("H264", "VP8", "OPUS") }),
    ),
    process: nullable(
      Type.Object({
        exec: literals("finished", "starting", "running", "finishing", "failed", "killed"),
        order: literals("start", "stop"),
        reconnect_seconds: Type.Integer({ description: "-1 unless it waits to start again." }),
        restarts: Type.Integer(),
        last_logline: Type.String({ description: "If FFmpeg failed: why." }),
        plan: Type.String({ description: "The source, what FFmpeg does with it, and why." }),
        warnings: Type.Array(Type.String()),
      }),
    ),
  },
  { $id: "Stream" },
);
export const StreamsSchema = Type.Array(StreamSchema);

const PeerSchema = Type.Object(
  {
    id: Type.String({ description: "Id of the viewer; not the secret of its session." }),
    state: literals("new", "checking", "handshaking", "connected", "closed"),
    since: time("When the session was opened."),
    subject: nullable(Type.String({ description: "Who the viewer is, according to its token." })),
    token: nullable(
      Type.String({ description: "Id of the viewer token, if this server made it." }),
    ),
    remote_candidate_type: nullable(literals("host", "srflx", "prflx", "relay")),
    codec: Type.Object({ video: nullable(Type.String()), audio: nullable(Type.String()) }),
    packets_sent: Type.Integer(),
    bytes_sent: Type.Integer(),
    packets_resent: Type.Integer(),
    rtt_ms: nullable(Type.Number()),
    loss_percent: nullable(Type.Number()),
    jitter_ms: nullable(Type.Number()),
  },
  { $id: "Viewer" },
);
export const PeersSchema = Type.Array(PeerSchema);

const StreamProgressSchema = Type.Object(
  {
    id: Type.String({
      description: "Of the input or output; webrtc_video, webrtc_audio for WHEP.",
    }),
    address: Type.String(),
    index: Type.Integer(),
    stream: Type.Integer(),
    format: Type.String(),
    type: Type.String(),
    codec: Type.String(),
    coder: Type.String(),
    frame: Type.Integer(),
    keyframe: Type.Integer(),
    framerate: Type.Object({ min: Type.Number(), max: Type.Number(), avg: Type.Number() }),
    fps: Type.Number(),
    packet: Type.Integer(),
    pps: Type.Number(),
    size_kb: Type.Number(),
    bitrate_kbit: Type.Number(),
    extradata_size_bytes: Type.Integer(),
    pix_fmt: Type.Optional(Type.String()),
    q: Type.Number(),
    width: Type.Optional(Type.Integer()),
    height: Type.Optional(Type.Integer()),
    sampling_hz: Type.Optional(Type.Integer()),
    layout: Type.Optional(Type.String()),
    avstream: Type.Null(),
  },
  {
    $id: "StreamProgress",
    description: "FFmpeg counts for all outputs together, so the numbers of one stream are 0.",
  },
);

const ProgressSchema = Type.Object({
  inputs: Type.Array(StreamProgressSchema),
  outputs: Type.Array(StreamProgressSchema),
  frame: Type.Number(),
  packet: Type.Number(),
  fps: Type.Number(),
  q: Type.Number(),
  size_kb: Type.Number(),
  time: Type.Number(),
  bitrate_kbit: Type.Number(),
  speed: Type.Number(),
  drop: Type.Number(),
  dup: Type.Number(),
});

const LegStateSchema = nullable(
  Type.Object({ mode: literals("copy", "transcode"), codec: literals("H264", "VP8", "OPUS") }),
);

const PlanSchema = Type.Object(
  {
    plan: Type.String({ description: "The source, what FFmpeg does with it, and why." }),
    video: LegStateSchema,
    audio: LegStateSchema,
    warnings: Type.Array(Type.String(), { description: "What should be changed at the source." }),
  },
  {
    description:
      "Not in datarhei Core; only with webrtc.enabled. Empty until the source has been examined.",
  },
);

export const ProcessStateSchema = Type.Object(
  {
    order: literals("start", "stop"),
    exec: literals("finished", "starting", "running", "finishing", "failed", "killed"),
    runtime_seconds: Type.Integer({ description: "Since the last change of exec." }),
    reconnect_seconds: Type.Integer({ description: "-1 unless it waits to start again." }),
    last_logline: Type.String(),
    progress: ProgressSchema,
    memory_bytes: Type.Integer(),
    cpu_usage: Type.Number({ description: "Percent of all cores." }),
    command: Type.Array(Type.String(), { description: "FFmpeg's arguments, secrets hidden." }),
    webrtc: Type.Optional(PlanSchema),
  },
  { $id: "ProcessState" },
);

const runFields = {
  created_at: Type.Integer(),
  prelude: Type.Array(Type.String()),
  log: Type.Array(
    Type.Array(Type.String(), {
      minItems: 2,
      maxItems: 2,
      description: "[Unix seconds as text, line]",
    }),
  ),
};

export const ProcessReportSchema = Type.Object(
  { ...runFields, history: Type.Array(Type.Object(runFields)) },
  { $id: "ProcessReport" },
);

export const MetadataSchema = nullable(Type.Record(Type.String(), Type.Unknown()));

export const ProcessSchema = Type.Object(
  {
    id: Type.String(),
    type: Type.Literal("ffmpeg"),
    reference: Type.String(),
    created_at: Type.Integer({ description: "Unix seconds." }),
    updated_at: Type.Integer(),
    config: Type.Optional(ProcessRecordSchema),
    state: Type.Optional(ProcessStateSchema),
    report: Type.Optional(ProcessReportSchema),
    metadata: Type.Optional(MetadataSchema),
  },
  { $id: "Process" },
);

export const DryRunSchema = Type.Object(
  {
    dry_run: Type.Literal(true),
    id: Type.String(),
    changed: Type.Array(Type.String(), {
      description: "Names of the fields that differ, with dots.",
    }),
    process: literals("none", "start", "restart"),
    viewers: Type.Union(
      ["none", "freeze", "end", "freeze-or-end"].map((value) => Type.Literal(value)),
      {
        description:
          "none: they notice nothing. freeze: the picture is frozen until FFmpeg is back. end: sessions end and players join again. freeze-or-end: which of the two is known once the new source has been examined.",
      },
    ),
    viewers_affected: Type.Integer({ description: "Number of current viewers who would notice." }),
    explanation: Type.String(),
    config: ProcessRecordSchema,
  },
  { $id: "DryRun" },
);

export const ProcessListSchema = Type.Array(ProcessSchema);
export const CommandSchema = Type.Object({
  command: literals("start", "stop", "restart", "reload"),
});
export const OkSchema = Type.Literal("OK");
export const ProbeSchema = Type.Object({
  streams: Type.Array(
    Type.Object({
      url: Type.String(),
      format: Type.String(),
      index: Type.Integer(),
      stream: Type.Integer(),
      language: Type.String(),
      type: Type.String(),
      codec: Type.String(),
      coder: Type.String(),
      bitrate_kbps: Type.Number(),
      duration_sec: Type.Number(),
      fps: Type.Number(),
      pix_fmt: Type.String(),
      width: Type.Integer(),
      height: Type.Integer(),
      sampling_hz: Type.Integer(),
      layout: Type.String(),
      channels: Type.Integer(),
    }),
  ),
  log: Type.Array(Type.String()),
});
