import { describe, expect, test } from "bun:test";
import { Congestion } from "../../../src/egress/congestion.ts";

describe("congestion of one viewer", () => {
  test("is two seconds of heavy loss in a row", () => {
    const congestion = new Congestion();
    const reports = [0.3, 0.1, 0.3, 0.19, 0.2, 0.2];
    const found = reports.map((lost, i) => congestion.report(lost, i * 1000));
    expect(found).toEqual([undefined, undefined, undefined, undefined, undefined, 0]);
  });

  test("is not a few packets lost at random, each reported at once", () => {
    const congestion = new Congestion();
    // Between reports each second one after each loss, over the few packets since the loss before.
    const found = Array.from({ length: 100 }, (_, i) => [
      congestion.report(0.3, i * 500 + 40),
      congestion.report(0.25, i * 500 + 90),
      congestion.report(0.05, i * 500 + 500),
    ]).flat();
    expect(found.filter((groups) => groups !== undefined)).toEqual([]);
  });

  test("is heavy loss that is reported in small parts", () => {
    const congestion = new Congestion();
    const found = Array.from({ length: 60 }, (_, i) =>
      congestion.report(i % 3 === 2 ? 0 : 0.6, i * 50),
    );
    expect(found.filter((groups) => groups !== undefined)).toEqual([0]);
  });

  test("leaves out more each time, up to a bound", () => {
    const congestion = new Congestion();
    const found = Array.from({ length: 14 }, (_, i) => congestion.report(0.5, i * 1000));
    expect(found.filter((skip) => skip !== undefined)).toEqual([0, 1, 3, 7, 7, 7, 7]);
  });

  test("is forgotten after twenty good seconds, and not before", () => {
    const congestion = new Congestion();
    const fail = (nowMs: number) =>
      [0, 1000].map((ms) => congestion.report(0.5, nowMs + ms)).at(-1);
    expect(fail(0)).toBe(0);
    congestion.report(0, 2000);
    congestion.report(0, 21_000);
    expect(fail(22_000)).toBe(1);
    congestion.report(0, 24_000);
    congestion.report(0.01, 44_000);
    expect(fail(45_000)).toBe(0);
  });
});
