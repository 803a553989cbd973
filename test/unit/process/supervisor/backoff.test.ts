import { expect, test } from "bun:test";
import {
  hasFlowed,
  RestartDelay,
  type RunEnd,
} from "../../../../src/process/supervisor/backoff.ts";

const crash: RunEnd = { runMs: 100, progressed: false, state: "failed" };
const killed: RunEnd = { runMs: 5000, progressed: true, state: "killed" };
const live = { delaySeconds: 0, live: true };

test("failures are answered by longer and longer waits, up to 30 s", () => {
  const delay = new RestartDelay();
  const waits = Array.from({ length: 7 }, () => delay.next(crash, live));
  expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
});

test("30 healthy seconds wipe out what was before", () => {
  const delay = new RestartDelay();
  for (let at = 0; at < 5; at++) delay.next(crash, live);
  expect(delay.next({ runMs: 30_000, progressed: true, state: "killed" }, live)).toBe(200);
  expect(delay.next(crash, live)).toBe(1000);
});

test("a live source that flowed is back at once, but not if it flaps", () => {
  const delay = new RestartDelay();
  const waits = Array.from({ length: 8 }, () => delay.next(killed, live));
  expect(waits).toEqual([200, 200, 200, 200, 200, 1000, 2000, 4000]);
});

test("a file that is played over and over doesn't count as flapping", () => {
  const delay = new RestartDelay();
  const finished: RunEnd = { runMs: 5000, progressed: true, state: "finished" };
  for (let at = 0; at < 20; at++) expect(delay.next(finished, live)).toBe(200);
});

test("a configured delay is kept, and is the least after failures", () => {
  const delay = new RestartDelay();
  expect(delay.next(killed, { delaySeconds: 15, live: true })).toBe(15_000);
  expect(delay.next(crash, { delaySeconds: 15, live: true })).toBe(15_000);
});

test("a process without viewers has a floor of 1 s", () => {
  expect(new RestartDelay().next(killed, { delaySeconds: 0, live: false })).toBe(1000);
});

test("a run proves its plan by media that flowed for 2 s", () => {
  expect(hasFlowed(killed)).toBe(true);
  expect(hasFlowed({ ...killed, runMs: 1999 })).toBe(false);
  expect(hasFlowed({ ...killed, progressed: false })).toBe(false);
});
