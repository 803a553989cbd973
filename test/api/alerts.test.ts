import { describe, expect, test } from "bun:test";
import { Harness, problemOf } from "./support/harness.ts";

const METRIC = "dragonfork_alerts_test_active";

const raise = (harness: Harness, wish: unknown) =>
  harness.send("POST", "/api/v3/alerts/test", {
    body: JSON.stringify(wish),
    headers: { "content-type": "application/json" },
  });

describe("a test alert", () => {
  test("is in the metrics for as long as was asked for", async () => {
    const harness = new Harness();
    expect(await harness.metric(METRIC)).toBeUndefined();
    const labels = { severity: "critical", team: "security" };
    const answer = await raise(harness, { ...labels, seconds: 60 });
    expect(answer.status).toBe(202);
    expect(JSON.parse(answer.body)).toEqual({
      alert: "DragonForkTestAlert",
      ...labels,
      until: new Date(harness.unixMs() + 60_000).toISOString(),
    });
    harness.nowMs += 59_000;
    expect(await harness.metric(METRIC, labels)).toBe(1);
    harness.nowMs += 1000;
    expect(await harness.metric(METRIC)).toBeUndefined();
  });

  test("needs no wishes, and a second one counts from its own time", async () => {
    const harness = new Harness();
    const first = await harness.send("POST", "/api/v3/alerts/test");
    expect(JSON.parse(first.body)).toMatchObject({ severity: "warning", team: "webrtc" });
    harness.nowMs += 200_000;
    await raise(harness, { seconds: 300 });
    harness.nowMs += 299_000;
    expect(await harness.metric(METRIC, { severity: "warning", team: "webrtc" })).toBe(1);
    harness.nowMs += 1000;
    expect(await harness.metric(METRIC)).toBeUndefined();
  });

  test.each([
    [{ severity: "fatal" }, 'severity: found "fatal"; allowed: critical, warning, info'],
    [{ team: 1 }, "team: found 1; allowed: webrtc, security, infrastructure"],
    [{ seconds: 59 }, "seconds: found 59; allowed: a whole number from 60 to 3600"],
    [{ seconds: 3601 }, "seconds: found 3601"],
    [{ color: "red" }, "color: found an unknown member; allowed: severity, team, seconds"],
    [[], "body: allowed: an object"],
  ])("of %j is refused, and the member named", async (wish, message) => {
    const harness = new Harness();
    const answer = await raise(harness, wish);
    expect(problemOf(answer)).toMatchObject({
      status: 400,
      type: "/problems/alert-test-invalid",
      detail: expect.stringContaining(message),
    });
    expect(await harness.metric(METRIC)).toBeUndefined();
  });
});
