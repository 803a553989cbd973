import { describe, expect, test } from "bun:test";
import { FieldInvalid } from "../../../src/errors.ts";
import { parseQuery } from "../../../src/journal/query.ts";
import { NOW_MS } from "./support.ts";

const HOUR = { from: "-1h", to: "now" };

function refusal(body: unknown): { field: string; message: string } {
  try {
    parseQuery(body, NOW_MS);
  } catch (error) {
    if (error instanceof FieldInvalid) return error;
    throw error;
  }
  throw new Error("it was taken");
}

describe("time_range", () => {
  test.each([
    [{ from: "-1h", to: "now" }, NOW_MS - 3_600_000, NOW_MS],
    [{ from: "-30m" }, NOW_MS - 1_800_000, NOW_MS],
    [{ from: "-7d", to: "-45s" }, NOW_MS - 604_800_000, NOW_MS - 45_000],
    [{ from: "-2w" }, NOW_MS - 1_209_600_000, NOW_MS],
    [
      { from: "2026-11-20T20:00:00Z", to: "2026-11-20T22:30:00.5+02:00" },
      NOW_MS - 3_600_000,
      NOW_MS - 1_799_500,
    ],
  ])("%j", (time_range, fromMs, toMs) => {
    expect(parseQuery({ time_range }, NOW_MS)).toMatchObject({ fromMs, toMs });
  });

  test.each([
    [undefined, "time_range"],
    ["-1h", "time_range"],
    [{}, "time_range.from"],
    [{ to: "now" }, "time_range.from"],
    [{ from: 5 }, "time_range.from"],
    [{ from: "yesterday" }, "time_range.from"],
    [{ from: "-1y" }, "time_range.from"],
    [{ from: "2026-11-20" }, "time_range.from"],
    [{ from: "2026-13-20T00:00:00Z" }, "time_range.from"],
    [{ from: "-1h", to: "later" }, "time_range.to"],
    [{ from: "now", to: "-1h" }, "time_range.from"],
    [{ from: "-1h", until: "now" }, "time_range.until"],
  ])("%j is refused under %s", (time_range, field) => {
    expect(refusal({ time_range }).field).toBe(field);
  });
});

describe("query", () => {
  const conditions = (query: unknown) => parseQuery({ query, time_range: HOUR }, NOW_MS).conditions;

  test("takes equality, regular expressions and comparisons", () => {
    expect(
      conditions({
        event: { regex: "^(webrtc_|connection_)" },
        stream_id: "test",
        peer_id: null,
        id: { $gt: 5 },
        "metadata.roundTripTime": { $gte: 500, $lt: 900 },
        "metadata.moved": true,
      }),
    ).toEqual([
      { field: "event", is: "match", regex: "^(webrtc_|connection_)" },
      { field: "stream_id", is: "equal", value: "test" },
      { field: "peer_id", is: "equal", value: null },
      { field: "id", is: "compared", comparison: "$gt", value: 5 },
      { field: "metadata.roundTripTime", is: "compared", comparison: "$gte", value: 500 },
      { field: "metadata.roundTripTime", is: "compared", comparison: "$lt", value: 900 },
      { field: "metadata.moved", is: "equal", value: true },
    ]);
  });

  test.each([
    [[], "query"],
    [{ evnt: "x" }, "query.evnt"],
    [{ "metadata.a'b": "x" }, "query.metadata.a'b"],
    [{ "metadata.": "x" }, "query.metadata."],
    [{ event: 5 }, "query.event"],
    [{ event: ["x"] }, "query.event"],
    [{ event: "x".repeat(300) }, "query.event"],
    [{ event: {} }, "query.event"],
    [{ event: { $gt: 5 } }, "query.event.$gt"],
    [{ event: { regex: 5 } }, "query.event.regex"],
    [{ event: { regex: "(" } }, "query.event.regex"],
    [{ event: { regex: "(?=x)" } }, "query.event.regex"],
    [{ event: { regex: "\\1" } }, "query.event.regex"],
    [{ event: { regex: "a".repeat(300) } }, "query.event.regex"],
    [{ "metadata.x": { regex: "(((a{0,1000}))){1000}" } }, "query.metadata.x.regex"],
    [{ "metadata.x": { $gt: "5" } }, "query.metadata.x.$gt"],
    [{ "metadata.x": { $near: 5 } }, "query.metadata.x.$near"],
    [{ id: "5" }, "query.id"],
    [{ id: { regex: "5" } }, "query.id.regex"],
    [Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`metadata.m${i}`, 1])), "query"],
  ])("%j is refused under %s", (query, field) => {
    expect(refusal({ query, time_range: HOUR }).field).toBe(field);
  });
});

test.each([
  [null, "body"],
  [[], "body"],
  [{ time_range: HOUR, filter: {} }, "filter"],
  [{ time_range: HOUR, sort: { event: 1 } }, "sort.event"],
  [{ time_range: HOUR, sort: { timestamp: "asc" } }, "sort.timestamp"],
  [{ time_range: HOUR, limit: 0 }, "limit"],
  [{ time_range: HOUR, limit: 10_001 }, "limit"],
  [{ time_range: HOUR, limit: "5" }, "limit"],
  [{ time_range: HOUR, cursor: "5" }, "cursor"],
  [{ time_range: HOUR, cursor: 5 }, "cursor"],
])("%j is refused under %s", (body, field) => {
  const { field: named, message } = refusal(body);
  expect(named).toBe(field);
  expect(message).toStartWith(`${field}: `);
});

test("a pattern that ruins backtracking engines is taken, and is fast on any text", async () => {
  const { compileRegex } = await import("../../../src/journal/query/regex.ts");
  const regex = compileRegex("^(a+)+$", "query.event.regex");
  const text = `${"a".repeat(256)}b`;
  const startMs = performance.now();
  for (let i = 0; i < 100; i++) expect(regex.test(text)).toBe(false);
  // Backtracking would take for ever.
  expect(performance.now() - startMs).toBeLessThan(10_000);
});
