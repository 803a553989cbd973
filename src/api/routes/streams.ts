/** GET /api/v3/webrtc/streams: every stream, its tracks, its viewers and the process behind it. */
import { Elysia } from "elysia";
import { operation } from "../documentation.ts";
import { JSON_TYPE, sendJson } from "../json.ts";
import type { ProcessApi } from "../process-api.ts";
import { StreamsSchema } from "../schemas.ts";

/** What these routes show of a stream. */
export interface StreamFacts {
  readonly id: string;
  readonly state: "down" | "starting" | "live";
  readonly produced: readonly { readonly kind: string; readonly codec: string }[];
  /** Unix milliseconds. */
  readonly liveSinceMs: number | undefined;
  readonly peersMax: number | undefined;
}

export interface StreamsOptions {
  readonly streams: { list(): readonly StreamFacts[] };
  readonly peers: { count(streamId: string): number };
  readonly processes: Pick<ProcessApi, "has" | "view">;
  /** The limit of a stream that has none of its own. */
  readonly peersMaxDefault: number;
}

export function streamsRoutes(options: StreamsOptions) {
  return new Elysia({ name: "streams" }).get(
    "/api/v3/webrtc/streams",
    ({ set }) =>
      sendJson(
        set,
        options.streams.list().map((stream) => streamView(stream, options)),
      ),
    { detail: listDetail },
  );
}

function streamView(stream: StreamFacts, options: StreamsOptions) {
  const { liveSinceMs } = stream;
  return {
    id: stream.id,
    state: stream.state,
    live_since: liveSinceMs === undefined ? null : new Date(liveSinceMs).toISOString(),
    peers: options.peers.count(stream.id),
    max_peers: stream.peersMax ?? options.peersMaxDefault,
    tracks: stream.produced.map(({ kind, codec }) => ({ kind, codec })),
    process: processView(stream.id, options.processes),
  };
}

function processView(id: string, processes: StreamsOptions["processes"]) {
  if (!processes.has(id)) return null;
  const view = processes.view(id);
  return {
    exec: view.exec,
    order: view.order,
    reconnect_seconds: view.reconnectSeconds,
    restarts: view.restarts,
    last_logline: view.lastLogline,
    plan: view.plan?.reason ?? "",
    warnings: view.plan?.warnings ?? [],
  };
}

const listDetail = operation({
  tag: "WebRTC",
  summary: "List the streams",
  description: "All processes with webrtc.enabled, running or not.",
  answers: {
    200: {
      description: "The streams.",
      type: JSON_TYPE,
      schema: StreamsSchema,
      example: [
        {
          id: "test",
          state: "live",
          live_since: "2026-11-20T21:03:38.120Z",
          peers: 3,
          max_peers: 200,
          tracks: [
            { kind: "video", codec: "H264" },
            { kind: "audio", codec: "OPUS" },
          ],
          process: {
            exec: "running",
            order: "start",
            reconnect_seconds: -1,
            restarts: 0,
            last_logline: "",
            plan: "H.264 High with B-frames, 1280x720, 25 fps, keyframes every 10 s; AAC, 48 kHz, stereo → video transcoded to H.264 because WebRTC can't put B-frames in order; audio transcoded to Opus because browsers don't play AAC over WebRTC.",
            warnings: [],
          },
        },
      ],
    },
  },
  problems: ["unauthorized", "forbidden"],
  access: "admin",
});
