import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import {
  type KnownLine,
  parseLogLine,
  type StreamLine,
  splitLevel,
} from "../../../src/process/log-lines.ts";
import { fixedRandom } from "../../support/fixed-random.ts";

const folder = new URL("../../fixtures/ffmpeg-log/", import.meta.url);

function known(name: string): KnownLine[] {
  return readFileSync(new URL(name, folder), "utf8")
    .split(/[\r\n]/)
    .flatMap((line) => parseLogLine(line) ?? []);
}

function streams(name: string): StreamLine[] {
  return known(name).flatMap((line) => (line.kind === "stream" ? [line] : []));
}

test("the level is taken out of a line with and without a component", () => {
  expect(splitLevel("[info] Stream mapping:")).toEqual({ level: "info", text: "Stream mapping:" });
  expect(splitLevel("[libx264 @ 0x55da] [warning] slow")).toEqual({
    level: "warning",
    text: "[libx264 @ 0x55da] slow",
  });
  expect(splitLevel("[libx264 @ 0x55da] slow").level).toBeUndefined();
  expect(splitLevel("[vist#0:0/h264 @ 0x5] [dec:h264 @ 0x6] [error] bad")).toEqual({
    level: "error",
    text: "[vist#0:0/h264 @ 0x5] [dec:h264 @ 0x6] bad",
  });
});

test("FFmpeg 5.1 with level prefixes: two inputs, a mapping, two RTP outputs", () => {
  const files = known("5.1-level.txt").map((line) =>
    line.kind === "stream" ? `${line.type} ${line.codec}` : line.kind,
  );
  expect(files).toEqual([
    ...["input", "video rawvideo", "input", "audio pcm_s16le", "mapping"],
    ...["output", "video h264", "output", "audio opus"],
  ]);
});

test("FFmpeg 5.1 copying a file: codec, profile, pixel format, size and rates", () => {
  expect(streams("5.1-file.txt")[0]).toMatchObject({
    ...{ file: 0, stream: 0, language: "und", type: "video", codec: "h264", profile: "Main" },
    ...{ pixelFormat: "yuv420p", width: 640, height: 360, fps: 30, interlaced: false },
  });
  expect(streams("5.1-file.txt")[1]).toMatchObject({
    ...{ type: "audio", codec: "aac", profile: "LC", samplingHz: 48000, layout: "mono" },
    ...{ channels: 1, bitrateKbit: 69 },
  });
});

test("FFmpeg 6.1 from a camera: full-range pixel format and a layout", () => {
  const [video, audio] = streams("6.1.txt");
  expect(video).toMatchObject({ codec: "h264", profile: "High", pixelFormat: "yuvj420p", fps: 25 });
  expect(audio).toMatchObject({ codec: "aac", samplingHz: 16000, channels: 1 });
});

test("FFmpeg 7.1: interlaced video, surround sound, a subtitle and a cover picture", () => {
  const [video, audio, subtitle, cover] = streams("7.1.txt");
  expect(video).toMatchObject({ interlaced: true, language: "eng", fps: 29.97, bitrateKbit: 2680 });
  expect(audio).toMatchObject({ codec: "ac3", layout: "5.1(side)", channels: 6 });
  expect(subtitle?.type).toBe("subtitle");
  expect(cover).toMatchObject({ codec: "mjpeg", attachedPicture: true });
  expect(known("7.1.txt")[0]).toEqual({
    ...{ kind: "input", index: 0, format: "mov,mp4,m4a,3gp,3g2,mj2" },
    address: "film, part 1.mp4",
  });
});

test("pixels that are no squares, as the stream or its container says", () => {
  const aspect = (text: string) => {
    const line = parseLogLine(`  Stream #0:0: Video: h264 (Main), yuv420p, ${text}, 25 fps`);
    return line?.kind === "stream" ? line.pixelAspect : undefined;
  };
  expect(aspect("720x576 [SAR 64:45 DAR 16:9]")).toBeCloseTo(64 / 45);
  expect(aspect("720x576, SAR 16:11 DAR 20:11")).toBeCloseTo(16 / 11);
  expect([aspect("720x576"), aspect("720x576 [SAR 0:1 DAR 0:0]")]).toEqual([1, 1]);
});

test("a picture that is to be turned, by FFmpeg 5.1 and by 7", () => {
  const turned = (degrees: number) => ({ kind: "rotation" as const, degrees });
  expect(parseLogLine("      displaymatrix: rotation of -90.00 degrees")).toEqual(turned(-90));
  expect(parseLogLine("[info]       Display Matrix: rotation of 180.00 degrees")).toEqual(
    turned(180),
  );
});

test("FFmpeg 8.0 with level prefixes and sound only: channels by number", () => {
  expect(streams("8.0-audio.txt")[0]).toMatchObject({ codec: "opus", channels: 2, width: 0 });
});

test("mutated lines never throw", () => {
  const random = fixedRandom(11);
  const line = readFileSync(new URL("7.1.txt", folder), "utf8").split("\n")[4]!;
  for (let round = 0; round < 3000; round++) {
    const bytes = new TextEncoder().encode(line);
    for (let flip = 0; flip < 6; flip++) {
      bytes[random.below(bytes.length)] = random.below(256);
    }
    const text = new TextDecoder().decode(bytes.subarray(0, 20 + random.below(256)));
    expect(() => parseLogLine(text)).not.toThrow();
  }
});

test("a line too long for any real one is not looked into", () => {
  const line = (padding: number) => `Input #0, rtsp, from '${"x".repeat(padding)}':`;
  expect(parseLogLine(line(100))?.kind).toBe("input");
  expect(parseLogLine(line(60_000))).toBeUndefined();
});
