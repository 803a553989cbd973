import { expect, test } from "bun:test";
import type { SupervisorView } from "../../../src/process/supervisor.ts";
import { ffmpegUsage } from "../../../src/server/ffmpeg-usage.ts";
import { Stream } from "../../../src/stream/stream.ts";

const VIEW: SupervisorView = {
  exec: "running",
  order: "start",
  reconnectSeconds: -1,
  restarts: 0,
  lastLogline: "",
  plan: undefined,
  pid: 1,
  cpuSeconds: 0,
  memoryBytes: 0,
};

function isDown(view: Partial<SupervisorView>, { live = false, isStream = true } = {}) {
  const stream = new Stream({ id: "cam", peersMax: undefined, nowMs: () => 0 });
  stream.sourceStarting();
  if (live) stream.sourceLive();
  const views = () => [{ id: "cam", isStream, view: { ...VIEW, ...view } }];
  return ffmpegUsage({ views }, { get: () => stream })[0]?.isDown;
}

test("a source is down where it is to run and its stream is not live", () => {
  expect(isDown({}, { live: true })).toBe(false);
  expect(isDown({})).toBe(true);
  expect(isDown({ exec: "failed", reconnectSeconds: 20 })).toBe(true);
  expect(isDown({ exec: "finished", reconnectSeconds: 5 })).toBe(true);
  expect(isDown({ exec: "failed" })).toBe(true);
});

test("a source that was stopped, or that played its film to the end, is not down; nor is a process without a stream", () => {
  expect(isDown({ exec: "finished", order: "stop" })).toBe(false);
  expect(isDown({ exec: "failed", order: "stop" })).toBe(false);
  expect(isDown({ exec: "finished" })).toBe(false);
  expect(isDown({ exec: "failed" }, { isStream: false })).toBe(false);
});
