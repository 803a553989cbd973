import { expect, test } from "bun:test";
import { GapMeter } from "../../../src/source/gap-meter.ts";

test("what comes often enough leaves no gap", () => {
  const gaps = new GapMeter();
  for (let ms = 0; ms <= 10_000; ms += 1000) gaps.heard(ms);
  expect(gaps.seconds(10_900)).toBe(0);
});

test("a gap counts while it lasts, and when it is over", () => {
  const gaps = new GapMeter();
  gaps.heard(0);
  expect(gaps.seconds(4000)).toBe(4);
  gaps.heard(5000);
  expect(gaps.seconds(5500)).toBe(5);
  gaps.heard(7000);
  expect(gaps.seconds(7000)).toBe(7);
});

test("before the first packet, and after a stop, nothing is missing", () => {
  const gaps = new GapMeter();
  expect(gaps.seconds(60_000)).toBe(0);
  gaps.heard(60_000);
  gaps.stopped(60_500);
  expect(gaps.seconds(90_000)).toBe(0);
  gaps.heard(90_000);
  expect(gaps.seconds(90_000)).toBe(0);
});
