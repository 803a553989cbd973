/** The last viewers and the last hour, as the API shows them. */
import { describe, expect, test } from "bun:test";
import { Harness, problemOf } from "./support/harness.ts";
import { CHROMIUM, videoOffer } from "./support/offers.ts";

describe("GET /api/v3/webrtc/sessions", () => {
  test("lists viewers and refused offers by the ids that clients and logs have", async () => {
    const harness = new Harness();
    harness.streams.add("test");
    const refused = await harness.offer("test", videoOffer("VP8"));
    await harness.session("test", CHROMIUM);
    const list = JSON.parse((await harness.send("GET", "/api/v3/webrtc/sessions")).body);
    expect(list).toMatchObject([
      { stream_id: "test", state: "connecting", connected: false, ended: null },
      {
        id: refused.headers.get("x-request-id"),
        request_id: refused.headers.get("x-request-id"),
        stream_id: "test",
        state: "refused",
        reason: "codec-mismatch",
      },
    ]);
    const one = await harness.send("GET", `/api/v3/webrtc/sessions/${list[0].id}`);
    expect(JSON.parse(one.body)).toMatchObject({
      ...list[0],
      timeline: [
        { ms: 0, event: "offer_received" },
        { ms: 0, event: "offer_answered" },
      ],
      steps_left_out: 0,
    });
  });

  test("filters by stream and state, and keeps to the limit", async () => {
    const harness = new Harness();
    for (const id of ["a", "b", "a"]) await harness.offer(id, CHROMIUM);
    const count = async (query: string) =>
      JSON.parse((await harness.send("GET", `/api/v3/webrtc/sessions?${query}`)).body).length;
    expect(await count("stream_id=a")).toBe(2);
    expect(await count("state=refused")).toBe(3);
    expect(await count("state=connected")).toBe(0);
    expect(await count("limit=1")).toBe(1);
  });

  test.each([
    ["state=gone", "state"],
    ["limit=0", "limit"],
    ["limit=many", "limit"],
  ])("refuses %s and names %s", async (query, field) => {
    const answer = await new Harness().send("GET", `/api/v3/webrtc/sessions?${query}`);
    expect(answer.status).toBe(400);
    expect(problemOf(answer)).toMatchObject({ type: "/problems/field-invalid", field });
  });

  test("of an unknown id is 404", async () => {
    const answer = await new Harness().send("GET", "/api/v3/webrtc/sessions/none");
    expect(answer.status).toBe(404);
    expect(problemOf(answer).type).toBe("/problems/session-not-found");
  });
});

describe("GET /api/v3/webrtc/streams/{id}/history", () => {
  const PATH = "/api/v3/webrtc/streams/test/history";

  test("has the samples, and none where none was taken yet", async () => {
    const harness = new Harness();
    harness.streams.add("test");
    expect(JSON.parse((await harness.send("GET", PATH)).body)).toMatchObject({
      until: null,
      viewers: [],
    });
    harness.nowMs += 10_000;
    harness.history.sample();
    harness.history.failed("test");
    harness.nowMs += 10_000;
    harness.history.sample();
    expect(JSON.parse((await harness.send("GET", PATH)).body)).toEqual({
      interval_seconds: 10,
      until: new Date(harness.unixMs()).toISOString(),
      viewers: [2, 2],
      sent_kbit: [0, 0],
      loss_percent: [null, null],
      failures: [0, 1],
    });
  });

  test("of an unknown stream is 404", async () => {
    expect((await new Harness().send("GET", PATH)).status).toBe(404);
  });
});
