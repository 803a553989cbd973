import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { splitLevel } from "../../../src/process/log-lines.ts";
import {
  ProgressBlocks,
  type ProgressFields,
  ProgressMeter,
  parseStatsLine,
} from "../../../src/process/progress.ts";
import { fixedRandom } from "../../support/fixed-random.ts";

const folder = new URL("../../fixtures/ffmpeg-log/", import.meta.url);

function lines(name: string): string[] {
  return readFileSync(new URL(name, folder), "utf8").split(/[\r\n]+/);
}

function stats(name: string): ProgressFields[] {
  return lines(name).flatMap((line) => parseStatsLine(splitLevel(line).text) ?? []);
}

test("FFmpeg 5.1 statistics behind a level prefix are read", () => {
  expect(stats("5.1-level.txt")[0]).toEqual({
    ...{ frame: 1, q: 20, sizeKb: 8, timeSeconds: 0.01, speed: 3.31 },
  });
  expect(stats("5.1-level.txt").length).toBeGreaterThan(3);
});

test("sound only and a size that is N/A still tell the time", () => {
  expect(stats("5.1-audio.txt").at(-1)).toEqual({ timeSeconds: 1.51, speed: 1 });
});

test("FFmpeg 6.1 counts kB, duplicates and drops", () => {
  expect(stats("6.1.txt").at(-1)).toEqual({
    ...{ frame: 89, q: -1, sizeKb: 1277, timeSeconds: 3.53, dup: 1, drop: 2, speed: 0.999 },
  });
});

test("FFmpeg 7.1 counts KiB and has no time before the first packet", () => {
  const [first, last] = stats("7.1.txt");
  expect(first).toEqual({ frame: 0, q: 0, sizeKb: 0 });
  expect(last).toMatchObject({ frame: 121, sizeKb: 1183, timeSeconds: 4 });
});

test("FFmpeg 8.0 adds the elapsed time without harm", () => {
  expect(stats("8.0-audio.txt").at(-1)).toEqual({ sizeKb: 32, timeSeconds: 4.02, speed: 1 });
});

test("lines that only look like statistics are none", () => {
  expect(parseStatsLine("frame=garbage")).toBeUndefined();
  expect(parseStatsLine("[libx264 @ 0x1] frame I:1 time=00:00:01.00")).toBeUndefined();
});

test("blocks of -progress are read, with the SDP in front of them ignored", () => {
  const blocks: ProgressFields[] = [];
  const reader = new ProgressBlocks((fields) => blocks.push(fields));
  for (const line of lines("5.1-progress.txt")) reader.push(line);
  expect(blocks.at(-1)).toEqual({
    ...{ frame: 30, q: 21, sizeKb: 91, timeSeconds: 1.160011, dup: 0, drop: 0, speed: 0.963 },
  });
  expect(blocks.length).toBeGreaterThan(1);
});

test("more frames or more media time is progress, the same numbers again are none", () => {
  const meter = new ProgressMeter();
  expect(meter.update(0, { frame: 0, timeSeconds: 0 })).toBe(false);
  expect(meter.update(500, { frame: 10 })).toBe(true);
  expect(meter.update(1000, { frame: 10 })).toBe(false);
  expect(meter.update(1500, { timeSeconds: 1 })).toBe(true);
});

test("fps and bitrate are averages of the last 30 seconds", () => {
  const meter = new ProgressMeter();
  for (let second = 0; second <= 60; second++) {
    const frame = second <= 30 ? second * 10 : 300 + (second - 30) * 25;
    meter.update(second * 1000, { frame, sizeKb: second * 100 });
  }
  expect(meter.totals()).toMatchObject({ fps: 25, bitrate_kbit: 819.2, frame: 1050 });
});

test("random text never throws and never makes a negative number", () => {
  const random = fixedRandom(3);
  const alphabet = "frame=sizetimespeedq0123456789:.-xN/AkKiB \t";
  for (let round = 0; round < 5000; round++) {
    const text = `frame=${[...random.bytes(40)].map((b) => alphabet[b % alphabet.length]).join("")}time=`;
    const fields = parseStatsLine(text);
    expect(fields?.frame ?? 0).toBeGreaterThanOrEqual(0);
    expect(fields?.timeSeconds ?? 0).toBeGreaterThanOrEqual(0);
  }
});
