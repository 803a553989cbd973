import { expect, test } from "bun:test";
import { Flood } from "../../../src/journal/flood.ts";

const ENTRY = { event: "auth_failed" } as const;
const HOUR_MS = 3_600_000;

/** How many of so many events pass. */
function passed(flood: Flood, count: number, atMs: number): number {
  let passing = 0;
  for (let i = 0; i < count; i++) if (flood.pass(ENTRY, atMs) !== undefined) passing++;
  return passing;
}

test("what is left out is counted in the next one that passes", () => {
  const flood = new Flood();
  expect(passed(flood, 100, 0)).toBe(20);
  expect(flood.pass(ENTRY, 5000)).toEqual({ ...ENTRY, metadata: { folded: 80 } });
  expect(flood.pass(ENTRY, 5000)).toBeUndefined();
});

test("a time of day that was put back does not end the journal until the old time is reached", () => {
  const flood = new Flood();
  const wrongMs = 100 * HOUR_MS;
  expect(passed(flood, 100, wrongMs)).toBe(20);
  expect(passed(flood, 100, 0)).toBe(0);
  expect(passed(flood, 100, HOUR_MS)).toBe(20);
});
