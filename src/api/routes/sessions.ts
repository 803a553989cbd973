/** /api/v3/webrtc/sessions: the last viewers, those that were refused included, and what became of each. */
import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { RecentSessionNotFound } from "../../errors/viewer.ts";
import { FieldInvalid } from "../../errors.ts";
import type { SessionState, SessionView } from "../../recent/sessions.ts";
import { operation, query } from "../documentation.ts";
import { JSON_TYPE, sendJson } from "../json.ts";
import { literals, nullable, time } from "../schema-parts.ts";

export interface SessionsApi {
  list(): readonly SessionView[];
  get(id: string): SessionView | undefined;
}

const PATH = "/api/v3/webrtc/sessions";
const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 1000;
const STATES: readonly SessionState[] = ["connecting", "connected", "ended", "refused"];

export function sessionsRoutes(sessions: SessionsApi) {
  return new Elysia({ name: "recent-sessions" })
    .get(
      PATH,
      ({ query, set }) => {
        const { streamId, state, limit } = filterOf(query);
        const wanted = sessions
          .list()
          .filter((session) => streamId === undefined || session.streamId === streamId)
          .filter((session) => state === undefined || session.state === state);
        return sendJson(set, wanted.slice(0, limit).map(summary));
      },
      { detail: listDetail },
    )
    .get(
      `${PATH}/:id`,
      ({ params, set }) => {
        const session = sessions.get(params.id);
        if (session === undefined) throw new RecentSessionNotFound();
        return sendJson(set, withTimeline(session));
      },
      { detail: oneDetail },
    );
}

function filterOf(query: Readonly<Record<string, string | undefined>>) {
  const { limit: text, state, stream_id: streamId } = query;
  if (state !== undefined && !STATES.some((known) => known === state)) {
    throw new FieldInvalid("state", `expected ${STATES.join(", ")}`);
  }
  const limit = text === undefined ? LIMIT_DEFAULT : Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) {
    throw new FieldInvalid("limit", `expected a whole number from 1 to ${LIMIT_MAX}`);
  }
  return { streamId, state, limit };
}

function summary(session: SessionView) {
  const { endedMs, joinSeconds, rttSeconds, startedMs } = session;
  return {
    id: session.id,
    stream_id: session.streamId,
    state: session.state,
    reason: session.reason ?? null,
    connected: session.connected,
    started: new Date(startedMs).toISOString(),
    ended: endedMs === undefined ? null : new Date(endedMs).toISOString(),
    join_ms: joinSeconds === undefined ? null : Math.round(joinSeconds * 1000),
    candidate_type: session.candidateType ?? null,
    connection_type: session.connectionType ?? null,
    rtt_ms: rttSeconds === undefined ? null : Math.round(rttSeconds * 10_000) / 10,
    packets_lost: session.packetsLost,
    loss_bursts: session.lossBursts,
    request_id: session.requestId ?? null,
    trace_id: session.traceId ?? null,
  };
}

function withTimeline(session: SessionView) {
  const { startedMs, steps, stepsLeftOut } = session;
  return {
    ...summary(session),
    timeline: steps.map(({ atMs, detail, event }) => ({
      at: new Date(atMs).toISOString(),
      ms: Math.round(atMs - startedMs),
      event,
      detail,
    })),
    steps_left_out: stepsLeftOut,
  };
}

const SessionSchema = Type.Object(
  {
    id: Type.String({ description: "Id of the viewer; for a refused offer, of its request." }),
    stream_id: Type.String(),
    state: literals(...STATES),
    reason: nullable(Type.String({ description: "Why it ended or was refused." })),
    connected: Type.Boolean({ description: "Whether it is connected, or was before it ended." }),
    started: time("When the offer came."),
    ended: nullable(time("When it ended.")),
    join_ms: nullable(Type.Integer({ description: "From the offer to the first keyframe." })),
    candidate_type: nullable(
      Type.String({ description: "Candidate type of the viewer's side of the path." }),
    ),
    connection_type: nullable(Type.Union([Type.Literal("direct"), Type.Literal("relay")])),
    rtt_ms: nullable(Type.Number({ description: "From the last receiver report." })),
    packets_lost: Type.Integer({ description: "As reported by the viewer, before resends." }),
    loss_bursts: Type.Integer({ description: "Reports with 5 packets and 5 % lost, or more." }),
    request_id: nullable(
      Type.String({ description: "Id of the request with the offer, as in x-request-id and log." }),
    ),
    trace_id: nullable(Type.String({ description: "W3C trace id, if there is one." })),
  },
  { $id: "Session" },
);

const TimelineSchema = Type.Array(
  Type.Object({
    at: time("When."),
    ms: Type.Integer({ description: "Since the offer." }),
    event: Type.String(),
    detail: Type.Record(Type.String(), Type.Unknown()),
  }),
);

const EXAMPLE = {
  id: "p3Zk1Xb0QmWq",
  stream_id: "test",
  state: "ended",
  reason: "no_stun_received",
  connected: false,
  started: "2026-11-20T21:03:38.120Z",
  ended: "2026-11-20T21:03:53.130Z",
  join_ms: null,
  candidate_type: null,
  connection_type: null,
  rtt_ms: null,
  packets_lost: 0,
  loss_bursts: 0,
  request_id: "c53dee8b377def08",
  trace_id: null,
};

const STEPS = [
  { at: "2026-11-20T21:03:38.120Z", ms: 0, event: "offer_received", detail: {} },
  { at: "2026-11-20T21:03:38.124Z", ms: 4, event: "offer_answered", detail: {} },
  {
    at: "2026-11-20T21:03:53.130Z",
    ms: 15_010,
    event: "closed",
    detail: { reason: "no_stun_received" },
  },
];

const listDetail = operation({
  tag: "WebRTC",
  summary: "List the last viewers",
  description:
    "Those that are here, then those that have ended or were refused, newest first. The last 500 that ended and the last 100 that were refused are kept in memory.",
  parameters: [
    query("stream_id", "Only of this stream."),
    query("state", "Only in this state.", literals(...STATES)),
    query(
      "limit",
      "The maximum number of sessions.",
      Type.Integer({ minimum: 1, maximum: LIMIT_MAX, default: LIMIT_DEFAULT }),
    ),
  ],
  answers: {
    200: {
      description: "The sessions.",
      type: JSON_TYPE,
      schema: Type.Array(SessionSchema),
      example: [EXAMPLE],
    },
  },
  problems: ["field-invalid", "unauthorized", "forbidden"],
  access: "admin",
});

const oneDetail = operation({
  tag: "WebRTC",
  summary: "Show what happened to one viewer",
  description:
    "Step by step: offer, first STUN, path with its candidate type, DTLS, media, first keyframe, first receiver report, bursts of losses, end.",
  parameters: [{ name: "id", in: "path", description: "From the list.", required: true }],
  answers: {
    200: {
      description: "The session with its timeline.",
      type: JSON_TYPE,
      schema: Type.Composite(
        [SessionSchema, Type.Object({ timeline: TimelineSchema, steps_left_out: Type.Integer() })],
        { $id: "SessionWithTimeline" },
      ),
      example: { ...EXAMPLE, timeline: STEPS, steps_left_out: 0 },
    },
  },
  problems: ["unauthorized", "forbidden", "session-not-found"],
  access: "admin",
});
