import { expect, test } from "bun:test";
import { parseProcStat, readProcStat, readUsage } from "../../../src/process/proc-stat.ts";

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

test.if(process.platform === "linux")("this process is found, and one that is not isn't", () => {
  expect(readProcStat(process.pid)?.startTicks).toBeGreaterThan(0);
  expect(readUsage(process.pid)?.memoryBytes).toBeGreaterThan(1_000_000);
  expect(readProcStat(2 ** 30)).toBeUndefined();
});
