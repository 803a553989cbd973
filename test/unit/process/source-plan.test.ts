import { describe, expect, test } from "bun:test";
import { demoRecord } from "../../../src/process/demo-record.ts";
import { parseRecord } from "../../../src/process/record.ts";
import {
  type AudioFacts,
  assumedFacts,
  needsProbe,
  planSource,
  type VideoFacts,
} from "../../../src/process/source-plan.ts";

const video: VideoFacts = {
  ...{ map: "0:0", codec: "h264", profile: "Main", pixelFormat: "yuv420p", interlaced: false },
  ...{ width: 1280, height: 720, fps: 30, bFrames: false, gopSeconds: 1 },
};
const audio: AudioFacts = { map: "0:1", codec: "opus", samplingHz: 48000, channels: 2 };

function record(webrtc: object = {}, address = "rtsp://cam/1", options: string[] = []) {
  return parseRecord({
    id: "x",
    input: [{ id: "i", address, options }],
    webrtc: { enabled: true, ...webrtc },
  });
}

function videoPlan(facts: Partial<VideoFacts>, webrtc: object = {}) {
  return planSource(record(webrtc), { video: { ...video, ...facts }, audio }).video;
}

describe("video is copied when browsers can decode it:", () => {
  const cases: [string, Partial<VideoFacts>, string][] = [
    ["H264 main without B-frames", {}, "H264"],
    ["high", { profile: "High" }, "H264"],
    ["full-range pixels of a camera", { pixelFormat: "yuvj420p" }, "H264"],
    [
      "baseline that sent no packet yet",
      { profile: "Constrained Baseline", bFrames: undefined },
      "H264",
    ],
    ["VP8", { codec: "vp8", profile: "", bFrames: false }, "VP8"],
  ];
  test.each(cases)("%s", (_name, facts, codec) => {
    expect(videoPlan(facts)).toEqual({ mode: "copy", codec: codec as "H264", map: "0:0" });
  });
});

describe("video is transcoded when browsers can't:", () => {
  const cases: [string, Partial<VideoFacts>, string][] = [
    ["B-frames", { bFrames: true }, "B-frames"],
    ["main that sent no packet", { bFrames: undefined }, "no frame came"],
    ["ten bits", { profile: "High 10", pixelFormat: "yuv420p10le" }, "profile High 10"],
    ["4:2:2 pixels", { pixelFormat: "yuv422p" }, "pixel format yuv422p"],
    ["interlaced", { interlaced: true }, "interlaced"],
    ["HEVC", { codec: "hevc" }, "the source is hevc"],
    ["raw", { codec: "" }, "the source is raw"],
  ];
  test.each(cases)("%s", (_name, facts, why) => {
    const plan = planSource(record(), { video: { ...video, ...facts }, audio });
    expect(plan.video).toMatchObject({ mode: "transcode", codec: "H264", map: "0:0" });
    expect(plan.reason).toContain(`transcoded to H264 because`);
    expect(plan.reason).toContain(why);
  });
});

describe("the record's policy", () => {
  test("forces a transcode, and its codec", () => {
    expect(videoPlan({}, { video: { mode: "transcode", codec: "vp8" } })).toMatchObject({
      mode: "transcode",
      codec: "VP8",
    });
  });

  test("vp8 turns a copyable H264 into VP8 but leaves VP8 alone", () => {
    expect(videoPlan({}, { video: { codec: "vp8" } })).toMatchObject({ mode: "transcode" });
    expect(videoPlan({ codec: "vp8" }, { video: { codec: "h264" } })).toMatchObject({
      mode: "copy",
      codec: "VP8",
    });
  });

  test("forces a copy in spite of B-frames, but not of a codec no browser has", () => {
    expect(videoPlan({ bFrames: true }, { video: { mode: "copy" } })?.mode).toBe("copy");
    expect(videoPlan({ codec: "hevc" }, { video: { mode: "copy" } })).toBeUndefined();
  });

  test("off leaves a leg out and says so", () => {
    const plan = planSource(record({ audio: { mode: "off" } }), { video, audio });
    expect(plan.audio).toBeUndefined();
    expect(plan.reason).toBe("Video: H264 is copied; audio: off by webrtc.audio.mode.");
  });
});

describe("audio", () => {
  const plan = (facts: AudioFacts | undefined, webrtc: object = {}) =>
    planSource(record(webrtc), { video, audio: facts });

  test("is copied when it is Opus with one or two channels", () => {
    expect(plan(audio).audio).toEqual({ mode: "copy", codec: "OPUS", map: "0:1" });
    expect(plan({ ...audio, channels: 6 }).audio?.mode).toBe("transcode");
  });

  test("is transcoded otherwise", () => {
    expect(plan({ ...audio, codec: "aac" }).reason).toEndWith("because the source is aac.");
  });

  test("may be missing", () => {
    expect(plan(undefined).reason).toEndWith("audio: the source has none.");
  });

  test("of another codec can't be copied by force", () => {
    expect(plan({ ...audio, codec: "aac" }, { audio: { mode: "copy" } }).audio).toBeUndefined();
  });
});

test("long gaps between keyframes are said", () => {
  const plan = planSource(record(), { video: { ...video, gopSeconds: 3 }, audio });
  expect(plan.reason).toContain("keyframes are 3 s or more apart");
});

test("only an automatic leg of a real source needs a probe", () => {
  const forced = { video: { mode: "copy" }, audio: { mode: "transcode" } };
  expect(needsProbe(record())).toBe(true);
  expect(needsProbe(record({ ...forced, audio: { mode: "auto" } }))).toBe(true);
  expect(needsProbe(record(forced))).toBe(false);
  expect(needsProbe(demoRecord())).toBe(false);
});

test("the demo has both legs, transcoded, without a probe", () => {
  const plan = planSource(demoRecord(), assumedFacts(demoRecord()));
  expect(plan.video).toEqual({ mode: "transcode", codec: "H264", map: "0:v:0" });
  expect(plan.audio).toEqual({ mode: "transcode", codec: "OPUS", map: "0:a:0" });
});

test("video and audio may come from two test sources", () => {
  const options = ["-f", "lavfi"];
  const two = parseRecord({
    id: "x",
    input: [
      { id: "a", address: "sine=frequency=440", options },
      { id: "v", address: "testsrc", options },
    ],
    webrtc: { enabled: true },
  });
  const plan = planSource(two, assumedFacts(two));
  expect([plan.video?.map, plan.audio?.map]).toEqual(["1:v:0", "0:a:0"]);
});

test("a process without webrtc has no legs", () => {
  const plain = parseRecord({ ...record(), output: [{ id: "o", address: "-" }], webrtc: null });
  const plan = planSource(plain, { video, audio });
  expect([plan.video, plan.audio]).toEqual([undefined, undefined]);
});
