/** What the API documentation says of the process routes. */
import { type TSchema, Type } from "@sinclair/typebox";
import { defaultWebrtcBlock } from "../../process/record/webrtc-block.ts";
import { ProcessRecordSchema } from "../../process/record.ts";
import {
  type Answer,
  GUARDED,
  METADATA_KEY,
  operation,
  type Parameter,
  query,
} from "../documentation.ts";
import { JSON_TYPE } from "../json.ts";
import { partialSchema } from "../partial-schema.ts";
import { literals } from "../schema-parts.ts";
import {
  CommandSchema,
  DryRunSchema,
  MetadataSchema,
  OkSchema,
  ProbeSchema,
  ProcessListSchema,
  ProcessReportSchema,
  ProcessSchema,
  ProcessStateSchema,
} from "../schemas.ts";

const id: Parameter = {
  name: "id",
  in: "path",
  description: "The id of the process, percent-encoded.",
  required: true,
  example: "test",
};
const filter = query("filter", "Comma-separated: config, state, report, metadata; empty: all.");
const dryRun = query(
  "dry_run",
  "1: nothing is changed; the answer says what would start or restart, and how many viewers would notice.",
  literals("1", "true", "0", "false"),
);
/** The answer of a route that takes dry_run. */
const stored = (headers: Readonly<Record<string, string>>): Record<number, Answer> => ({
  200: {
    description: "The process as stored. With dry_run: what would happen.",
    type: JSON_TYPE,
    schema: Type.Union([ProcessRecordSchema, DryRunSchema]),
    example: config,
    headers,
  },
});
const common = { tag: "Process", access: "admin" } as const;
const answer = (
  description: string,
  schema: TSchema,
  example: unknown,
): Record<number, Answer> => ({
  200: { description, type: JSON_TYPE, schema, example },
});

const config = {
  id: "camera",
  type: "ffmpeg",
  reference: "",
  input: [{ id: "in0", address: "rtsp://camera.example/stream", options: [] }],
  output: [],
  options: [],
  reconnect: true,
  reconnect_delay_seconds: 5,
  autostart: true,
  stale_timeout_seconds: 30,
  limits: { cpu_usage: 0, memory_mbytes: 0, waitfor_seconds: 0 },
  webrtc: { ...defaultWebrtcBlock(), enabled: true },
};
/** What a client has to send for it. */
const newConfig = {
  id: "camera",
  input: [{ id: "in0", address: "rtsp://camera.example/stream" }],
  reconnect: true,
  reconnect_delay_seconds: 5,
  webrtc: { enabled: true },
};
const RecordInputSchema = partialSchema(ProcessRecordSchema);
const state = {
  order: "start",
  exec: "running",
  runtime_seconds: 12,
  reconnect_seconds: -1,
  last_logline: "",
  progress: {
    inputs: [],
    outputs: [],
    frame: 360,
    packet: 0,
    fps: 30,
    q: 23,
    size_kb: 3750,
    time: 12,
    bitrate_kbit: 2560,
    speed: 1,
    drop: 0,
    dup: 0,
  },
  memory_bytes: 61_000_000,
  cpu_usage: 14.2,
  command: ["-i", "rtsp://camera.example/stream"],
  webrtc: {
    plan: "H.264 Main, 1280x720, 25 fps, keyframes every 2 s; AAC, 48 kHz, stereo → video copied; audio transcoded to Opus because browsers don't play AAC over WebRTC.",
    video: { mode: "copy", codec: "H264" },
    audio: { mode: "transcode", codec: "OPUS" },
    warnings: [],
  },
};
const report = { created_at: 1_795_208_703, prelude: [], log: [], history: [] };
const process = {
  id: "camera",
  type: "ffmpeg",
  reference: "",
  created_at: 1_795_208_703,
  updated_at: 1_795_208_703,
  config,
  state,
  report,
  metadata: null,
};

export const PROCESS_DETAILS = {
  list: operation({
    ...common,
    summary: "List the processes",
    description: "In no particular order.",
    parameters: [
      filter,
      query("reference", "Only those with exactly this reference; `id` is then ignored."),
      query("id", "Comma-separated ids."),
      query("idpattern", "A glob that the id must match."),
      query("refpattern", "A glob that the reference must match."),
    ],
    answers: answer("The processes.", ProcessListSchema, [process]),
    problems: GUARDED,
  }),
  add: operation({
    ...common,
    summary: "Add a process",
    description:
      "It starts at once if autostart is true, which is the default. Unknown fields are ignored, null means the default.",
    parameters: [dryRun],
    body: { type: JSON_TYPE, schema: RecordInputSchema, example: newConfig },
    answers: stored({}),
    problems: [...GUARDED, "process-invalid", "command-failed", "body-too-large", "store-failed"],
  }),
  get: operation({
    ...common,
    summary: "Get a process",
    description: "With its configuration, state and log.",
    parameters: [id, filter],
    answers: answer("The process.", ProcessSchema, process),
    problems: [...GUARDED, "process-not-found"],
  }),
  update: operation({
    ...common,
    summary: "Change a process",
    description:
      "Fields that are absent stay as they are. A running process is stopped, changed and started again, unless only fields of the webrtc block other than enabled, video and audio change: those take effect at once. Viewers stay connected during a restart if the codecs stay the same.",
    parameters: [id, dryRun],
    body: {
      type: JSON_TYPE,
      schema: RecordInputSchema,
      example: { reconnect_delay_seconds: 7 },
    },
    answers: stored({
      "Dragonfork-Effect":
        "What the change did: process=none|start|restart, viewers=none|freeze|end|freeze-or-end, affected=<how many>.",
    }),
    problems: [
      ...GUARDED,
      "process-invalid",
      "process-not-found",
      "body-too-large",
      "store-failed",
    ],
  }),
  remove: operation({
    ...common,
    summary: "Delete a process",
    description: "It is stopped first, and its viewers are disconnected.",
    parameters: [id],
    answers: answer("It was deleted.", OkSchema, "OK"),
    problems: [...GUARDED, "process-invalid", "process-not-found", "store-failed"],
  }),
  command: operation({
    ...common,
    summary: "Start, stop, restart or reload a process",
    description: "start and stop are remembered across a restart of the server.",
    parameters: [id],
    body: { type: JSON_TYPE, schema: CommandSchema, example: { command: "restart" } },
    answers: answer("The command was accepted.", OkSchema, "OK"),
    problems: [...GUARDED, "command-failed", "process-invalid", "body-too-large", "store-failed"],
  }),
  config: operation({
    ...common,
    summary: "Get the configuration of a process",
    description: "As stored.",
    parameters: [id],
    answers: answer("The configuration.", ProcessRecordSchema, config),
    problems: [...GUARDED, "process-not-found"],
  }),
  state: operation({
    ...common,
    summary: "Get the state of a process",
    description: "`exec` is what it does, `order` what was asked for.",
    parameters: [id],
    answers: answer("The state.", ProcessStateSchema, state),
    problems: [...GUARDED, "process-not-found"],
  }),
  report: operation({
    ...common,
    summary: "Get the log of a process",
    description: "The first and the newest lines of this run and of earlier ones.",
    parameters: [id],
    answers: answer("The log.", ProcessReportSchema, report),
    problems: [...GUARDED, "process-not-found"],
  }),
  probe: operation({
    ...common,
    summary: "Look at the inputs of a process",
    description:
      "Opens the inputs, which may take up to 20 seconds. An unknown id is no error here.",
    parameters: [id],
    answers: answer("What is in the inputs.", ProbeSchema, { streams: [], log: [] }),
    problems: GUARDED,
  }),
  metadata: operation({
    ...common,
    summary: "Get the metadata of a process",
    description: "What clients have stored; null if there is nothing.",
    parameters: [id],
    answers: answer("All values by key.", MetadataSchema, { ui: { title: "Camera" } }),
    problems: [...GUARDED, "process-not-found"],
  }),
  metadataKey: operation({
    ...common,
    summary: "Get one value of the metadata of a process",
    description: "404 also if the key is unknown.",
    parameters: [id, METADATA_KEY],
    answers: answer("The value.", Type.Unknown(), { title: "Camera" }),
    problems: [...GUARDED, "process-not-found"],
  }),
  setMetadata: operation({
    ...common,
    summary: "Set one value of the metadata of a process",
    description:
      "Any JSON; null removes the key. At most 1 MiB for all values of a process together.",
    parameters: [id, METADATA_KEY],
    body: { type: JSON_TYPE, schema: Type.Unknown(), example: { title: "Camera" } },
    answers: answer("The value.", Type.Unknown(), { title: "Camera" }),
    problems: [
      ...GUARDED,
      "process-invalid",
      "process-not-found",
      "body-too-large",
      "store-failed",
    ],
  }),
};
