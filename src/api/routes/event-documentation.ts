/** What the API documentation says of the event routes. */
import { Type } from "@sinclair/typebox";
import { LIMIT_DEFAULT, LIMIT_MAX } from "../../journal/query.ts";
import { operation, type Parameter } from "../documentation.ts";
import { JSON_TYPE } from "../json.ts";
import { literals, nullable, time } from "../schema-parts.ts";

const EventSchema = Type.Object(
  {
    id: Type.Integer({ description: "Higher for each later event." }),
    timestamp: time("When it happened."),
    event: Type.String(),
    category: literals("viewer", "source", "process", "security", "config", "server"),
    severity: literals("info", "warning", "error"),
    stream_id: nullable(
      Type.String({ description: "Id of the stream, which is that of its process." }),
    ),
    peer_id: nullable(Type.String({ description: "Id of the viewer, as in log and traces." })),
    metadata: Type.Record(Type.String(), Type.Unknown()),
  },
  { $id: "Event" },
);

const EVENT = {
  id: 1842,
  timestamp: "2026-11-20T21:03:53.120Z",
  event: "connection_state_changed",
  category: "viewer",
  severity: "warning",
  stream_id: "test",
  peer_id: "p3Zk1Xb0QmWq",
  metadata: { state: "failed", reason: "no_stun_received", connected: false, seconds: 15.2 },
};

const QuestionSchema = Type.Object({
  query: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), {
      description:
        "Fields with their values, all of which must match. Fields: id, event, category, severity, stream_id, peer_id, metadata.<name>. Values: a string, number, true, false or null for equality, {regex} (RE2), or {$gt, $gte, $lt, $lte}.",
    }),
  ),
  time_range: Type.Object({
    from: Type.String({ description: "`-30m`, `-1h`, `-7d` (s, m, h, d, w), `now` or ISO 8601." }),
    to: Type.Optional(Type.String({ description: "As `from`; `now` if left out." })),
  }),
  sort: Type.Optional(
    Type.Object({
      timestamp: Type.Union([Type.Literal(1), Type.Literal(-1)], {
        description: "1: oldest first; -1, the default: newest first.",
      }),
    }),
  ),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMIT_MAX, default: LIMIT_DEFAULT })),
  cursor: Type.Optional(
    nullable(Type.String({ description: "The cursor of the previous answer." })),
  ),
});

const filter = (name: string): Parameter => ({
  name,
  in: "query",
  description: `Only events with this ${name}.`,
});

export const EVENT_DETAILS = {
  follow: operation({
    tag: "Events",
    summary: "Follow the events",
    description:
      "Server-sent events from now on: `event:` is its name, `data:` the event without an id. After ten seconds without an event a comment is sent. At most 16 clients; one that does not read is disconnected.",
    parameters: ["event", "category", "severity", "stream_id", "peer_id"].map(filter),
    answers: {
      200: {
        description: "A stream of events.",
        type: "text/event-stream",
        schema: Type.String(),
        example: `event: ${EVENT.event}\ndata: ${JSON.stringify({ ...EVENT, id: undefined })}\n\n`,
      },
    },
    problems: ["field-invalid", "unauthorized", "forbidden", "listener-limit-reached"],
    access: "admin",
  }),
  query: operation({
    tag: "Events",
    summary: "Search the journal",
    description:
      "Events of a time range that match `query`. A search takes at most half a second and an answer has at most `limit` events; `cursor` leads to the rest, null means that there is none.",
    body: {
      type: JSON_TYPE,
      schema: QuestionSchema,
      example: {
        query: { event: "connection_state_changed", "metadata.state": "failed" },
        time_range: { from: "-1h", to: "now" },
      },
    },
    answers: {
      200: {
        description: "The events.",
        type: JSON_TYPE,
        schema: Type.Object({
          results: Type.Array(EventSchema),
          cursor: nullable(Type.String()),
          time_range: Type.Object({ from: time("As it was read."), to: time("As it was read.") }),
        }),
        example: {
          results: [EVENT],
          cursor: null,
          time_range: { from: "2026-11-20T20:04:00.000Z", to: "2026-11-20T21:04:00.000Z" },
        },
      },
    },
    problems: [
      "field-invalid",
      "body-too-large",
      "unauthorized",
      "forbidden",
      "journal-unavailable",
    ],
    access: "admin",
  }),
  stats: operation({
    tag: "Events",
    summary: "Show how full the journal is",
    description:
      "Number of events by name, the oldest and the newest, the size, and whether the journal can be written.",
    answers: {
      200: {
        description: "The journal in numbers.",
        type: JSON_TYPE,
        schema: Type.Object({
          total_events: Type.Integer(),
          events: Type.Record(Type.String(), Type.Integer()),
          oldest: nullable(time("Of the first event kept.")),
          newest: nullable(time("Of the last.")),
          bytes: Type.Integer({ description: "Size of the file, without free pages." }),
          max_bytes: Type.Integer(),
          max_age_seconds: Type.Number(),
          dropped_events: Type.Integer({ description: "Events lost since the start." }),
          trouble: nullable(Type.String({ description: "Why nothing can be written now." })),
        }),
        example: {
          total_events: 1842,
          events: { connection_state_changed: 1210, process_state_changed: 632 },
          oldest: "2026-10-21T21:03:53.120Z",
          newest: EVENT.timestamp,
          bytes: 782_336,
          max_bytes: 64_000_000,
          max_age_seconds: 2_592_000,
          dropped_events: 0,
          trouble: null,
        },
      },
    },
    problems: ["unauthorized", "forbidden", "journal-unavailable"],
    access: "admin",
  }),
} as const;
