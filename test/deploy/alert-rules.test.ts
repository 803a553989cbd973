/** The alert rules of deploy/truenas/core: each fires and stays quiet where it should. Needs promtool. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { PROBLEMS } from "../../src/api/problem.ts";
import { ALERT_METRICS, ALERT_SEVERITIES, ALERT_TEAMS } from "../../src/metrics/alert-names.ts";
import type { CloseReason } from "../../src/peer-events.ts";
import { startServer, untilLive } from "../support/start-server.ts";
import { ALERTS, BUNDLE, RULE_FILES, succeeds } from "./support/bundle.ts";

/** All of them, says the compiler. */
const CLOSE_REASONS: Readonly<Record<CloseReason, true>> = {
  client_gone: true,
  no_stun_received: true,
  stun_but_no_dtls: true,
  dtls_failed: true,
  fingerprint_mismatch: true,
  consent_lost: true,
  dtls_closed: true,
  kicked: true,
  token_expired: true,
  token_revoked: true,
  session_max_age: true,
  bitrate_exceeded: true,
  source_changed: true,
  stream_removed: true,
  worker_lost: true,
  server_drain: true,
};

interface AlertTest {
  readonly alertname: string;
  readonly exp_alerts: readonly unknown[];
}

const CASES = readdirSync(import.meta.dir)
  .filter((name) => /rules.*\.test\.yml$/.test(name))
  .map((name) => join(import.meta.dir, name));
const ruleFiles = RULE_FILES.map((path) => join(BUNDLE, path));

const folder = mkdtempSync(join(tmpdir(), "dragonfork-rules-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("promtool accepts them", () => succeeds("promtool", "check", "rules", ...ruleFiles), 60_000);

test(
  "each fires and stays quiet where it should",
  () => succeeds("promtool", "test", "rules", ...CASES),
  60_000,
);

test("each is tried in both ways", () => {
  const tried: AlertTest[] = CASES.flatMap((path) =>
    parse(readFileSync(path, "utf8")).tests.flatMap(
      ({ alert_rule_test }: { alert_rule_test: AlertTest[] }) => alert_rule_test,
    ),
  );
  const names = (fires: boolean) =>
    new Set(
      tried
        .filter(({ exp_alerts }) => exp_alerts.length > 0 === fires)
        .map(({ alertname }) => alertname),
    );
  const all = ALERTS.map(({ alert }) => alert).toSorted();
  expect([...names(true)].toSorted()).toEqual(all);
  expect([...names(false)].toSorted()).toEqual(all);
});

test("each has a name of its own, a severity, a team, two sentences and a section in the runbooks", () => {
  const runbooks = readFileSync(join(BUNDLE, "runbooks.md"), "utf8");
  const sections = [
    ...runbooks.matchAll(/^### (\w+)\n\n\*\*Means:\*\* [^#]+\*\*Look at:\*\* [^#]+/gm),
  ];
  const titles = sections.map(([, title]) => title);
  expect(new Set(ALERTS.map(({ alert }) => alert)).size).toBe(ALERTS.length);
  for (const { alert, expr, labels, annotations } of ALERTS) {
    // A test alert has those that were asked for.
    const asked = expr.includes(ALERT_METRICS.test.name);
    const { severity, team } = asked ? { severity: "info", team: "webrtc" } : labels;
    expect(ALERT_SEVERITIES.map(String)).toContain(severity ?? "");
    expect(ALERT_TEAMS.map(String)).toContain(team ?? "");
    expect(annotations["summary"]).toBeString();
    expect(annotations["description"]).toBeString();
    expect(annotations["runbook_url"]).toBe(
      `deploy/truenas/core/runbooks.md#${alert.toLowerCase()}`,
    );
    expect(titles).toContain(alert);
  }
});

test("outcomes and reasons that rules name are words that the server has", () => {
  const named = ALERTS.flatMap(({ expr }) =>
    [...expr.matchAll(/(?:outcome|reason)!?=~?"([^"]+)"/g)].flatMap(([, words]) =>
      (words ?? "").split("|"),
    ),
  );
  const refusals = Object.keys(PROBLEMS).map((kind) => kind.replaceAll("-", "_"));
  const words = new Set([
    "connected",
    "internal_error",
    ...Object.keys(CLOSE_REASONS),
    ...refusals,
  ]);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((word) => !words.has(word))).toEqual([]);
});

describe("a server at rest", () => {
  /** The series of a scrape as promtool takes them: each keeps its value for an hour. */
  function heldStill(scrape: string): object[] {
    // promtool has no way to write a series that is not a number.
    const isSeries = (line: string) => line !== "" && !/^#|nan$/i.test(line);
    return scrape
      .split("\n")
      .filter(isSeries)
      .map((line) => {
        const space = line.lastIndexOf(" ");
        const name = line.slice(0, space);
        const job = 'job="dragonfork-core",instance="core:8080"';
        const labelled = name.includes("{") ? name.replace("{", `{${job},`) : `${name}{${job}}`;
        return { series: labelled, values: `${Number(line.slice(space))}x240` };
      });
  }

  for (const [title, demo] of [
    ["without a stream", false],
    ["with a stream that nobody watches", true],
  ] as const) {
    test(`${title} raises no alert`, async () => {
      const server = await startServer({ demo });
      if (demo) await untilLive(server, "test");
      const scrape = await (await fetch(`${server.url}/metrics`)).text();
      await server.stop();
      const file = join(folder, `idle-${demo}.rules.test.yml`);
      const up = { series: 'up{job="dragonfork-core",instance="core:8080"}', values: "1x240" };
      const quiet = ALERTS.flatMap(({ alert }) =>
        ["1m", "10m", "30m", "60m"].map((eval_time) => ({
          alertname: alert,
          eval_time,
          exp_alerts: [],
        })),
      );
      const idle = {
        rule_files: ruleFiles,
        evaluation_interval: "15s",
        tests: [
          { interval: "15s", input_series: [up, ...heldStill(scrape)], alert_rule_test: quiet },
        ],
      };
      writeFileSync(file, JSON.stringify(idle));
      expect(scrape).toContain("dragonfork_webrtc_active_streams");
      await succeeds("promtool", "test", "rules", file);
    }, 60_000);
  }
});
