import { describe, expect, test } from "bun:test";
import { SERIES_MAX } from "../../../src/monitor/history.ts";
import { Monitor } from "../../../src/monitor/monitor.ts";
import type { Value } from "../../../src/monitor/value.ts";

function world(options: { rangeSeconds?: number; intervalSeconds?: number } = {}) {
  const state = { seconds: 1000, values: [] as Value[] };
  const monitor = new Monitor({
    collectors: [{ collect: () => state.values }],
    rangeSeconds: 10,
    intervalSeconds: 2,
    ...options,
    unixMs: () => state.seconds * 1000 + 500,
  });
  return { state, monitor };
}

const value = (number: number, labels: Value["labels"] = null, name = "a"): Value => ({
  name,
  labels,
  value: number,
});

describe("values now", () => {
  test("are found by name and by expressions over all labels that are named", async () => {
    const { state, monitor } = world();
    state.values = [
      value(1),
      value(2, { id: "cam1", s: "x" }),
      value(3, { id: "cam2", s: "y" }),
      value(4, null, "b"),
    ];
    const found = async (name: string, labels: Record<string, string> = {}) =>
      (await monitor.now([{ name, labels }])).map(({ points }) => points[0]?.[1]);
    expect(await found("a")).toEqual([1, 2, 3]);
    expect(await found("a", { id: "cam" })).toEqual([2, 3]);
    expect(await found("a", { id: "^cam2$", s: "y" })).toEqual([3]);
    expect(await found("a", { id: "cam", other: "" })).toEqual([]);
    expect(await found("a", { id: "(" })).toEqual([]);
    expect(await found("c")).toEqual([]);
    expect(await monitor.now([])).toEqual([]);
    expect(await monitor.now([{ name: "b", labels: {} }])).toEqual([
      { name: "b", labels: null, points: [[1000, 4]] },
    ]);
  });

  test("are not held up by an expression that would take for ever elsewhere", async () => {
    const { state, monitor } = world();
    state.values = [value(1, { id: "a".repeat(5000) })];
    const began = performance.now();
    await monitor.now([{ name: "a", labels: { id: "^(a+)+$b" } }]);
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});

describe("values of the last minutes", () => {
  test("are kept for the range, oldest first", async () => {
    const { state, monitor } = world();
    for (let n = 0; n < 8; n++) {
      state.values = [value(n)];
      await monitor.sample();
      state.seconds += 2;
    }
    const all = monitor.past([{ name: "a", labels: {} }], 100, 0);
    expect(all).toEqual([
      { name: "a", labels: null, points: [3, 4, 5, 6, 7].map((n) => [1000 + 2 * n, n]) },
    ]);
    const points = (seconds: number, step: number) =>
      monitor.past([{ name: "a", labels: {} }], seconds, step)[0]?.points.map(([, n]) => n);
    expect(points(5, 0)).toEqual([6, 7]);
    expect(points(100, 4)).toEqual([3, 5, 7]);
  });

  test("of a series that is gone are forgotten after the range", async () => {
    const { state, monitor } = world();
    state.values = [value(1, { id: "gone" })];
    await monitor.sample();
    state.values = [];
    for (let n = 0; n < 6; n++) {
      state.seconds += 2;
      await monitor.sample();
    }
    expect(monitor.past([{ name: "a", labels: {} }], 1000, 0)).toEqual([]);
  });

  test("have a bound on their series", async () => {
    const { state, monitor } = world({ rangeSeconds: 2 });
    state.values = Array.from({ length: SERIES_MAX + 50 }, (_, n) => value(n, { n: String(n) }));
    await monitor.sample();
    expect(monitor.past([{ name: "a", labels: {} }], 100, 0)).toHaveLength(SERIES_MAX);
    expect(await monitor.now([{ name: "a", labels: {} }])).toHaveLength(SERIES_MAX + 50);
  });
});
