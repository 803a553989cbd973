/**
 * The pages with a pretended API behind them: what `streams` and `whep` answer is set by the test.
 * No FFmpeg, no media.
 */

import { Elysia } from "elysia";
import { openApi } from "../../src/api/openapi.ts";
import { pageRoutes } from "../../src/web/pages.ts";
import { busyHour, failedSession, timeline } from "./fake-recent.ts";

export interface FakeStream {
  id: string;
  state: "down" | "starting" | "live";
  live_since: string | null;
  peers: number;
  max_peers: number;
  tracks: { kind: string; codec: string }[];
  process: {
    exec: string;
    order: string;
    reconnect_seconds: number;
    restarts: number;
    last_logline: string;
    plan: string;
  };
}

export const liveStream: FakeStream = {
  id: "test",
  state: "live",
  live_since: new Date(Date.now() - 7_505_000).toISOString(),
  peers: 12,
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
    last_logline: "frame=1 fps=30",
    plan: "H.264 without B-frames is copied; AAC is transcoded to Opus.",
  },
};

export const downStream: FakeStream = {
  id: "camera:front/door.1",
  state: "down",
  live_since: null,
  peers: 0,
  max_peers: 0,
  tracks: [],
  process: {
    exec: "failed",
    order: "start",
    reconnect_seconds: 7,
    restarts: 3,
    last_logline: "rtsp://***@10.0.0.9/live: Connection refused <b>not bold</b>",
    plan: "",
  },
};

export const startingStream: FakeStream = {
  ...downStream,
  id: "lobby",
  state: "starting",
  process: {
    exec: "starting",
    order: "start",
    reconnect_seconds: -1,
    restarts: 1,
    last_logline: "Input #0, rtsp, from 'rtsp://***@10.0.0.8/live':",
    plan: "H.264 High with B-frames is transcoded to H.264 baseline, because WebRTC cannot reorder frames.",
  },
};

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | null;
  readonly body: string;
}

export function problem(
  status: number,
  kind: string,
  more: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Response {
  const body = { type: `/problems/${kind}`, title: kind, status, detail: `Detail of ${kind}.` };
  return new Response(JSON.stringify({ ...body, code: status, ...more }), {
    status,
    headers: { "Content-Type": "application/problem+json", ...headers },
  });
}

/** Not on the API page. */
const HIDDEN = { detail: { hide: true } };

/** Starts on a free port. Change `streams` and `whep` at any time; `seen` lists the API requests. */
export function startFakeServer() {
  const fake = {
    url: "",
    /** What GET /api says of logins. */
    auths: [] as string[],
    login: (_request: Request): Response | Promise<Response> => problem(404, "route-not-found"),
    streams: (_request: Request): Response => Response.json([liveStream]),
    history: (_id: string): Response => Response.json(busyHour),
    sessions: (): readonly object[] => [],
    whep: (_request: SeenRequest): Response | Promise<Response> => problem(404, "stream-not-found"),
    seen: [] as SeenRequest[],
    stop: () => app.stop(true),
  };
  const app = new Elysia()
    .use(pageRoutes({ embedders: ["*"] }))
    .use(openApi({ version: "9.9.9" }))
    .get("/api", () => Response.json({ app: "datarhei-core", auths: fake.auths }))
    .all("/api/login*", ({ request }) => fake.login(request), { parse: "none" })
    .get("/api/v3/webrtc/streams", ({ request }) => fake.streams(request), {
      detail: { summary: "List the streams", tags: ["WebRTC"] },
    })
    .get("/api/v3/webrtc/streams/:id/history", ({ params }) => fake.history(params.id), HIDDEN)
    .get("/api/v3/webrtc/sessions", () => fake.sessions(), HIDDEN)
    .get("/api/v3/webrtc/sessions/:id", () => ({ ...failedSession, timeline }), HIDDEN)
    .all(
      "/api/v3/whep/*",
      async ({ request }) => {
        const seen = {
          method: request.method,
          path: new URL(request.url).pathname,
          authorization: request.headers.get("authorization"),
          body: await request.text(),
        };
        fake.seen.push(seen);
        return fake.whep(seen);
      },
      { parse: "none", detail: { hide: true } },
    )
    .listen({ port: 0, hostname: "127.0.0.1" });
  fake.url = `http://127.0.0.1:${app.server?.port}`;
  return fake;
}
