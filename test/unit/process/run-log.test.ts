import { expect, test } from "bun:test";
import { RunLog } from "../../../src/process/run-log.ts";

test("the log keeps the newest 50 lines with their seconds as text", () => {
  const log = new RunLog(100);
  for (let at = 0; at < 60; at++) log.add(100 + at, `line ${at}`);
  const { log: lines, created_at } = log.report();
  expect(created_at).toBe(100);
  expect(lines).toHaveLength(50);
  expect(lines[0]).toEqual(["110", "line 10"]);
  expect(log.lastLine).toBe("line 59");
});

test("a long prelude keeps 100 lines of its head, 50 of its tail and says what is missing", () => {
  const log = new RunLog(0);
  for (let at = 0; at < 170; at++) log.add(0, `line ${at}`);
  const { prelude } = log.report();
  expect(prelude).toHaveLength(151);
  expect(prelude[99]).toBe("line 99");
  expect(prelude[100]).toBe("... truncated 20 lines ...");
  expect(prelude[101]).toBe("line 120");
});

test("lines after the first progress are no prelude", () => {
  const log = new RunLog(0);
  log.add(0, "opening");
  log.closePrelude();
  log.add(1, "later");
  expect(log.report().prelude).toEqual(["opening"]);
  expect(log.report().log.map(([, line]) => line)).toEqual(["opening", "later"]);
});

test("a run that is over ended of its last error, not of what FFmpeg said after it", () => {
  const log = new RunLog(100);
  log.addError(100, "a frame could not be decoded");
  log.addError(200, "Failed to open file 'cam0.ts'");
  log.add(202, "kb/s:1296.80");
  log.add(202, "Conversion failed!");
  expect([log.lastWord("failed"), log.lastWord("finished")]).toEqual([
    "Failed to open file 'cam0.ts'",
    "Conversion failed!",
  ]);
});

test("a host name that can't be resolved counts more than what FFmpeg says to it, not than a later error", () => {
  const log = new RunLog(100);
  const cause = "Failed to resolve hostname cam.invalid: Name or service not known";
  log.addError(100, cause);
  log.addError(100, "rtsp://cam.invalid/1: Input/output error");
  expect(log.lastWord("failed")).toBe(cause);
  log.addError(101, "Failed to open file 'cam0.ts'");
  expect(log.lastWord("failed")).toBe("Failed to open file 'cam0.ts'");
});

test("an error that is long past has not ended it", () => {
  const log = new RunLog(100);
  log.addError(100, "a frame could not be decoded");
  log.add(200, "frame I:2");
  expect(log.lastWord("killed")).toBe("frame I:2");
});

test("the server's word of why it ended a run counts more than what FFmpeg says to it", () => {
  const log = new RunLog(100);
  log.addVerdict(100, "Stopped by the server: no progress for 5 s.");
  log.addError(101, "Immediate exit requested");
  expect(log.lastWord("killed")).toBe("Stopped by the server: no progress for 5 s.");
});
