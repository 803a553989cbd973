import { expect, test } from "bun:test";
import { StaleWatch, UsageWatch } from "../../../../src/process/supervisor/watch.ts";

const megabyte = 1024 * 1024;

test("a source is stale only after more than its timeout without growth", () => {
  const watch = new StaleWatch(5, 0);
  watch.grew(1000);
  expect(watch.isStale(6000)).toBe(false);
  expect(watch.isStale(6001)).toBe(true);
});

test("a source that did not begin yet is given the time that FFmpeg takes for it", () => {
  const impatient = new StaleWatch(2, 0);
  impatient.started(1000, 0);
  expect([impatient.isStale(11_000), impatient.isStale(11_001)]).toEqual([false, true]);
  impatient.grew(11_001);
  expect(impatient.isStale(13_002)).toBe(true);
  const patient = new StaleWatch(20, 0);
  expect([patient.isStale(20_000), patient.isStale(20_001)]).toEqual([false, true]);
});

test("a packet count that stands still or starts over is no growth", () => {
  const watch = new StaleWatch(5, 0);
  watch.started(0, 100);
  watch.packets(3000, 100);
  watch.packets(4000, 0);
  expect(watch.progressed).toBe(false);
  watch.packets(4500, 1);
  expect(watch.progressed).toBe(true);
});

test("a limit must be exceeded without a break", () => {
  const watch = new UsageWatch({ cpu_usage: 0, memory_mbytes: 10, waitfor_seconds: 5 }, 1);
  watch.sample(0, { cpuSeconds: 0, memoryBytes: 20 * megabyte });
  watch.sample(4000, { cpuSeconds: 0, memoryBytes: 5 * megabyte });
  watch.sample(5000, { cpuSeconds: 0, memoryBytes: 20 * megabyte });
  expect(watch.exceeded(9000)).toBeUndefined();
  expect(watch.exceeded(10_000)).toContain("memory 20 MB");
});

test("CPU counts against its limit in percent of all cores", () => {
  const watch = new UsageWatch({ cpu_usage: 40, memory_mbytes: 0, waitfor_seconds: 0 }, 2);
  watch.sample(0, { cpuSeconds: 0, memoryBytes: 0 });
  watch.sample(1000, { cpuSeconds: 0.7, memoryBytes: 0 });
  expect(watch.exceeded(1000)).toBeUndefined();
  watch.sample(2000, { cpuSeconds: 1.7, memoryBytes: 0 });
  expect(watch.exceeded(2000)).toStartWith("CPU 50.0 %");
});

test("no limits and no numbers mean no verdict", () => {
  const watch = new UsageWatch({ cpu_usage: 0, memory_mbytes: 0, waitfor_seconds: 0 }, 2);
  watch.sample(0, undefined);
  watch.sample(1000, { cpuSeconds: 9999, memoryBytes: 2 ** 40 });
  expect(watch.exceeded(5000)).toBeUndefined();
});
