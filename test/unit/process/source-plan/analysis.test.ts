import { describe, expect, test } from "bun:test";
import { parseRecord } from "../../../../src/process/record.ts";
import {
  analysisSeconds,
  firstAnalysisSeconds,
} from "../../../../src/process/source-plan/analysis.ts";
import { unknownAudio, unknownVideo } from "../../../../src/process/source-plan/facts.ts";

const SRT = "srt://127.0.0.1:9000";
const testSource = { id: "t", address: "testsrc", options: ["-f", "lavfi"], cleanup: [] };

function record(addresses: string[], output: object[] = []) {
  const input = addresses.map((address, index) => ({ id: `in${index}`, address }));
  return parseRecord({ id: "x", input, output, webrtc: { enabled: true } });
}

function plan(gopSeconds: number, video: object = {}, mode: "copy" | "transcode" = "copy") {
  const container = "mpegts";
  return {
    video: { mode, codec: "H264", map: "0:0" } as const,
    facts: {
      video: { ...unknownVideo, container, map: "0:0", gopSeconds, gopMeasured: true, ...video },
      audio: { ...unknownAudio, container, map: "0:1" },
    },
  };
}

describe("a transport stream from the network is analysed", () => {
  test.each([
    ["until a copied picture's next keyframe is there", plan(2), 2.5],
    ["for its tables at least", plan(0.2), 1],
    ["for its tables where the picture is transcoded", plan(4, {}, "transcode"), 1],
    ["for 5 s where keyframes are far apart", plan(4.6), 5],
    ["for 5 s where there was no second keyframe", plan(2, { gopMeasured: false }), 5],
  ])("%s", (_how, made, seconds) => {
    expect(analysisSeconds(record([SRT]), made, 0)).toBe(seconds);
  });

  test("each input by what it brings", () => {
    const two = record([SRT, "srt://127.0.0.1:9001"]);
    const { video, facts } = plan(3);
    const apart = { video, facts: { ...facts, audio: { ...facts.audio, map: "1:0" } } };
    expect([0, 1, 2].map((index) => analysisSeconds(two, apart, index))).toEqual([
      3.5,
      1,
      undefined,
    ]);
  });
});

describe("no network source waits longer than 5 s for tracks that may never bring anything:", () => {
  test.each([
    ["another container", record(["rtmp://127.0.0.1/live/x"]), plan(1, { container: "flv" })],
    [
      "tracks for other outputs that nobody looked at",
      record([SRT], [{ id: "all", address: "udp://127.0.0.1:9002" }]),
      plan(1),
    ],
  ])("%s", (_what, of, made) => {
    expect(analysisSeconds(of, made, 0)).toBe(5);
  });

  test("the first look", () => {
    const [network, file] = record([SRT, "/srv/film.ts"]).input;
    expect(
      [network, file, testSource].map((input) => input && firstAnalysisSeconds(input)),
    ).toEqual([5, undefined, undefined]);
  });
});

describe("FFmpeg decides by itself", () => {
  test.each([
    ["for a file", record(["/srv/film.ts"]), plan(1)],
    ["for a test source", parseRecord({ ...record(["testsrc"]), input: [testSource] }), plan(1)],
    ["before anybody looked", record([SRT]), undefined],
    ["where nothing had to be looked at", record([SRT]), { video: plan(1).video }],
  ])("%s", (_when, of, made) => {
    expect(analysisSeconds(of, made, 0)).toBeUndefined();
  });
});
