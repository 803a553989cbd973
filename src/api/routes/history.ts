/** GET /api/v3/webrtc/streams/{id}/history: the last hour of a stream, for the status page. */
import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { StreamNotFound } from "../../errors/viewer.ts";
import type { StreamHistory } from "../../recent/history.ts";
import { operation, STREAM_ID } from "../documentation.ts";
import { JSON_TYPE, sendJson } from "../json.ts";

export interface HistoryOptions {
  readonly streams: { get(id: string): { readonly id: string } | undefined };
  readonly history: { of(streamId: string): StreamHistory | undefined };
}

export function historyRoutes({ streams, history }: HistoryOptions) {
  return new Elysia({ name: "history" }).get(
    "/api/v3/webrtc/streams/:id/history",
    ({ params, set }) => {
      if (streams.get(params.id) === undefined) throw new StreamNotFound();
      return sendJson(set, historyView(history.of(params.id)));
    },
    { detail },
  );
}

/** Without a sample there is nothing to say yet. */
function historyView(history: StreamHistory | undefined) {
  const { intervalSeconds = 10, untilMs, viewers = [], sentKbit = [] } = history ?? {};
  const { lossPercent = [], failures = [] } = history ?? {};
  return {
    interval_seconds: intervalSeconds,
    until: untilMs === undefined ? null : new Date(untilMs).toISOString(),
    viewers,
    sent_kbit: sentKbit,
    loss_percent: lossPercent.map((value) => value ?? null),
    failures,
  };
}

const numbers = (description: string) => Type.Array(Type.Number(), { description });

const detail = operation({
  tag: "WebRTC",
  summary: "Show the last hour of a stream",
  description:
    "One sample every ten seconds, oldest first, kept in memory since the server's start.",
  parameters: [STREAM_ID],
  answers: {
    200: {
      description: "The samples.",
      type: JSON_TYPE,
      schema: Type.Object({
        interval_seconds: Type.Integer(),
        until: Type.Union([Type.String({ format: "date-time" }), Type.Null()], {
          description: "When the last sample was taken.",
        }),
        viewers: numbers("Viewers."),
        sent_kbit: numbers("kbit/s sent to all of them together."),
        loss_percent: Type.Array(Type.Union([Type.Number(), Type.Null()]), {
          description: "Of the packets that viewers report on; null if no viewer reported.",
        }),
        failures: numbers("Viewers that were refused or never connected, and failed legs."),
      }),
      example: {
        interval_seconds: 10,
        until: "2026-11-20T21:03:38.120Z",
        viewers: [2, 3],
        sent_kbit: [5210, 7790],
        loss_percent: [0, 0.12],
        failures: [0, 0],
      },
    },
  },
  problems: ["unauthorized", "forbidden", "stream-not-found"],
  access: "admin",
});
