import { describe, expect, test } from "bun:test";
import { demoRecord } from "../../../src/process/demo-record.ts";
import { parseRecord } from "../../../src/process/record.ts";
import {
  type AudioFacts,
  assumedFacts,
  needsProbe,
  planSource,
  planWithFault,
  type VideoFacts,
} from "../../../src/process/source-plan.ts";

const video: VideoFacts = {
  ...{ map: "0:0", codec: "h264", profile: "Main", pixelFormat: "yuv420p", interlaced: false },
  ...{ width: 1280, height: 720, fps: 30, bFrames: false, gopSeconds: 1, gopMeasured: true },
  ...{ pixelAspect: 1, rotation: 0 },
  container: "rtsp",
};
const audio: AudioFacts = {
  map: "0:1",
  container: "rtsp",
  codec: "opus",
  samplingHz: 48000,
  channels: 2,
};

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
    ["B-frames", { bFrames: true }, "WebRTC can't put B-frames in order"],
    ["what sent no keyframe", { profile: "", pixelFormat: "" }, "no keyframe came in time"],
    ["main that sent no packet", { bFrames: undefined }, "no frame came"],
    [
      "ten bits",
      { profile: "High 10", pixelFormat: "yuv420p10le" },
      "browsers don't decode the H.264 profile High 10",
    ],
    ["4:2:2 pixels", { pixelFormat: "yuv422p" }, "browsers don't decode the pixel format yuv422p"],
    ["interlaced", { interlaced: true }, "browsers don't deinterlace"],
    ["rotated", { rotation: -90 }, "viewers would not be told to turn the picture"],
    ["wide pixels", { pixelAspect: 64 / 45 }, "browsers show every pixel as a square"],
    ["HEVC", { codec: "hevc" }, "browsers don't play H.265 over WebRTC"],
    ["raw", { codec: "rawvideo" }, "browsers don't play raw video over WebRTC"],
  ];
  test.each(cases)("%s", (_name, facts, why) => {
    const plan = planSource(record(), { video: { ...video, ...facts }, audio });
    expect(plan.video).toMatchObject({ mode: "transcode", codec: "H264", map: "0:0" });
    expect(plan.reason).toContain(`video transcoded to H.264 because ${why}`);
    expect(plan.warnings).toEqual([]);
  });
});

describe("a looped file", () => {
  const loop = ["-stream_loop", "-1"];
  const looped = (facts: Partial<VideoFacts>, webrtc: object = {}, options = loop) =>
    planSource(record(webrtc, "/srv/film.mp4", options), {
      video: { ...video, ...facts },
      audio,
    });

  test("is copied where its headers are in band, without the filters that end with the first loop", () => {
    const plan = looped({ container: "mpegts" });
    expect(plan.video).toEqual({ mode: "copy", codec: "H264", map: "0:0", looped: true });
    expect(plan.warnings).toEqual([]);
  });

  test("is transcoded where they are not, also against mode copy, and says so", () => {
    const why = "FFmpeg copies a looped file of this format only up to its first end";
    expect(looped({})).toMatchObject({
      video: { mode: "transcode" },
      reason: expect.stringContaining(why),
      warnings: [],
    });
    expect(looped({}, { video: { mode: "copy" } }).warnings).toEqual([
      `webrtc.video.mode is copy, but video is transcoded to H.264 because ${why}.`,
    ]);
  });

  test("may be VP8 in any container: it is copied without filters", () => {
    expect(looped({ codec: "vp8" }).video).toMatchObject({ mode: "copy", codec: "VP8" });
  });

  test("that is played once is copied as ever", () => {
    for (const options of [[], ["-stream_loop", "0"]]) {
      const plan = looped({}, {}, options);
      expect(plan.video).toEqual({ mode: "copy", codec: "H264", map: "0:0" });
    }
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

  test("forces a copy of what only some browsers decode", () => {
    for (const facts of [{ profile: "High 10" }, { interlaced: true }, { bFrames: undefined }]) {
      expect(videoPlan(facts, { video: { mode: "copy" } })?.mode).toBe("copy");
    }
  });

  test("gives way where a copy would be a frozen or silent picture, and says so", () => {
    const copy = { video: { mode: "copy" }, audio: { mode: "copy" } };
    for (const facts of [{ bFrames: true }, { codec: "hevc" }]) {
      const plan = planSource(record(copy), {
        video: { ...video, ...facts },
        audio: { ...audio, codec: "aac" },
      });
      expect([plan.video?.mode, plan.audio?.mode]).toEqual(["transcode", "transcode"]);
      expect(plan.warnings).toEqual([
        expect.stringMatching(/^webrtc\.video\.mode is copy, but video is transcoded to H\.264/),
        expect.stringMatching(/^webrtc\.audio\.mode is copy, but audio is transcoded to Opus/),
      ]);
    }
  });

  test("off leaves a leg out and says so", () => {
    const plan = planSource(record({ audio: { mode: "off" } }), { video, audio });
    expect(plan.audio).toBeUndefined();
    expect(plan.reason).toEndWith("→ video copied; audio off by webrtc.audio.mode.");
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
    expect(plan({ ...audio, codec: "aac" }).reason).toEndWith(
      "audio transcoded to Opus because browsers don't play AAC over WebRTC.",
    );
  });

  test("may be missing", () => {
    expect(plan(undefined).reason).toEndWith("audio missing in the source.");
  });
});

test("the plan says what the source is, what becomes of it and why", () => {
  const facts = {
    video: { ...video, profile: "High", bFrames: true, gopSeconds: 10 },
    audio: { map: "0:1", container: "rtsp", codec: "aac", samplingHz: 44100, channels: 2 },
  };
  expect(planSource(record(), facts).reason).toBe(
    "H.264 High with B-frames, 1280x720, 30 fps, keyframes every 10 s; AAC, 44.1 kHz, stereo → video transcoded to H.264 because WebRTC can't put B-frames in order; audio transcoded to Opus because browsers don't play AAC over WebRTC.",
  );
});

test("once B-frames were seen the plan is the one of a source that has them", () => {
  const plan = planSource(record(), { video, audio });
  expect(plan.video?.mode).toBe("copy");
  const next = planWithFault(record(), plan, "b-frames");
  expect(next.video).toMatchObject({ mode: "transcode", codec: "H264" });
  expect(next.audio).toEqual(plan.audio);
  expect(next.reason).toContain("Main with B-frames");
});

test("a source without IDR frames is transcoded, also against mode copy", () => {
  for (const mode of ["auto", "copy"]) {
    const copying = record({ video: { mode } });
    const plan = planWithFault(copying, planSource(copying, { video, audio }), "no-idr");
    expect(plan.video?.mode).toBe("transcode");
    expect(plan.reason).toContain("because viewers can start at IDR frames only");
  }
});

describe("a long GOP", () => {
  const plan = (facts: Partial<VideoFacts>, webrtc: object = {}) =>
    planSource(record(webrtc), { video: { ...video, ...facts }, audio });

  test("that is copied is warned of, in what is known of it", () => {
    expect(plan({ gopSeconds: 10 }).warnings).toEqual([
      expect.stringContaining("Long GOP, keyframes every 10 s: "),
    ]);
    expect(plan({ gopSeconds: 3.04, gopMeasured: false }).warnings).toEqual([
      expect.stringContaining("Long GOP, no second keyframe within 3 s: "),
    ]);
  });

  test("is no matter where it is short, unknown or transcoded", () => {
    expect(plan({ gopSeconds: 2 }).warnings).toEqual([]);
    expect(plan({ gopSeconds: undefined }).warnings).toEqual([]);
    expect(plan({ gopSeconds: 10 }, { video: { mode: "transcode" } }).warnings).toEqual([]);
  });
});

test("only test sources need no probe: also what is transcoded must be there", () => {
  const forced = { video: { mode: "transcode" }, audio: { mode: "transcode" } };
  expect(needsProbe(record())).toBe(true);
  expect(needsProbe(record(forced))).toBe(true);
  expect(needsProbe(demoRecord())).toBe(false);
});

test("fields are made into frames also where mode transcode makes the plan", () => {
  const plan = videoPlan({ interlaced: true }, { video: { mode: "transcode" } });
  expect(plan).toMatchObject({ mode: "transcode", interlaced: true });
});

test("pixels that are almost squares are copied", () => {
  expect(videoPlan({ pixelAspect: 1280 / 1279 })?.mode).toBe("copy");
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
