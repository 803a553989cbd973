import { describe, expect, test } from "bun:test";
import { Harness, problemOf } from "./support/harness.ts";
import { CHROMIUM } from "./support/offers.ts";

async function watching() {
  const harness = new Harness({ whep: { playerReports: true } });
  harness.streams.add("a/b");
  const answer = await harness.offer("a%2Fb", CHROMIUM);
  const url = /<([^>]+)>; rel="player-report"/.exec(answer.headers.get("link") ?? "")?.[1] ?? "";
  const report = (body: unknown, type = "application/json") =>
    harness.send("POST", url, {
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { "content-type": type },
    });
  return { harness, report, url };
}

test("nothing is asked for and nothing taken unless it was switched on", async () => {
  const harness = new Harness();
  harness.streams.add("cam");
  const { headers } = await harness.offer("cam", CHROMIUM);
  expect(headers.get("link")).toBeNull();
  const url = `${headers.get("location")}/report`;
  expect((await harness.send("POST", url, { body: "{}" })).status).toBe(404);
});

test("the answer names the address, beside the ICE servers", async () => {
  const iceServers = [{ urls: "stun:stun.example.org" }];
  const harness = new Harness({ whep: { playerReports: true, iceServers } });
  harness.streams.add("cam");
  const { headers } = await harness.offer("cam", CHROMIUM);
  expect(headers.get("link")).toBe(
    `<stun:stun.example.org>; rel="ice-server", <${headers.get("location")}/report>; rel="player-report"`,
  );
});

describe("a report", () => {
  test("counts what is new, however often it comes", async () => {
    const { harness, report } = await watching();
    expect((await report({ first_frame_seconds: 0.4 })).status).toBe(204);
    await report({ first_frame_seconds: 0.4, freezes: 2, freeze_seconds: 1.5 });
    harness.nowMs += 10_000;
    await report({ first_frame_seconds: 0.4, freezes: 2, freeze_seconds: 1.5 });
    harness.nowMs += 10_000;
    await report({ freezes: 3, freeze_seconds: 4 });
    const stream = "a/b";
    expect(harness.playerReports).toEqual([
      { stream, firstFrameSeconds: 0.4, freezes: 0, freezeSeconds: 0 },
      { stream, firstFrameSeconds: undefined, freezes: 2, freezeSeconds: 1.5 },
      { stream, firstFrameSeconds: undefined, freezes: 0, freezeSeconds: 0 },
      { stream, firstFrameSeconds: undefined, freezes: 1, freezeSeconds: 2.5 },
    ]);
  });

  test("is no WHEP request", async () => {
    const { harness, report } = await watching();
    await report({ freezes: 1 });
    expect(await harness.requests("post", 204, "a/b")).toBeUndefined();
    const http = { route: "/api/v3/whep/:id/:session/report", code: "204" };
    expect(await harness.metric("dragonfork_http_requests_total", http)).toBe(1);
  });

  test.each([
    ["nonsense", "The report must be a JSON object."],
    ["[]", "The report must be a JSON object."],
    [{ first_frame_seconds: -1 }, "first_frame_seconds must be a number from 0 to 300."],
    [{ first_frame_seconds: "fast" }, "first_frame_seconds must be a number from 0 to 300."],
    [{ freezes: 1e300 }, "freezes must be a number from 0 to 1000000."],
    // The session is younger.
    [{ freeze_seconds: 3600 }, "freeze_seconds must be a number from 0 to 60."],
  ])("like %j is refused", async (body, detail) => {
    const { harness, report } = await watching();
    const answer = await report(body);
    expect([answer.status, problemOf(answer).detail]).toEqual([400, detail]);
    expect(harness.playerReports).toEqual([]);
  });

  test("that is long, or of another type, is refused", async () => {
    const { report } = await watching();
    expect((await report(`{"x":"${"y".repeat(2000)}"}`)).status).toBe(413);
    expect((await report("{}", "text/plain")).status).toBe(415);
  });

  test("comes every five seconds at most, after the first few", async () => {
    const { harness, report } = await watching();
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) statuses.push((await report({ freezes: i })).status);
    expect(statuses).toEqual([204, 204, 204, 429, 429]);
    harness.nowMs += 5000;
    expect((await report({ freezes: 9 })).status).toBe(204);
  });

  test("of a session that is over, or was made up, is refused", async () => {
    const { harness, report, url } = await watching();
    const made = url.replace(/[^/]+\/report$/, "made-up/report");
    expect((await harness.send("POST", made, { body: "{}" })).status).toBe(404);
    await harness.send("DELETE", url.replace("/report", ""));
    expect((await report({})).status).toBe(404);
  });
});
