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

test("an id that a client made up is no cause of its own", async () => {
  const harness = new Harness();
  await harness.offer("made-up", CHROMIUM);
  expect(harness.warnings[0]?.fields).toMatchObject({ asked: "made-up" });
  expect(harness.warnings[0]?.fields["stream"]).toBeUndefined();
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
