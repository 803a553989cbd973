import { describe, expect, test } from "bun:test";
import { Congestion } from "../../../src/egress/congestion.ts";

describe("congestion of one viewer", () => {
  test("is two reports of heavy loss in a row", () => {
    const congestion = new Congestion();
    const reports = [0.3, 0.1, 0.3, 0.19, 0.2, 0.2];
    const found = reports.map((lost, i) => congestion.report(lost, i * 1000));
    expect(found).toEqual([undefined, undefined, undefined, undefined, undefined, 0]);
  });

  test("leaves out more each time, up to a bound", () => {
    const congestion = new Congestion();
    const found = Array.from({ length: 14 }, (_, i) => congestion.report(0.5, i * 1000));
    expect(found.filter((skip) => skip !== undefined)).toEqual([0, 1, 3, 7, 7, 7, 7]);
  });

  test("is forgotten after twenty good seconds, and not before", () => {
    const congestion = new Congestion();
    const fail = (nowMs: number) => [0.5, 0.5].map((lost) => congestion.report(lost, nowMs)).at(-1);
    expect(fail(0)).toBe(0);
    congestion.report(0, 1000);
    congestion.report(0, 20_000);
    expect(fail(20_500)).toBe(1);
    congestion.report(0, 21_000);
    congestion.report(0.01, 41_000);
    expect(fail(42_000)).toBe(0);
  });
});
