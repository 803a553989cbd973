/** /api/v3/metrics: the values of machine, processes and viewers in datarhei Core's JSON; /metrics has more of them. */
import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { DESCRIPTIONS } from "../../monitor/descriptions.ts";
import type { Series } from "../../monitor/history.ts";
import type { Monitor, Pattern } from "../../monitor/monitor.ts";
import { asFields, type Fields, Problems } from "../../process/record/fields.ts";
import { operation } from "../documentation.ts";
import { JSON_TYPE, readJson, sendJson } from "../json.ts";

export type MetricsQueryOptions = Pick<
  Monitor,
  "now" | "past" | "rangeSeconds" | "intervalSeconds"
>;

const PATH = "/api/v3/metrics";
/** Core has 29 metrics. */
const PATTERNS_MAX = 100;

export function metricsQueryRoutes(monitor: MetricsQueryOptions) {
  return new Elysia({ name: "metrics-query" })
    .get(PATH, ({ set }) => sendJson(set, DESCRIPTIONS), { detail: listDetail })
    .post(
      PATH,
      async ({ request, set }) => {
        const { range, interval, patterns } = queryOf(await readJson(request));
        const series =
          range === 0 ? await monitor.now(patterns) : monitor.past(patterns, range, interval);
        return sendJson(set, {
          timerange_sec: monitor.rangeSeconds,
          interval_sec: monitor.intervalSeconds,
          metrics: series.map(seriesView),
        });
      },
      { parse: "none", detail: queryDetail },
    );
}

function queryOf(body: unknown) {
  const problems = new Problems();
  const fields = asFields(body, "", problems);
  const query = {
    range: fields?.count("timerange_sec", 0) ?? 0,
    interval: fields?.count("interval_sec", 0) ?? 0,
    patterns: (fields?.list("metrics") ?? []).map((one, index) =>
      patternOf(asFields(one, `metrics[${index}]`, problems)),
    ),
  };
  if (query.patterns.length > PATTERNS_MAX) {
    problems.type("metrics", fields?.list("metrics"), `at most ${PATTERNS_MAX} entries`);
  }
  problems.check("Invalid JSON");
  return query;
}

function patternOf(fields: Fields | undefined): Pattern {
  const labels = fields?.child("labels");
  const names = labels?.names ?? [];
  return {
    name: fields?.text("name", "") ?? "",
    labels: Object.fromEntries(names.map((name) => [name, labels?.text(name, "") ?? ""])),
  };
}

function seriesView({ name, labels, points }: Series) {
  return { name, labels, values: points.map(([at, value]) => [at, rounded(value)]) };
}

/** Core gives three decimals at most. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

const DescriptionsSchema = Type.Array(
  Type.Object({
    name: Type.String(),
    description: Type.String(),
    labels: Type.Array(Type.String()),
  }),
);

const seconds = (description: string) => Type.Integer({ minimum: 0, description });

const QuerySchema = Type.Object({
  timerange_sec: Type.Optional(seconds("How far to look back; 0: the current values.")),
  interval_sec: Type.Optional(seconds("Minimum time between two values.")),
  metrics: Type.Array(
    Type.Object({
      name: Type.String(),
      labels: Type.Optional(
        Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()], {
          description: "Regular expressions (RE2) that the labels must match.",
        }),
      ),
    }),
  ),
});

const ResultSchema = Type.Object({
  timerange_sec: seconds("How far back values are kept (CORE_METRICS_RANGE_SECONDS)."),
  interval_sec: seconds("How often they are taken (CORE_METRICS_INTERVAL_SECONDS)."),
  metrics: Type.Array(
    Type.Object({
      name: Type.String(),
      labels: Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()]),
      values: Type.Array(Type.Array(Type.Number(), { minItems: 2, maxItems: 2 }), {
        description: "Unix seconds and value.",
      }),
    }),
  ),
});

const common = { tag: "Server", access: "admin" } as const;

const listDetail = operation({
  ...common,
  summary: "List the metrics that can be asked for in JSON",
  description: "Those of datarhei Core that this server has values for.",
  answers: {
    200: {
      description: "The metrics, by name.",
      type: JSON_TYPE,
      schema: DescriptionsSchema,
      example: DESCRIPTIONS.slice(0, 1),
    },
  },
  problems: ["unauthorized", "forbidden"],
});

const queryDetail = operation({
  ...common,
  summary: "Ask for values of metrics",
  description:
    "Current values, or those of the last minutes if `timerange_sec` is given and CORE_METRICS_ENABLE is on.",
  body: {
    type: JSON_TYPE,
    schema: QuerySchema,
    example: { metrics: [{ name: "restream_process", labels: { processid: "^camera$" } }] },
  },
  answers: {
    200: {
      description: "One entry per series.",
      type: JSON_TYPE,
      schema: ResultSchema,
      example: {
        timerange_sec: 300,
        interval_sec: 2,
        metrics: [{ name: "mem_total", labels: null, values: [[1_795_208_704, 25_276_502_016]] }],
      },
    },
  },
  problems: ["unauthorized", "forbidden", "process-invalid", "body-too-large"],
});
