import { describe, expect, test } from "bun:test";
import { browserModule } from "../../support/browser-module.ts";
import { downStream, liveStream } from "../../support/fake-server.ts";

const { durationText, sourceText } = await browserModule<{
  durationText: (seconds: number) => string;
  sourceText: (stream: object) => string;
}>("stream-row");

describe("a duration", () => {
  test("has its two largest units", () => {
    const texts = [0, 0.4, 59, 60, 61, 3600, 7505, 86_400, 90_000, 93_784].map(durationText);
    expect(texts).toEqual([
      ...["0 s", "0 s", "59 s", "1 min", "1 min 1 s", "1 h", "2 h 5 min", "1 d", "1 d 1 h"],
      "1 d 2 h",
    ]);
  });
});

describe("what the source does", () => {
  const down = (process: object) =>
    sourceText({ ...downStream, process: { ...downStream.process, ...process } });

  test("is the plan while it is live", () => {
    expect(sourceText(liveStream)).toBe(liveStream.process.plan);
    const process = { ...liveStream.process, warnings: ["Long GOP."] };
    expect(sourceText({ ...liveStream, process })).toBe(`${liveStream.process.plan} Long GOP.`);
  });

  test("says when FFmpeg starts again", () => {
    expect(down({})).toBe("FFmpeg failed, starts again in 7 s.");
    expect(down({ reconnect_seconds: -1, exec: "finished" })).toBe("FFmpeg has ended.");
  });

  test("says that the operator stopped it", () => {
    expect(down({ order: "stop", exec: "finished" })).toBe("Stopped by the operator.");
  });

  test("survives a stream without a process and a state it does not know", () => {
    expect(sourceText({ state: "down", process: null })).toBe("No source process.");
    expect(down({ exec: "dreaming" })).toBe("FFmpeg is dreaming.");
  });
});
