/** POST /api/v3/alerts/test: raises a test alert, so that an operator sees whether alerts arrive. */
import { type Static, Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { AlertTestInvalid } from "../../errors.ts";
import { ALERT_SEVERITIES, ALERT_TEAMS } from "../../metrics/alert-names.ts";
import type { TestAlerts } from "../../metrics/test-alerts.ts";
import { operation } from "../documentation.ts";
import { JSON_TYPE, readJson, sendJson } from "../json.ts";
import { type Allowed, readMembers } from "../members.ts";
import { partialSchema } from "../partial-schema.ts";

export interface AlertsOptions {
  readonly testAlerts: Pick<TestAlerts, "raise">;
  readonly log: (
    message: string,
    fields: { severity: string; team: string; until: string },
  ) => void;
  /** Unix milliseconds. */
  readonly unixMs: () => number;
}

/** Two scrapes and evaluations fit into it. */
const SECONDS_MIN = 60;
const SECONDS_MAX = 3600;

const oneOf = <Word extends string>(words: readonly Word[], preset: Word, description: string) =>
  Type.Union(
    words.map((word) => Type.Literal(word)),
    { default: preset, description },
  );

const TestAlertSchema = Type.Object(
  {
    severity: oneOf(ALERT_SEVERITIES, "warning", "The alert's label severity."),
    team: oneOf(ALERT_TEAMS, "webrtc", "The alert's label team."),
    seconds: Type.Integer({
      minimum: SECONDS_MIN,
      maximum: SECONDS_MAX,
      default: 300,
      description: "How long it is raised.",
    }),
  },
  { additionalProperties: false, description: "Every member is optional." },
);

const ALLOWED: Allowed = {
  severity: ALERT_SEVERITIES.join(", "),
  team: ALERT_TEAMS.join(", "),
  seconds: `a whole number from ${SECONDS_MIN} to ${SECONDS_MAX}`,
};

const RaisedSchema = Type.Object({
  alert: Type.String({ description: "Its name in Prometheus and Alertmanager." }),
  severity: Type.String(),
  team: Type.String(),
  until: Type.String({ format: "date-time", description: "When it is over." }),
});
type Raised = Static<typeof RaisedSchema>;

export function alertsRoutes({ testAlerts, log, unixMs }: AlertsOptions) {
  return new Elysia({ name: "alerts" }).post(
    "/api/v3/alerts/test",
    async ({ request, set }) => {
      const wish = readMembers(
        TestAlertSchema,
        ALLOWED,
        request.body === null ? {} : await readJson(request),
      );
      if ("problems" in wish) throw new AlertTestInvalid(wish.problems);
      const { severity, team, seconds } = wish.value;
      testAlerts.raise({ severity, team }, seconds);
      const until = new Date(unixMs() + seconds * 1000).toISOString();
      log("test alert raised", { severity, team, until });
      set.status = 202;
      return sendJson(set, {
        alert: "DragonForkTestAlert",
        severity,
        team,
        until,
      } satisfies Raised);
    },
    { parse: "none", detail: testDetail },
  );
}

const testDetail = operation({
  tag: "Server",
  summary: "Raise a test alert",
  description:
    "Makes the alert rule DragonForkTestAlert fire for a while, with this severity and team. Like every alert it goes through Prometheus and Alertmanager to its receivers, within about a minute.",
  body: {
    type: JSON_TYPE,
    optional: true,
    schema: partialSchema(TestAlertSchema),
    example: { severity: "critical", team: "webrtc", seconds: 300 },
  },
  answers: {
    202: {
      description: "It is raised.",
      type: JSON_TYPE,
      schema: RaisedSchema,
      example: {
        alert: "DragonForkTestAlert",
        severity: "critical",
        team: "webrtc",
        until: "2026-11-20T21:08:38.120Z",
      },
    },
  },
  problems: [
    "alert-test-invalid",
    "process-invalid",
    "unauthorized",
    "forbidden",
    "body-too-large",
  ],
  access: "admin",
});
