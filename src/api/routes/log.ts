/** GET /api/v3/log: the newest lines of the server's log, without credentials. */
import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import type { LogLine } from "../../telemetry/log-tail.ts";
import { operation } from "../documentation.ts";
import { JSON_TYPE, sendJson } from "../json.ts";

export interface LogRoutesOptions {
  /** Oldest first. */
  lines(): readonly LogLine[];
}

/** Core's log has a part of the program with each line. */
const COMPONENT = "dragonfork";

export function logRoutes(log: LogRoutesOptions) {
  return new Elysia({ name: "log" }).get(
    "/api/v3/log",
    ({ query, set }) => {
      const lines = log.lines();
      const isRaw = query["format"] === "raw";
      return sendJson(set, isRaw ? lines.map(rawLine) : lines.map(consoleLine));
    },
    { detail },
  );
}

/** The members of the line itself win over fields of the same name. */
function rawLine({ ts, level, message, fields }: LogLine) {
  return { ...fields, ts, level, component: COMPONENT, message };
}

function consoleLine({ ts, level, message, fields }: LogLine): string {
  const values = Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const head = `ts=${ts} level=${level.toUpperCase()} component="${COMPONENT}"`;
  return [head, `msg=${JSON.stringify(message)}`, ...values.map(pair)].join(" ");
}

function pair([name, value]: [string, unknown]): string {
  return `${name}=${JSON.stringify(value)}`;
}

const rawSchema = Type.Object(
  {
    ts: Type.String({ format: "date-time" }),
    level: Type.String(),
    component: Type.String(),
    message: Type.String(),
  },
  { additionalProperties: true },
);

const detail = operation({
  tag: "Server",
  summary: "Get the log of the server",
  description:
    "The newest lines, oldest first, as many as CORE_LOG_MAX_LINES, from CORE_LOG_LEVEL on.",
  parameters: [
    {
      name: "format",
      in: "query",
      description: "`console` for lines of text, which is the default, or `raw` for objects.",
      example: "raw",
    },
  ],
  answers: {
    200: {
      description: "The lines.",
      type: JSON_TYPE,
      schema: Type.Union([Type.Array(Type.String()), Type.Array(rawSchema)]),
      example: [
        'ts=2026-11-20T21:03:38.120Z level=INFO component="dragonfork" msg="server ready" udp_port=8189',
      ],
    },
  },
  problems: ["unauthorized", "forbidden"],
  access: "admin",
});
