import { describe, expect, test } from "bun:test";
import { browserModule } from "../../support/browser-module.ts";

interface Numbers {
  packetsReceived?: number;
  framesDecoded?: number;
  framesDropped?: number;
  droppedPercent?: number;
  fps?: number;
  videoKbit?: number;
  jitterBufferMs?: number;
  lossPercent?: number;
  videoCodec?: string;
  candidateType?: string;
  rttMs?: number;
  concealedPercent?: number;
}

interface Picture {
  readonly state: string;
  readonly dropsFrames: boolean;
}

const moving: Picture = { state: "moving", dropsFrames: false };

const { readSample, summarize, judge, PictureWatch } = await browserModule<{
  readSample: (report: Map<string, object>) => object;
  summarize: (sample: object, before?: object) => Numbers;
  judge: (numbers: Numbers, picture: Picture) => { level: string; text: string };
  PictureWatch: new () => Picture & { sample(numbers: Numbers, nowMs: number): void };
}>("statistics");

function report(change: { video?: object; audio?: object } = {}): Map<string, object> {
  const video = {
    type: "inbound-rtp",
    kind: "video",
    codecId: "c1",
    timestamp: 1000,
    bytesReceived: 1000,
    packetsReceived: 100,
    packetsLost: 0,
    framesDecoded: 30,
    jitterBufferDelay: 1,
    jitterBufferEmittedCount: 30,
    ...change.video,
  };
  const audio = {
    type: "inbound-rtp",
    kind: "audio",
    timestamp: 1000,
    packetsReceived: 50,
    totalSamplesReceived: 1000,
    concealedSamples: 10,
    ...change.audio,
  };
  return new Map<string, object>([
    ["v", video],
    ["a", audio],
    ["c1", { mimeType: "video/H264", sdpFmtpLine: "packetization-mode=1;profile-level-id=42e01f" }],
    ["t", { type: "transport", selectedCandidatePairId: "p" }],
    ["p", { type: "candidate-pair", currentRoundTripTime: 0.021, localCandidateId: "l" }],
    ["l", { type: "local-candidate", candidateType: "prflx", protocol: "udp" }],
  ]);
}

const later = {
  timestamp: 2000,
  bytesReceived: 251_000,
  packetsReceived: 390,
  packetsLost: 10,
  framesDecoded: 60,
  jitterBufferDelay: 1.6,
  jitterBufferEmittedCount: 60,
};

describe("live statistics", () => {
  test("are rates between two samples", () => {
    const numbers = summarize(readSample(report({ video: later })), readSample(report()));
    expect(numbers.fps).toBe(30);
    expect(numbers.videoKbit).toBe(2000);
    expect(numbers.jitterBufferMs).toBe(20);
    expect(numbers.lossPercent).toBeCloseTo(3.33, 1);
  });

  test("tell codec, path and round trip from the first sample on", () => {
    const numbers = summarize(readSample(report()));
    expect(numbers.videoCodec).toBe("H264 42e01f");
    expect(numbers.candidateType).toBe("prflx");
    expect(numbers.rttMs).toBe(21);
    expect(numbers.concealedPercent).toBe(1);
    expect(numbers.fps).toBeUndefined();
  });

  test("are unknown, not negative, when a counter starts anew", () => {
    const numbers = summarize(readSample(report()), readSample(report({ video: later })));
    expect(numbers.videoKbit).toBeUndefined();
    expect(numbers.fps).toBeUndefined();
  });

  test("find the path without a transport entry, as in Firefox", () => {
    const firefox = report();
    firefox.delete("t");
    firefox.set("q", { type: "candidate-pair", state: "succeeded", currentRoundTripTime: 1 });
    const pair = { type: "candidate-pair", state: "succeeded", selected: true };
    firefox.set("p", { ...pair, currentRoundTripTime: 0.005, localCandidateId: "l" });
    expect(summarize(readSample(firefox)).rttMs).toBe(5);
  });

  test("survive an empty report", () => {
    const numbers = summarize(readSample(new Map()));
    expect(numbers.framesDecoded).toBe(0);
    expect(judge(numbers, moving).level).toBe("poor");
  });
});

describe("the verdict", () => {
  const fine = { packetsReceived: 100, framesDecoded: 100, framesDropped: 0 };
  test("blames the network for loss, the distance for delay and the device for drops", () => {
    expect(judge({ ...fine, lossPercent: 4.2 }, moving).text).toContain("4.2 %");
    expect(judge({ ...fine, rttMs: 400 }, moving).text).toContain("400 ms");
    expect(judge(fine, { ...moving, dropsFrames: true }).text).toContain("device");
    expect(judge(fine, moving).level).toBe("good");
  });

  test("does not call a picture that hardly moves well played", () => {
    expect(judge(fine, { ...moving, state: "slow" })).toMatchObject({ level: "poor" });
    expect(judge(fine, { ...moving, state: "slow" }).text).toContain("too slow");
    expect(judge(fine, { ...moving, state: "still" }).text).toContain("No new picture");
  });
});

describe("the picture", () => {
  const second = { fps: 30, lossPercent: 0 };

  test("stands still after four seconds without a new frame, and moves with the next", () => {
    const watch = new PictureWatch();
    const states = [30, 60, 60, 60, 60, 60, 90].map((framesDecoded, at) => {
      const fps = framesDecoded === 60 ? 0 : 30;
      watch.sample({ ...second, framesDecoded, fps }, at * 1000);
      return watch.state;
    });
    expect(states).toEqual(["moving", "moving", "moving", "moving", "moving", "still", "moving"]);
  });

  test("drops frames where it does so for three seconds, not once", () => {
    const watch = new PictureWatch();
    const drops = (...percents: number[]) =>
      percents.map((droppedPercent) => {
        watch.sample({ ...second, framesDecoded: 30, droppedPercent }, 1000);
        return watch.dropsFrames;
      });
    expect(drops(20, 0, 40, 30)).toEqual([false, false, false, false]);
    expect(drops(20, 0)).toEqual([true, false]);
  });

  test("has dropped frames only of the last second", () => {
    const idle = readSample(report({ video: { framesDropped: 0 } }));
    const busy = { ...later, framesDropped: 50 };
    const before = readSample(report({ video: busy }));
    const after = readSample(report({ video: { ...busy, timestamp: 3000, framesDecoded: 90 } }));
    expect(summarize(before, idle).droppedPercent).toBeGreaterThan(5);
    expect(summarize(after, before).droppedPercent).toBe(0);
  });

  test("is slowed down by the path where that lost a good part shortly before, until it moves", () => {
    const watch = new PictureWatch();
    const sample = (atMs: number, framesDecoded: number, fps: number, lossPercent = 0) => {
      watch.sample({ framesDecoded, fps, lossPercent }, atMs);
      return watch.state;
    };
    expect(sample(1000, 30, 25, 40)).toBe("moving");
    expect(sample(2000, 31, 1)).toBe("slow");
    expect(sample(30_000, 31, 0)).toBe("slow");
    expect(sample(31_000, 60, 29)).toBe("moving");
    expect(sample(32_000, 61, 1)).toBe("moving");
  });
});
