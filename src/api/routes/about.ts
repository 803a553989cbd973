/** GET /api and /ping: what Core's clients ask first. */
import { Elysia, NotFoundError } from "elysia";
import { operation } from "../documentation.ts";
import { JSON_TYPE, sendJson } from "../json.ts";
import { AboutSchema } from "../schemas.ts";

export interface AboutOptions {
  readonly id: string;
  readonly name: string;
  /** Of this program. */
  readonly version: string;
  readonly commit: string;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Unix milliseconds. */
  readonly unixMs: () => number;
  /** Whether a request may see more than the server's kind. */
  readonly isAdmin: (request: Request) => Promise<boolean>;
  /** Whether there is a login by name and password. */
  readonly login: boolean;
}

/** Core's clients refuse other names, and versions outside of ^16.11. */
const CORE_APP = "datarhei-core";
const CORE_VERSION = "16.16.0";
/** What a stranger is told, as by Core. */
const CORE_MAJOR = "16.0.0";

/** Go's names, which Core reports. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64" };

export function aboutRoutes(options: AboutOptions) {
  const { nowMs, unixMs } = options;
  const createdMs = unixMs();
  const startedMs = nowMs();
  const auths = options.login ? ["localjwt"] : [];
  const minimal = { app: CORE_APP, auths, version: { number: CORE_MAJOR } };
  const full = () => ({
    app: CORE_APP,
    auths,
    name: options.name,
    id: options.id,
    created_at: `${new Date(createdMs).toISOString().slice(0, 19)}Z`,
    uptime_seconds: Math.floor((nowMs() - startedMs) / 1000),
    version: {
      number: CORE_VERSION,
      repository_commit: options.commit,
      repository_branch: "",
      build_date: "",
      arch: `${process.platform}/${ARCHITECTURES[process.arch] ?? process.arch}`,
      compiler: `bun${Bun.version}`,
    },
    product: { name: "dragonfork", version: options.version },
  });
  return new Elysia({ name: "about" })
    .get(
      "/api",
      async ({ request, path, set }) => {
        // For Core a slash at the end is another path.
        if (path !== "/api") throw new NotFoundError();
        return sendJson(set, (await options.isAdmin(request)) ? full() : minimal);
      },
      { detail: aboutDetail },
    )
    .get(
      "/ping",
      ({ set }) => {
        set.headers["content-type"] = "text/plain; charset=UTF-8";
        return "pong";
      },
      { detail: pingDetail },
    );
}

const aboutDetail = operation({
  tag: "Server",
  summary: "Show what runs here",
  description:
    "As in datarhei Core, so that its clients connect. Those who are not administrators see only `app`, `auths` and the major `version.number`. `auths` has `localjwt` if there is a login.",
  answers: {
    200: {
      description: "The server.",
      type: JSON_TYPE,
      schema: AboutSchema,
      example: {
        app: CORE_APP,
        auths: [],
        name: "studio",
        id: "dragonfork",
        created_at: "2026-11-20T21:03:38Z",
        uptime_seconds: 84,
        version: { number: CORE_VERSION, arch: "linux/amd64" },
        product: { name: "dragonfork", version: "0.1.0" },
      },
    },
  },
});

const pingDetail = operation({
  tag: "Server",
  summary: "Check whether the server answers",
  description: "Always answers.",
  answers: { 200: { description: "pong", type: "text/plain", example: "pong" } },
});
