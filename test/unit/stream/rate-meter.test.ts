import { expect, test } from "bun:test";
import { RateMeter } from "../../../src/stream/rate-meter.ts";

test("tells the bitrate of late, whoever asks how often", () => {
  const meter = new RateMeter(1000, 0);
  expect(meter.read(500_000, 1999)).toBeUndefined();
  // A megabit per second.
  expect(meter.read(251_000, 2000)).toBe(1_000_000);
  for (let second = 3; second <= 60; second++) meter.read(1000 + second * 125_000, second * 1000);
  // Then two: after the window only those count.
  const at = (second: number) => 1000 + 60 * 125_000 + (second - 60) * 250_000;
  for (let second = 61; second <= 81; second++) meter.read(at(second), second * 1000);
  expect(meter.read(at(82), 82_000)).toBe(2_000_000);
});

test("a mean over the whole time where nobody asked", () => {
  const meter = new RateMeter(0, 0);
  expect(meter.read(125_000 * 3600, 3_600_000)).toBe(1_000_000);
});
