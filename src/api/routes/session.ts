/** Viewers in the shape of datarhei Core's sessions: the lists for administrators, and the public widget. */
import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { type ActiveViewer, COLLECTOR, type Viewing } from "../../monitor/viewing.ts";
import { operation, type Parameter } from "../documentation.ts";
import { JSON_TYPE, sendJson } from "../json.ts";
import type { ProcessApi } from "../process-api.ts";

export interface SessionRoutesOptions {
  readonly viewing: Pick<Viewing, "active" | "watched" | "sessions" | "peersMax">;
  readonly processes: Pick<ProcessApi, "has" | "get" | "state">;
}

const PATH = "/api/v3/session";
/** A query has no more. */
const COLLECTORS_MAX = 32;
const BITS_PER_KBIT = 1024;
const BYTES_PER_MBYTE = 1024 * 1024;

export function sessionRoutes({ viewing, processes }: SessionRoutesOptions) {
  const reference = (id: string) => (processes.has(id) ? processes.get(id).reference : "");
  const active = () => viewing.active().map((viewer) => sessionView(viewer, reference));
  return new Elysia({ name: "session" })
    .get(
      PATH,
      ({ query, set }) =>
        sendJson(
          set,
          byCollector(query["collectors"], (name) =>
            name === COLLECTOR ? summary(viewing, reference) : NO_SUMMARY,
          ),
        ),
      { detail: summaryDetail },
    )
    .get(
      `${PATH}/active`,
      ({ query, set }) =>
        sendJson(
          set,
          byCollector(query["collectors"], (name) => (name === COLLECTOR ? active() : [])),
        ),
      { detail: activeDetail },
    );
}

/** Open to everyone, and to every page: it says how many watch, not who. */
export function widgetRoutes({ viewing, processes }: SessionRoutesOptions) {
  return new Elysia({ name: "widget" }).get(
    "/api/v3/widget/process/:id",
    ({ params: { id }, set }) => {
      const { exec, runtime_seconds } = processes.state(id);
      set.headers["access-control-allow-origin"] = "*";
      return sendJson(set, {
        current_sessions: viewing.active().filter(({ streamId }) => streamId === id).length,
        total_sessions: viewing.sessions(id),
        uptime: exec === "running" ? runtime_seconds : 0,
      });
    },
    { detail: widgetDetail },
  );
}

type Reference = (streamId: string) => string;

/** Core answers each name that was asked for, and "" where none was. */
function byCollector<T>(names: string | undefined, answer: (name: string) => T): Record<string, T> {
  const asked = (names ?? "").split(",").slice(0, COLLECTORS_MAX);
  return Object.fromEntries(asked.map((name) => [name, answer(name)]));
}

function sessionView(viewer: ActiveViewer, reference: Reference) {
  return {
    id: viewer.id,
    reference: reference(viewer.streamId),
    created_at: Math.floor(viewer.sinceMs / 1000),
    local: viewer.streamId,
    // Addresses of viewers are shown nowhere.
    remote: "",
    extra: viewer.codecs,
    bytes_rx: 0,
    bytes_tx: viewer.bytes,
    bandwidth_rx_kbit: 0,
    bandwidth_tx_kbit: rounded(viewer.bitsPerSecond / BITS_PER_KBIT),
  };
}

function summary(viewing: SessionRoutesOptions["viewing"], reference: Reference): Summary {
  const active = viewing.active();
  const watched = viewing.watched();
  const bits = active.reduce((sum, { bitsPerSecond }) => sum + bitsPerSecond, 0);
  return {
    active: {
      ...NO_SUMMARY.active,
      list: active.map((viewer) => sessionView(viewer, reference)),
      sessions: active.length,
      bandwidth_tx_mbit: rounded(bits / BITS_PER_KBIT / BITS_PER_KBIT),
      max_sessions: viewing.peersMax,
    },
    summary: {
      remote: {},
      local: statsBy(watched, ({ streamId }) => streamId),
      reference: statsBy(watched, ({ streamId }) => reference(streamId)),
      ...stats(watched),
    },
  };
}

type Watched = ReturnType<SessionRoutesOptions["viewing"]["watched"]>;
type Stats = { sessions: number; traffic_rx_mb: number; traffic_tx_mb: number };

function statsBy(watched: Watched, key: (one: Watched[number]) => string): Record<string, Stats> {
  const groups = Map.groupBy(watched, key);
  return Object.fromEntries([...groups].map(([name, list]) => [name, stats(list)]));
}

function stats(watched: Watched): Stats {
  const bytes = watched.reduce((sum, one) => sum + one.bytes, 0);
  return {
    sessions: watched.reduce((sum, { sessions }) => sum + sessions, 0),
    traffic_rx_mb: 0,
    traffic_tx_mb: Math.floor(bytes / BYTES_PER_MBYTE),
  };
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

interface Summary {
  readonly active: {
    readonly list: readonly ReturnType<typeof sessionView>[];
    readonly sessions: number;
    readonly bandwidth_rx_mbit: number;
    readonly bandwidth_tx_mbit: number;
    readonly max_sessions: number;
    readonly max_bandwidth_rx_mbit: number;
    readonly max_bandwidth_tx_mbit: number;
  };
  readonly summary: Stats & {
    readonly remote: Readonly<Record<string, never>>;
    readonly local: Readonly<Record<string, Stats>>;
    readonly reference: Readonly<Record<string, Stats>>;
  };
}

const NO_SUMMARY: Summary = {
  active: {
    list: [],
    sessions: 0,
    bandwidth_rx_mbit: 0,
    bandwidth_tx_mbit: 0,
    max_sessions: 0,
    max_bandwidth_rx_mbit: 0,
    max_bandwidth_tx_mbit: 0,
  },
  summary: { remote: {}, local: {}, reference: {}, ...stats([]) },
};

const SessionSchema = Type.Object({
  id: Type.String(),
  reference: Type.String({ description: "Of the process." }),
  created_at: Type.Integer({ description: "Unix seconds." }),
  local: Type.String({ description: "The stream." }),
  remote: Type.String({ description: "Always empty: addresses of viewers are not shown." }),
  extra: Type.String({ description: "The codecs." }),
  bytes_rx: Type.Integer(),
  bytes_tx: Type.Integer(),
  bandwidth_rx_kbit: Type.Number(),
  bandwidth_tx_kbit: Type.Number(),
});
const StatsFields = {
  sessions: Type.Integer(),
  traffic_rx_mb: Type.Integer(),
  traffic_tx_mb: Type.Integer(),
};
const StatsSchema = Type.Record(Type.String(), Type.Object(StatsFields));
const SummarySchema = Type.Object({
  active: Type.Object({
    list: Type.Array(SessionSchema),
    sessions: Type.Integer(),
    bandwidth_rx_mbit: Type.Number(),
    bandwidth_tx_mbit: Type.Number(),
    max_sessions: Type.Integer(),
    max_bandwidth_rx_mbit: Type.Number(),
    max_bandwidth_tx_mbit: Type.Number(),
  }),
  summary: Type.Object({
    remote: Type.Record(Type.String(), Type.Unknown()),
    local: StatsSchema,
    reference: StatsSchema,
    ...StatsFields,
  }),
});
const WidgetSchema = Type.Object({
  current_sessions: Type.Integer(),
  total_sessions: Type.Integer({ description: "Since the start of the server." }),
  uptime: Type.Integer({ description: "Seconds that FFmpeg has been running." }),
});

const collectors: Parameter = {
  name: "collectors",
  in: "query",
  description: "Comma-separated; `whep` has the viewers, all others of Core are empty.",
  example: COLLECTOR,
};
const session = {
  id: "p3Zk1Xb0QmWq",
  reference: "studio",
  created_at: 1_795_208_703,
  local: "test",
  remote: "",
  extra: "H264 OPUS",
  bytes_rx: 0,
  bytes_tx: 9_600_000,
  bandwidth_rx_kbit: 0,
  bandwidth_tx_kbit: 2450.5,
};
const common = { tag: "WebRTC", parameters: [collectors], access: "admin" } as const;

const summaryDetail = operation({
  ...common,
  summary: "Sum up the viewers as sessions",
  description:
    "Those who watch now, and totals of the present streams since the start of the server.",
  answers: {
    200: {
      description: "By collector.",
      type: JSON_TYPE,
      schema: Type.Record(Type.String(), SummarySchema),
      example: { [COLLECTOR]: NO_SUMMARY },
    },
  },
  problems: ["unauthorized", "forbidden"],
});

const activeDetail = operation({
  ...common,
  summary: "List the viewers as sessions",
  description: "Those who are connected now.",
  answers: {
    200: {
      description: "By collector.",
      type: JSON_TYPE,
      schema: Type.Record(Type.String(), Type.Array(SessionSchema)),
      example: { [COLLECTOR]: [session] },
    },
  },
  problems: ["unauthorized", "forbidden"],
});

const widgetDetail = operation({
  tag: "WebRTC",
  summary: "Count the viewers of a stream",
  description: "For a viewer counter next to a player; open to everyone.",
  parameters: [
    { name: "id", in: "path", description: "The process.", required: true, example: "test" },
  ],
  answers: {
    200: {
      description: "The counts.",
      type: JSON_TYPE,
      schema: WidgetSchema,
      example: { current_sessions: 3, total_sessions: 12, uptime: 3600 },
    },
  },
  problems: ["process-not-found"],
});
