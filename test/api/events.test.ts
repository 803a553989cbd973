/** The event routes over a journal that does what a test tells it. */
import { describe, expect, test } from "bun:test";
import { LISTENERS_MAX, WAITING_MAX } from "../../src/api/event-stream.ts";
import { JournalUnavailable } from "../../src/errors.ts";
import type { EventView } from "../../src/journal/entry.ts";
import { Harness, problemOf } from "./support/harness.ts";

const EVENT: EventView = {
  timestamp: "2026-11-20T21:00:00.000Z",
  event: "leg_failed",
  category: "source",
  severity: "warning",
  stream_id: "test",
  peer_id: null,
  metadata: { leg: "video" },
};

const ask = (harness: Harness, body: unknown) =>
  harness.send("POST", "/api/v3/events/query", {
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

describe("POST /api/v3/events/query", () => {
  test("answers what the journal finds, and where to go on", async () => {
    const harness = new Harness();
    harness.events.records = [{ id: 7, ...EVENT }];
    harness.events.cursor = { atMs: 1_795_208_703_000, id: 7 };
    const answer = await ask(harness, {
      query: { stream_id: "test" },
      time_range: { from: "-1h" },
    });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toEqual({
      results: [{ id: 7, ...EVENT }],
      cursor: "1795208703000.7",
      time_range: { from: "2026-11-20T20:21:43.000Z", to: "2026-11-20T21:21:43.000Z" },
    });
    const next = { time_range: { from: "-1h" }, cursor: "1795208703000.7" };
    await ask(harness, next);
    expect(harness.events.asked[1]?.cursor).toEqual(harness.events.cursor);
  });

  test("needs no content type: curl sends that of a form", async () => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const body = '{"time_range": {"from": "-1h"}}';
    const answer = await new Harness().send("POST", "/api/v3/events/query", { body, headers });
    expect(answer.status).toBe(200);
  });

  test.each([
    ["no JSON", "body"],
    ["", "body"],
    [{}, "time_range"],
    [{ query: { event: { regex: "(" } }, time_range: { from: "-1h" } }, "query.event.regex"],
    [{ time_range: { to: "now" } }, "time_range.from"],
    [{ time_range: { from: "-1h" }, limit: true }, "limit"],
  ])("%j is refused and names %s", async (body, field) => {
    const answer = await ask(new Harness(), body);
    expect(answer.status).toBe(400);
    const problem = problemOf(answer);
    expect(problem).toMatchObject({ type: "/problems/field-invalid", field });
    expect(String(problem.detail)).toStartWith(`${field}: `);
  });

  test("says so where the journal cannot be read, and not to hurry", async () => {
    const harness = new Harness();
    harness.events.failure = new JournalUnavailable("disk full.");
    const answer = await ask(harness, { time_range: { from: "-1h" } });
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("10");
    expect((await harness.send("GET", "/api/v3/events/stats")).status).toBe(503);
  });

  test("takes no long body", async () => {
    expect((await ask(new Harness(), " ".repeat(20_000))).status).toBe(413);
  });
});

test("GET /api/v3/events/stats has the totals and how the journal does", async () => {
  const harness = new Harness();
  harness.events.health = { trouble: "disk full", dropped: 3 };
  expect(JSON.parse((await harness.send("GET", "/api/v3/events/stats")).body)).toEqual({
    total_events: 2,
    events: { server_started: 2 },
    oldest: "1970-01-01T00:00:01.000Z",
    newest: "1970-01-01T00:00:02.000Z",
    bytes: 4096,
    max_bytes: 1_000_000,
    max_age_seconds: 86_400,
    dropped_events: 3,
    trouble: "disk full",
  });
});

describe("GET /api/v3/events", () => {
  const follow = async (harness: Harness, query = "") => {
    const request = new Request(`http://localhost/api/v3/events${query}`);
    const response = await harness.app.handle(request);
    return { response, reader: response.body?.getReader() };
  };
  const emit = (harness: Harness, event: EventView) => {
    for (const listener of [...harness.events.listeners]) listener(event);
  };
  const text = (chunk: { value?: Uint8Array | undefined } | undefined) =>
    new TextDecoder().decode(chunk?.value);

  test("sends each event that fits the filters", async () => {
    const harness = new Harness();
    const { response, reader } = await follow(harness, "?stream_id=test&category=source");
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(text(await reader?.read())).toBe(":\n\n");
    emit(harness, { ...EVENT, stream_id: "other" });
    emit(harness, EVENT);
    expect(text(await reader?.read())).toBe(
      `event: leg_failed\ndata: ${JSON.stringify(EVENT)}\n\n`,
    );
    await reader?.cancel();
    expect(harness.events.listeners.size).toBe(0);
  });

  test("refuses filters that it does not know", async () => {
    const answer = await new Harness().send("GET", "/api/v3/events?stream=test");
    expect(answer.status).toBe(400);
    expect(problemOf(answer)).toMatchObject({ field: "stream" });
  });

  test("has a bounded number of clients", async () => {
    const harness = new Harness();
    const clients = [];
    for (let i = 0; i < LISTENERS_MAX; i++) clients.push(await follow(harness));
    expect((await harness.send("GET", "/api/v3/events")).status).toBe(503);
    await clients[0]?.reader?.cancel();
    const again = await follow(harness);
    expect(again.response.status).toBe(200);
    for (const { reader } of [...clients, again]) await reader?.cancel();
  });

  test("answers HEAD at once, and keeps no place for it", async () => {
    const harness = new Harness();
    const { status, headers } = await harness.send("HEAD", "/api/v3/events");
    expect(status).toBe(200);
    expect(headers.get("content-type")).toBe("text/event-stream");
    expect(harness.events.listeners.size).toBe(0);
  });

  test("cuts off a client that does not read", async () => {
    const harness = new Harness();
    const { reader } = await follow(harness);
    await reader?.read();
    for (let i = 0; i < WAITING_MAX + 5; i++) emit(harness, EVENT);
    expect(harness.events.listeners.size).toBe(0);
    let rest = "";
    for (;;) {
      const chunk = await reader?.read();
      if (chunk === undefined || chunk.done) break;
      rest += text(chunk);
    }
    expect(rest.split("event: ")).toHaveLength(WAITING_MAX + 1);
    expect(rest).toEndWith(": too slow, events were lost\n\n");
  });

  test("ends when the server does", async () => {
    const harness = new Harness();
    const { reader } = await follow(harness);
    await reader?.read();
    emit(harness, { ...EVENT, event: "server_stopping", category: "server" });
    expect(text(await reader?.read())).toContain("server_stopping");
    expect((await reader?.read())?.done).toBe(true);
  });
});
