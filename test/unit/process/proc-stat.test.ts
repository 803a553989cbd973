import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import {
  parsePageBytes,
  parseProcStat,
  readProcStat,
  readUsage,
} from "../../../src/process/proc-stat.ts";

test("a name with blanks and brackets doesn't shift the fields", () => {
  const rest = "S 1 2 3 4 5 6 7 8 9 10 150 50 13 14 15 16 17 18 4242 20 300 22";
  expect(parseProcStat(`77 (ff) mpeg (x) ${rest}`)).toEqual({
    ...{ state: "S", cpuTicks: 200, startTicks: 4242, residentPages: 300 },
  });
});

test("cut text is no answer", () => {
  expect(parseProcStat("77 (ffmpeg) S 1 2")).toBeUndefined();
  expect(parseProcStat("")).toBeUndefined();
});

test("memory is counted in the pages of this machine", () => {
  const words = (...values: number[]) =>
    new Uint8Array(new BigUint64Array(values.map((value) => BigInt(value))).buffer);
  expect(parsePageBytes(words(33, 7, 6, 16_384, 17, 100, 0, 0))).toBe(16_384);
  expect(parsePageBytes(words(33, 6, 17, 100, 0, 0))).toBeUndefined();
  expect(parsePageBytes(words(6, 4096).subarray(0, 12))).toBeUndefined();
  if (process.platform !== "linux") return;
  const size = Number(Bun.spawnSync(["getconf", "PAGESIZE"]).stdout.toString());
  expect(parsePageBytes(readFileSync("/proc/self/auxv"))).toBe(size);
});

test.if(process.platform === "linux")("this process is found, and one that is not isn't", () => {
  expect(readProcStat(process.pid)?.startTicks).toBeGreaterThan(0);
  expect(readUsage(process.pid)?.memoryBytes).toBeGreaterThan(1_000_000);
  expect(readProcStat(2 ** 30)).toBeUndefined();
});
