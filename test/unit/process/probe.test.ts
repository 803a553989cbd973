import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { describeSource, ProbeFailed, probeSource } from "../../../src/process/probe.ts";
import { parseRecord } from "../../../src/process/record.ts";
import { fakeWorld, settle } from "./fakes.ts";

const folder = new URL("../../fixtures/ffmpeg-log/", import.meta.url);
const fixture = (name: string) => readFileSync(new URL(name, folder), "utf8");

function record(...addresses: string[]) {
  return parseRecord({
    id: "x",
    input: addresses.map((address, at) => ({
      id: `i${at}`,
      address,
      options: address.startsWith("testsrc") ? ["-f", "lavfi"] : [],
    })),
    webrtc: { enabled: true },
  });
}

function start(source: ReturnType<typeof record>, stop = new AbortController().signal) {
  const world = fakeWorld();
  const facts = probeSource(source, { spawn: world.children.spawn, clock: world.clock }, stop);
  return { ...world, facts };
}

test("a file's streams, B-frames and keyframe distance become facts", async () => {
  const { children, facts, clock } = start(record("nob.mp4"));
  children.last.says(fixture("5.1-file.txt"));
  children.last.prints("#tb 0: 1/1000\n#media_type 0: video\n0, 0, 0, 40, 99, 0xab\n");
  children.last.prints("0, 40, 120, 40, 99, 0xab, F=0x0\n0, 80, 40, 40, 99, 0xab, F=0x0");
  children.last.exit(0);
  expect(await facts).toMatchObject({
    video: { map: "0:0", codec: "h264", profile: "Main", bFrames: true, gopSeconds: 0.12 },
    audio: { map: "0:1", codec: "aac", samplingHz: 48000, channels: 1 },
  });
  expect(clock.pending).toBe(0);
});

test("a rotation is that of the stream before it, and not of the output", async () => {
  const { children, facts } = start(record("phone.mp4"));
  const rotated = "    Side data:\n      displaymatrix: rotation of";
  children.last.says(
    fixture("5.1-file.txt").replace(/(.*: Video: .*)/, `$1\n${rotated} -90.00 degrees`),
  );
  children.last.says(`${rotated} 180.00 degrees`);
  children.last.exit(0);
  expect((await facts).video?.rotation).toBe(-90);
});

test("what is transcoded anyhow is only described, not watched", async () => {
  const transcoded = parseRecord(
    { webrtc: { video: { mode: "transcode" } } },
    record("rtsp://cam/1"),
  );
  const { children, facts, clock } = start(transcoded);
  children.last.says(fixture("6.1.txt"));
  children.last.prints("#tb 0: 1/1000\n");
  await clock.advance(0);
  expect(children.last.signals).toEqual(["SIGINT"]);
  children.last.exit(255);
  expect((await facts).video).toMatchObject({ codec: "h264", width: 1920 });
});

test("what an input's options switch off is not there: FFmpeg lists it and refuses to map it", async () => {
  const source = (options: string[]) =>
    parseRecord({ input: [{ id: "i", address: "rtsp://cam/1", options }] }, record("rtsp://cam/1"));
  const found = async (options: string[]) => {
    const { children, facts } = start(source(options));
    children.last.says(fixture("6.1.txt"));
    children.last.exit(0);
    const { video, audio } = await facts;
    return [video?.codec, audio?.codec];
  };
  expect(await found([])).toEqual(["h264", "aac"]);
  expect(await found(["-an"])).toEqual(["h264", undefined]);
  expect(await found(["-vn"])).toEqual([undefined, "aac"]);
});

test("a cover picture is no video", async () => {
  const { children, facts } = start(record("a.mp3"));
  const lines = fixture("7.1.txt").split("\n");
  children.last.says(
    [lines[0], ...lines.filter((line) => line.includes("attached pic"))].join("\n"),
  );
  children.last.exit(0);
  expect((await facts).video).toBeUndefined();
});

test("the streams of the output aren't taken for the source's", async () => {
  const { children, facts } = start(record("a.flv"));
  children.last.says(
    "Input #0, flv, from 'a.flv':\nOutput #0, framecrc, to 'pipe:1':\n  Stream #0:0: Video: h264 (High), yuv420p, 640x360",
  );
  children.last.exit(1);
  expect(await facts).toEqual({ video: undefined, audio: undefined });
});

test("test sources aren't looked at, the others are, and the places are kept", async () => {
  const { children, facts } = start(record("testsrc2", "rtsp://cam/1"));
  expect(children.all).toHaveLength(1);
  expect(children.last.argv).toContain("rtsp://cam/1");
  children.last.says(fixture("6.1.txt"));
  children.last.exit(0);
  const { video, audio } = await facts;
  expect([video?.map, audio?.map]).toEqual(["0:v:0", "1:1"]);
});

test("a source that can't be opened fails with FFmpeg's last words, without the password", async () => {
  const { children, facts } = start(record("rtsp://u:canary@cam/1"));
  children.last.says("[error] rtsp://u:canary@cam/1: Connection refused");
  children.last.exit(1);
  expect(await facts.catch((error: unknown) => error)).toEqual(
    new ProbeFailed("rtsp://***@cam/1: Connection refused"),
  );
});

test("a host name that can't be resolved is named, in the words of old and new versions of FFmpeg", async () => {
  const ends = [
    ["[error] rtsp://u:canary@cam.invalid/1: Input/output error"],
    [
      "[in#0 @ 0x2] [error] Error opening input: Input/output error",
      "[error] Error opening input file rtsp://u:canary@cam.invalid/1.",
      "[error] Error opening input files: Input/output error",
    ],
  ];
  for (const end of ends) {
    const { children, facts } = start(record("rtsp://u:canary@cam.invalid/1"));
    const cause = "Failed to resolve hostname cam.invalid: Name or service not known";
    children.last.says([`[tcp @ 0x1] [error] ${cause}`, ...end].join("\n"));
    children.last.exit(1);
    expect(await facts.catch((error: unknown) => error)).toEqual(
      new ProbeFailed(`[tcp @ 0x1] ${cause}`),
    );
  }
});

test("a source that says nothing is given up after 15 s", async () => {
  const { children, facts, clock } = start(record("rtsp://cam/1"));
  await clock.advance(15_000);
  expect(children.last.signals).toEqual(["SIGKILL"]);
  children.last.exit(null, "SIGKILL");
  expect(await facts.catch((error: unknown) => String(error))).toContain("said nothing");
});

test("what is known when the time is over counts", async () => {
  const { children, facts, clock } = start(record("rtsp://cam/1"));
  children.last.says(fixture("6.1.txt"));
  await clock.advance(15_000);
  children.last.exit(null, "SIGKILL");
  expect((await facts).video).toMatchObject({ codec: "h264", bFrames: undefined });
});

test("a live source is watched for 3 s from its first packet on, a file for 12 s of media", async () => {
  const { children, facts, clock } = start(record("rtsp://cam/1"));
  expect(children.last.argv.join(" ")).toContain("-t 12 ");
  children.last.says(fixture("6.1.txt"));
  await clock.advance(5000);
  children.last.prints("#tb 0: 1/1000\n#media_type 0: video\n0, 0, 0, 40, 99, 0xab\n");
  await clock.advance(2900);
  children.last.prints("0, 2900, 2900, 40, 99, 0xab, F=0x0\n");
  expect(children.last.signals).toEqual([]);
  await clock.advance(100);
  expect(children.last.signals).toEqual(["SIGINT"]);
  children.last.exit(255);
  expect((await facts).video).toMatchObject({ gopSeconds: 2.9, gopMeasured: false });
  expect(clock.pending).toBe(0);
});

test("an FFmpeg that does not leave when asked is killed", async () => {
  const { children, clock } = start(record("rtsp://cam/1"));
  children.last.prints("0, 0, 0, 40, 99, 0xab\n");
  await clock.advance(3000);
  expect(children.last.signals).toEqual(["SIGINT"]);
  await clock.advance(500);
  expect(children.last.signals).toEqual(["SIGINT", "SIGKILL"]);
});

test("a probe that is called off kills FFmpeg and rejects", async () => {
  const stop = new AbortController();
  const { children, facts } = start(record("rtsp://cam/1"), stop.signal);
  stop.abort();
  children.last.exit(null, "SIGKILL");
  expect(children.last.signals).toEqual(["SIGKILL"]);
  expect(await facts.catch((error: unknown) => (error as Error).name)).toBe("AbortError");
});

test("endless packets end the probe", async () => {
  const { children } = start(record("film.mp4"));
  children.last.prints("0, 0, 0, 40, 99, 0xab\n".repeat(20_000));
  await settle();
  expect(children.last.signals).toEqual(["SIGKILL"]);
});

test("the record's own log level doesn't hide what is read", () => {
  const quiet = parseRecord({ options: ["-loglevel", "quiet"] }, record("rtsp://cam/1"));
  const { children, facts } = start(quiet);
  void facts.catch(() => undefined);
  const { argv } = children.last;
  expect(argv.lastIndexOf("-loglevel")).toBeGreaterThan(argv.indexOf("quiet"));
  expect(argv).toContain("framecrc");
});

test("Core's probe lists every stream with every key its clients require", async () => {
  const { children, clock } = fakeWorld();
  const answer = describeSource(
    record("rtsp://admin:s3cret@10.0.0.7:554/ch1"),
    { spawn: children.spawn, clock },
    new AbortController().signal,
  );
  children.last.says(fixture("6.1.txt"));
  children.last.exit(1);
  const { streams, log } = await answer;
  expect(streams).toHaveLength(2);
  expect(streams[0]).toEqual({
    ...{ url: "rtsp://***@10.0.0.7:554/ch1", format: "rtsp", index: 0, stream: 0 },
    ...{ language: "und", type: "video", codec: "h264", coder: "", bitrate_kbps: 0 },
    ...{ duration_sec: 0, fps: 25, pix_fmt: "yuvj420p", width: 1920, height: 1080 },
    ...{ sampling_hz: 0, layout: "", channels: 0 },
  });
  expect(log.join()).not.toContain("s3cret");
});

test("Core's probe of a source that does not answer says so", async () => {
  const { children, clock } = fakeWorld();
  const tools = { spawn: children.spawn, clock };
  const stop = new AbortController().signal;
  const answer = describeSource(record("rtsp://camera/1"), tools, stop);
  await clock.advance(20_000);
  expect(children.last.signals).toEqual(["SIGKILL"]);
  children.last.exit(null, "SIGKILL");
  expect(await answer).toEqual({
    streams: [],
    log: ["FFmpeg said nothing within the time given"],
  });
});
