import { describe, expect, test } from "bun:test";
import { FloodGate } from "../../../src/telemetry/flood-gate.ts";
import { createLogger } from "../../../src/telemetry/logger.ts";

function setUp(causesMax = 8) {
  const clock = { ms: 0 };
  const records: { msg?: string; n?: number; folded?: number }[] = [];
  const logger = createLogger({
    level: "debug",
    format: "json",
    write: (line) => records.push(JSON.parse(line)),
    now: () => new Date(0),
  });
  const gate = new FloodGate({ logger, nowMs: () => clock.ms, causesMax });
  return { clock, records, gate };
}

describe("flood gate", () => {
  test("lets the first line of a cause through and folds the rest of the second into the next one", () => {
    const { clock, records, gate } = setUp();
    for (let n = 0; n < 1000; n += 1) gate.warn("short", "datagram too short", { n });
    expect(records).toMatchObject([{ msg: "datagram too short", n: 0 }]);
    expect(records[0]).not.toHaveProperty("folded");
    clock.ms = 1000;
    gate.warn("short", "datagram too short", { n: 1000 });
    expect(records[1]).toMatchObject({ n: 1000, folded: 999 });
  });

  test("keeps causes apart", () => {
    const { records, gate } = setUp();
    gate.warn("a", "a");
    gate.warn("b", "b");
    expect(records.map((record) => record.msg)).toEqual(["a", "b"]);
  });

  test("writes what is folded when it is closed, whatever the time", () => {
    const { records, gate } = setUp();
    for (let n = 0; n < 5; n += 1) gate.warn("a", "m", { n });
    gate.close();
    gate.close();
    expect(records).toMatchObject([{ n: 0 }, { n: 4, folded: 3 }]);
  });

  test("does not lose the count when the flood ends", () => {
    const { clock, records, gate } = setUp();
    for (let n = 0; n < 5; n += 1) gate.warn("a", "m", { n });
    gate.flush();
    expect(records).toHaveLength(1);
    clock.ms = 1000;
    gate.flush();
    // Four were folded: this line is one of them and stands for three more.
    expect(records[1]).toMatchObject({ n: 4, folded: 3 });
    clock.ms = 2000;
    gate.flush();
    gate.flush();
    expect(records).toHaveLength(2);
  });

  test("a stream of ever new causes writes a bounded number of lines per second", () => {
    const { clock, records, gate } = setUp(8);
    for (let n = 0; n < 10_000; n += 1) gate.warn(`cause ${n}`, "m");
    expect(records).toHaveLength(9);
    clock.ms = 1000;
    gate.flush();
    expect(records).toHaveLength(10);
    expect(records[9]).toMatchObject({ folded: 9990 });
  });

  test("makes room by forgetting causes that fell silent", () => {
    const { clock, records, gate } = setUp(2);
    gate.warn("a", "m");
    gate.warn("b", "m");
    clock.ms = 1000;
    gate.warn("c", "new");
    gate.warn("d", "newer");
    expect(records.slice(2).map((record) => record.msg)).toEqual(["new", "newer"]);
  });
});
