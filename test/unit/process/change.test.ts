import { describe, expect, test } from "bun:test";
import { effectOf, type Meeting } from "../../../src/process/change.ts";
import { parseRecord } from "../../../src/process/record.ts";
import { planSource } from "../../../src/process/source-plan.ts";

const base = parseRecord({
  id: "cam",
  input: [{ id: "in", address: "rtsp://cam/1" }],
  output: [{ id: "out", address: "-", options: ["-f", "null"] }],
  webrtc: { enabled: true },
});
const facts = {
  video: {
    ...{ map: "0:0", codec: "h264", profile: "Main", pixelFormat: "yuv420p", interlaced: false },
    ...{ width: 1280, height: 720, fps: 30, bFrames: false, gopSeconds: 1, gopMeasured: true },
    ...{ pixelAspect: 1, rotation: 0 },
    container: "rtsp",
  },
  audio: { map: "0:1", container: "rtsp", codec: "aac", samplingHz: 48000, channels: 2 },
};
const watched: Meeting = {
  alive: true,
  ordered: true,
  plan: planSource(base, facts),
  viewers: 3,
};

function effect(change: object, meeting: Partial<Meeting> = {}) {
  return effectOf(base, parseRecord(change, base), { ...watched, ...meeting });
}

describe("what a change does", () => {
  const cases: [string, object, string, string, string[]][] = [
    ["a viewer limit", { webrtc: { max_peers: 5 } }, "none", "none", ["webrtc.max_peers"]],
    ["the cache", { webrtc: { gop_cache: { seconds: 3 } } }, "none", "none", ["webrtc.gop_cache"]],
    ["nothing, as in Core", {}, "restart", "freeze", []],
    ["FFmpeg's options", { reconnect: true }, "restart", "freeze", ["reconnect"]],
    [
      "a bit rate",
      { webrtc: { audio: { bitrate_kbit: 96 } } },
      "restart",
      "freeze",
      ["webrtc.audio"],
    ],
    ["a codec", { webrtc: { video: { codec: "vp8" } } }, "restart", "end", ["webrtc.video"]],
    ["a leg off", { webrtc: { audio: { mode: "off" } } }, "restart", "end", ["webrtc.audio"]],
    ["WebRTC off", { webrtc: { enabled: false } }, "restart", "end", ["webrtc.enabled"]],
    ["no block", { webrtc: null }, "restart", "end", ["webrtc"]],
    ["another name", { id: "cam2" }, "restart", "end", ["id"]],
    [
      "another source",
      { input: [{ id: "in", address: "rtsp://cam/2" }] },
      "restart",
      "freeze-or-end",
      ["input"],
    ],
    [
      "another source, which may lack what is transcoded",
      {
        input: [{ id: "in", address: "rtsp://cam/2" }],
        webrtc: { video: { mode: "transcode" }, audio: { mode: "transcode" } },
      },
      "restart",
      "freeze-or-end",
      ["input", "webrtc.video", "webrtc.audio"],
    ],
  ];
  test.each(cases)("%s", (_name, change, process, viewers, changed) => {
    const found = effect(change);
    expect(found).toMatchObject({ process, viewers, changed });
    expect(found.viewersAffected).toBe(viewers === "none" ? 0 : 3);
    expect(found.explanation).toEndWith(".");
  });

  test("to a process without viewers concerns nobody", () => {
    expect(effect({ webrtc: null }, { viewers: 0 })).toMatchObject({
      ...{ process: "restart", viewers: "none", viewersAffected: 0 },
    });
  });

  test("to a stopped process starts nothing, but a stream that goes takes its viewers along", () => {
    const stopped = { alive: false, ordered: false, plan: undefined };
    expect(effect({ reconnect: true }, stopped)).toMatchObject({
      process: "none",
      viewers: "none",
    });
    expect(effect({ id: "x" }, stopped)).toMatchObject({ process: "none", viewers: "end" });
  });

  test("to a process that ended by itself starts it, whatever was changed", () => {
    const dead = { alive: false, plan: undefined };
    expect(effect({ webrtc: { max_peers: 5 } }, dead)).toMatchObject({
      ...{ process: "start", viewers: "freeze-or-end" },
    });
  });
});
