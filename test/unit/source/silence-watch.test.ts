import { describe, expect, test } from "bun:test";
import { SilenceWatch } from "../../../src/source/leg/silence-watch.ts";

describe("silence watch", () => {
  test("tells once of a silence, at its bound and not before", () => {
    const watch = new SilenceWatch(5000, 100);
    expect(watch.failed(5099)).toBe(false);
    expect(watch.failed(5100)).toBe(true);
    expect(watch.failed(60_000)).toBe(false);
    expect(watch.silent(60_000)).toBe(true);
  });

  test("each packet begins the time anew", () => {
    const watch = new SilenceWatch(5000, 0);
    watch.heard(4000);
    expect(watch.silent(8999)).toBe(false);
    expect(watch.failed(8999)).toBe(false);
    expect(watch.failed(9000)).toBe(true);
  });

  test("tells of the next silence too, once the leg has spoken between", () => {
    const watch = new SilenceWatch(5000, 0);
    expect(watch.failed(5000)).toBe(true);
    watch.heard(6000);
    expect(watch.silent(6000)).toBe(false);
    expect(watch.failed(11_000)).toBe(true);
  });
});
