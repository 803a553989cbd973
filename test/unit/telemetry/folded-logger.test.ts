import { expect, test } from "bun:test";
import { FloodGate } from "../../../src/telemetry/flood-gate.ts";
import { FoldedLogger } from "../../../src/telemetry/folded-logger.ts";
import { createLogger } from "../../../src/telemetry/logger.ts";

function setUp() {
  const lines: Record<string, unknown>[] = [];
  const clock = { ms: 0 };
  const plain = createLogger({
    level: "debug",
    format: "json",
    write: (line) => {
      const { ts: _, ...rest } = JSON.parse(line) as Record<string, unknown>;
      lines.push(rest);
    },
    now: () => new Date(0),
  });
  const gate = new FloodGate({ logger: plain, nowMs: () => clock.ms });
  return { clock, gate, lines, logger: new FoldedLogger(plain, gate) };
}

test("a thousand warnings of one cause are a line at once and one a second later", () => {
  const { clock, gate, lines, logger } = setUp();
  for (let i = 0; i < 1000; i++) {
    const request = `r${i}`;
    logger.warn("request refused", { event: "auth_failed", request });
  }
  expect(lines).toEqual([
    { level: "warn", msg: "request refused", event: "auth_failed", request: "r0" },
  ]);
  clock.ms = 1000;
  gate.flush();
  const last = { level: "warn", msg: "request refused", event: "auth_failed", request: "r999" };
  expect(lines.slice(1)).toEqual([{ ...last, folded: 998 }]);
});

test("another cause has its own line: another stream, reason or event", () => {
  const { lines, logger } = setUp();
  logger.warn("leg failed", { stream: "a", failure: "no_rtp" });
  logger.warn("leg failed", { stream: "b", failure: "no_rtp" });
  logger.warn("leg failed", { stream: "b", failure: "process_died" });
  logger.error("leg failed", { stream: "c", failure: "no_rtp" });
  expect(lines).toHaveLength(4);
});

test("failures of requests are one cause however many requests they are", () => {
  const { lines, logger } = setUp();
  for (const id of ["r1", "r2"]) logger.error("request failed", { id, request: id, error: "boom" });
  expect(lines).toHaveLength(1);
});

test("what is no warning passes as it is, with the fields of a child", () => {
  const { lines, logger } = setUp();
  const child = logger.child({ worker: "media-0" });
  child.info("viewer joins", { peer: "p1" });
  child.info("viewer joins", { peer: "p2" });
  child.debug("x");
  expect(lines.map(({ peer, worker }) => [peer, worker])).toEqual([
    ["p1", "media-0"],
    ["p2", "media-0"],
    [undefined, "media-0"],
  ]);
});
