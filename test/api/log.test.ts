/** What the log says of requests that were refused: with the ids under which client, log and trace find each other. */
import { expect, test } from "bun:test";
import { Harness } from "./support/harness.ts";
import { CHROMIUM } from "./support/offers.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const traceparent = `00-${TRACE}-b7ad6b7169203331-01`;

test("an offer that is refused has its stream, its reason and the ids", async () => {
  const harness = new Harness({ whep: { ratePerSecond: 1, rateBurst: 1 } });
  harness.streams.add("cam").state = "down";
  const { headers } = await harness.offer("cam", CHROMIUM, { traceparent });
  expect(harness.warnings).toEqual([
    {
      message: "viewer refused",
      fields: {
        ...{ stream: "cam", reason: "stream_not_live" },
        ...{ request: headers.get("x-request-id"), trace: TRACE },
      },
    },
  ]);
});

test("an id that a client made up is no cause of its own, whatever it is refused for", async () => {
  const limit = { ratePerSecond: 1, rateBurst: 1 };
  const open = new Harness({ whep: limit });
  const guarded = new Harness({ whep: { token: "secret", ...limit } });
  const told: unknown[] = [];
  for (const harness of [open, guarded]) {
    for (let i = 0; i < 2; i++) await harness.offer("made-up", CHROMIUM);
    for (const { fields, message } of harness.warnings) {
      if (message !== "viewer refused") continue;
      expect(fields["stream"]).toBeUndefined();
      told.push([fields["asked"], fields["reason"]]);
    }
  }
  expect(told).toEqual([
    ["made-up", "stream_not_found"],
    ["made-up", "rate_limited"],
    ["made-up", "unauthorized"],
    ["made-up", "rate_limited"],
  ]);
});

test("a wrong token is told without the token", async () => {
  const harness = new Harness({ admin: { token: "secret-token", boundHost: "" } });
  const sent = { authorization: "Bearer wr0ng-t0ken", traceparent };
  const { headers } = await harness.send("GET", "/api/v3/process", { headers: sent });
  expect(harness.warnings).toEqual([
    {
      message: "request refused",
      fields: { event: "auth_failed", request: headers.get("x-request-id"), trace: TRACE },
    },
  ]);
});
