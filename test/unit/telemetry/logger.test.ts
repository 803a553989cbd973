import { describe, expect, test } from "bun:test";
import { createLogger, type Logger, type LogLevel } from "../../../src/telemetry/logger.ts";

function collect(
  format: "json" | "text",
  level: LogLevel = "debug",
): { lines: string[]; logger: Logger } {
  const lines: string[] = [];
  const now = (): Date => new Date("2026-01-02T03:04:05.006Z");
  return { lines, logger: createLogger({ level, format, write: (line) => lines.push(line), now }) };
}

describe("logger", () => {
  test("writes one JSON object per line with time, level, message and fields", () => {
    const { lines, logger } = collect("json");
    logger.info("stream live", {
      stream: "test",
      peers: 0,
      live: true,
      since: null,
      none: undefined,
    });
    expect(lines).toEqual([
      '{"ts":"2026-01-02T03:04:05.006Z","level":"info","msg":"stream live","stream":"test","peers":0,"live":true,"since":null}\n',
    ]);
  });

  test("writes text for people with quotes only where they are needed", () => {
    const { lines, logger } = collect("text");
    logger.warn("leg silent", { stream: "a", detail: "no packet for 3 s", empty: "" });
    expect(lines).toEqual([
      '2026-01-02T03:04:05.006Z WARN  leg silent stream=a detail="no packet for 3 s" empty=""\n',
    ]);
  });

  test("writes nothing below the level, and nothing at all when silent", () => {
    const warn = collect("json", "warn");
    warn.logger.debug("a");
    warn.logger.info("b");
    warn.logger.warn("c");
    warn.logger.error("d");
    expect(warn.lines.map((line) => JSON.parse(line).msg)).toEqual(["c", "d"]);
    const silent = collect("json", "silent");
    silent.logger.error("e");
    expect(silent.lines).toEqual([]);
  });

  test("adds the fields of every parent, and the nearest one wins", () => {
    const { lines, logger } = collect("json");
    logger.child({ room: "peer", peer: "1" }).child({ peer: "2" }).info("m", { x: 1 });
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ room: "peer", peer: "2", x: 1 });
  });

  test.each(["json", "text"] as const)(
    "keeps one event on one line without control characters (%s)",
    (format) => {
      const { lines, logger } = collect(format);
      const hostile = "a\nb\r\u001b[31mred\u0000\u007f\u009b\u2028\u202e%d%s";
      logger.info(hostile, { text: hostile });
      const line = lines[0] ?? "";
      expect(line.endsWith("\n")).toBe(true);
      const unsafe = [...line.slice(0, -1)].filter((c) => /[\p{Cc}\p{Zl}\p{Zp}\p{Cf}]/u.test(c));
      expect(unsafe).toEqual([]);
      expect(line).toContain("%d%s");
      if (format === "json")
        expect(JSON.parse(line)).toMatchObject({ msg: hostile, text: hostile });
    },
  );

  test("redacts the message and each field", () => {
    const { lines, logger } = collect("json");
    logger.error("rtsp://u:c4n4ry@h failed", {
      command: "-passphrase c4n4ry",
      url: "http://h?token=c4n4ry",
    });
    logger.child({ url: "rtsp://u:c4n4ry@h" }).info("x");
    expect(lines.join("")).not.toContain("c4n4ry");
  });

  test("cuts a string without end, but never through a secret", () => {
    const { lines, logger } = collect("json");
    const secret = "x".repeat(200);
    logger.info(`${"a".repeat(8150)} rtsp://u:${secret}@h ${"b".repeat(100_000)}`);
    expect((lines[0] ?? "").length).toBeLessThan(8500);
    expect(lines[0]).not.toContain("xxxx");
  });

  test("does not let a field take the place of time, level or message", () => {
    const { lines, logger } = collect("json");
    logger.info("real", { msg: "forged", level: "error", ts: "never" });
    expect(JSON.parse(lines[0] ?? "")).toEqual({
      ts: "2026-01-02T03:04:05.006Z",
      level: "info",
      msg: "real",
      field_msg: "forged",
      field_level: "error",
      field_ts: "never",
    });
  });
});
