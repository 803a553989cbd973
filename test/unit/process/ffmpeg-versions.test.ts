/** The whole output of FFmpeg 5 to 8 through the reader of a run: what was opened, how far it is, what stays in the log. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { parseRecord } from "../../../src/process/record.ts";
import { progressOf } from "../../../src/process/supervisor/process-state.ts";
import { Run } from "../../../src/process/supervisor/run.ts";
import { fixedRandom } from "../../support/fixed-random.ts";
import { FakeClock } from "./fakes.ts";

const folder = new URL("../../fixtures/ffmpeg-log/", import.meta.url);
const record = parseRecord({
  id: "cam",
  input: [{ id: "in", address: "rtsp://cam/1" }],
  webrtc: { enabled: true },
});

/** What a run has read of a recorded output that came in pieces, as pipes give it. */
function read(name: string, pipe: "stdout" | "stderr") {
  const random = fixedRandom(name.length);
  let grew = 0;
  const onProgress = () => {
    grew++;
  };
  const run = new Run({ clock: new FakeClock(), hideLevels: true, onProgress });
  let rest: Uint8Array = readFileSync(new URL(name, folder));
  while (rest.length > 0) {
    const size = 1 + random.below(90);
    run[pipe](rest.subarray(0, size));
    rest = rest.subarray(size);
  }
  run.end();
  const progress = progressOf(record, run);
  const opened = [...progress.inputs, ...progress.outputs].map(
    ({ type, codec }) => `${type} ${codec}`,
  );
  return { progress, opened, grew, log: run.log.report().log.map(([, line]) => line) };
}

const both = ["video h264", "audio aac", "video h264", "audio opus"];
const generated = ["video wrapped_avframe", "audio pcm_s16le", "video h264", "audio opus"];
const sound = ["audio pcm_s16le", "audio opus"];

describe("the log of", () => {
  test.each([
    [
      "5.1-level.txt",
      ["video rawvideo", ...generated.slice(1)],
      { frame: 50, q: 21, size_kb: 150, time: 2.01, speed: 1.01 },
    ],
    ["5.1-audio.txt", sound, { frame: 0, size_kb: 0, time: 1.51, speed: 1 }],
    [
      "5.1-file.txt",
      ["video h264", "audio aac", "video h264", "audio aac"],
      { frame: 60, size_kb: 0, time: 2, speed: 8020 },
    ],
    ["6.1.txt", both, { frame: 89, size_kb: 1277, time: 3.53, speed: 0.999, dup: 1, drop: 2 }],
    ["7.0-level.txt", generated, { frame: 45, q: 21, size_kb: 136, time: 1.8, speed: 1.34 }],
    ["7.0-audio.txt", sound, { frame: 0, size_kb: 15, time: 1.5, speed: 1.45 }],
    [
      "8.0-audio.txt",
      ["audio opus", "audio opus"],
      { frame: 0, size_kb: 32, time: 4.02, speed: 1 },
    ],
    [
      "8.0-video.txt",
      both,
      { frame: 102, q: 23, size_kb: 640, time: 4.08, speed: 1.01, dup: 1, drop: 3 },
    ],
  ])("FFmpeg %s", (name, opened, totals) => {
    const run = read(name, "stderr");
    expect(run.opened).toEqual(opened);
    expect(run.progress).toMatchObject(totals);
    expect(run.grew).toBeGreaterThan(0);
    // Statistics are progress, not log, and the levels are ours.
    expect(run.log.filter((line) => /^(?:frame|L?size)=|^\[(?:info|error)\]/.test(line))).toEqual(
      [],
    );
    expect(run.log.length).toBeGreaterThan(2);
  });
});

describe("the -progress blocks of", () => {
  test.each([
    ["5.1-progress.txt", { frame: 30, q: 21, size_kb: 91, time: 1.16, speed: 0.963 }],
    ["7.0-progress.txt", { frame: 30, q: -1, size_kb: 0, time: 1.2, speed: 1.62 }],
  ])("FFmpeg %s", (name, totals) => {
    const run = read(name, "stdout");
    expect(run.progress).toMatchObject(totals);
    expect(run.grew).toBeGreaterThan(0);
  });
});
