/** Who hears of which alert, by the shipped Alertmanager configuration. Needs amtool. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ALERTS, BUNDLE, run, succeeds, yaml } from "./support/bundle.ts";

const CONFIG = join(BUNDLE, "alertmanager/alertmanager.yml");

async function receiverOf(labels: Readonly<Record<string, string>>): Promise<string> {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  const { code, output } = await run(
    "amtool",
    "config",
    "routes",
    "test",
    `--config.file=${CONFIG}`,
    ...pairs,
  );
  if (code !== 0) throw new Error(output);
  return output.split("\n").find((line) => /^[a-z-]+$/.test(line)) ?? output;
}

test("amtool accepts it", () => succeeds("amtool", "check-config", CONFIG));

test.each([
  ["critical", "security", "security-team"],
  ["critical", "webrtc", "webrtc-oncall"],
  ["critical", "infrastructure", "webrtc-oncall"],
  ["warning", "webrtc", "webrtc-team"],
  ["warning", "infrastructure", "infrastructure-team"],
  ["info", "webrtc", "default"],
])("%s of team %s goes to %s", async (severity, team, receiver) => {
  expect(await receiverOf({ severity, team })).toBe(receiver);
});

test("each alert there is has a receiver that somebody named for it", async () => {
  for (const { alert, labels } of ALERTS) {
    if (labels["severity"] === undefined) continue;
    const receiver = await receiverOf(labels);
    expect({ alert, byDefault: receiver === "default" }).toEqual({
      alert,
      byDefault: labels["severity"] === "info",
    });
  }
});

test("alerts that are muted by another one exist", () => {
  const known = new Set(ALERTS.map(({ alert }) => `alertname="${alert}"`));
  const config = yaml("alertmanager/alertmanager.yml");
  for (const { source_matchers, target_matchers } of config.inhibit_rules) {
    for (const matcher of [...source_matchers, ...target_matchers])
      expect(known).toContain(matcher);
  }
});

test("Slack, PagerDuty and e-mail take their secrets from files", () => {
  const text = readFileSync(CONFIG, "utf8");
  const keys = [...text.matchAll(/^\s*(?:- )?(\w*(?:url|key|password|token)\w*):/gm)].map(
    ([, key]) => key,
  );
  expect(keys.filter((key) => !key?.endsWith("_file"))).toEqual([]);
  expect(new Set(keys)).toEqual(
    new Set(["smtp_auth_password_file", "slack_api_url_file", "routing_key_file", "api_url_file"]),
  );
});
