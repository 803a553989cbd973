import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { StreamRegistry } from "../../../src/stream/registry.ts";
import { Stream, type TrackDescription } from "../../../src/stream/stream.ts";
import { h264Packet } from "../../support/rtp-packets.ts";

const VIDEO: TrackDescription = { kind: "video", codec: "H264", channels: 0 };
const AUDIO: TrackDescription = { kind: "audio", codec: "OPUS", channels: 2 };

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

function setUp() {
  const clock = { nowMs: 5000 };
  const stream = new Stream({ id: "cam", peersMax: undefined, nowMs: () => clock.nowMs });
  const told: string[] = [];
  stream.listen({
    packets: () => told.push("packets"),
    tracksReplaced: () => told.push("tracks replaced"),
  });
  return { clock, stream, told };
}

/** What a promise has become once all microtasks ran: its value, or "open". */
async function settled(promise: Promise<boolean>): Promise<boolean | "open"> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
  return Promise.race([promise, Promise.resolve("open" as const)]);
}

describe("state of a stream", () => {
  test("is down, starting, live, and down again", () => {
    const { clock, stream } = setUp();
    expect([stream.state, stream.liveSinceMs]).toEqual(["down", undefined]);
    stream.sourceStarting();
    expect([stream.state, stream.liveSinceMs]).toEqual(["starting", undefined]);
    stream.sourceStarted([VIDEO]);
    expect(stream.state).toBe("starting");
    clock.nowMs = 7000;
    stream.sourceLive();
    clock.nowMs = 9000;
    stream.sourceLive();
    expect([stream.state, stream.liveSinceMs]).toEqual(["live", 7000]);
    stream.sourceStopped();
    expect([stream.state, stream.liveSinceMs]).toEqual(["down", undefined]);
  });

  test("does not become live where no source runs", () => {
    const { stream } = setUp();
    stream.sourceLive();
    expect(stream.state).toBe("down");
  });
});

describe("waiting for a stream", () => {
  test("is answered at once where it is live or down", async () => {
    const { stream } = setUp();
    expect(await settled(stream.whenLive(1000))).toBe(false);
    stream.sourceStarted([VIDEO]);
    stream.sourceLive();
    expect(await settled(stream.whenLive(1000))).toBe(true);
  });

  test("ends well for all who wait when media flows", async () => {
    const { stream } = setUp();
    stream.sourceStarted([VIDEO]);
    const waiters = [stream.whenLive(1000), stream.whenLive(9000)];
    expect(await settled(waiters[0] as Promise<boolean>)).toBe("open");
    stream.sourceLive();
    expect(await Promise.all(waiters)).toEqual([true, true]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test("ends when the source stops, and when the stream is removed", async () => {
    const { stream } = setUp();
    stream.sourceStarted([VIDEO]);
    const waiter = stream.whenLive(1000);
    stream.sourceStopped();
    expect(await waiter).toBe(false);
    stream.sourceStarted([VIDEO]);
    const other = stream.whenLive(1000);
    stream.close();
    expect(await other).toBe(false);
    expect(jest.getTimerCount()).toBe(0);
  });

  test("is refused at once where a thousand wait already", async () => {
    const { stream } = setUp();
    stream.sourceStarting();
    const waiters = Array.from({ length: 1000 }, () => stream.whenLive(1000));
    expect(await settled(stream.whenLive(1000))).toBe(false);
    stream.sourceStopped();
    expect(await Promise.all(waiters)).not.toContain(true);
  });

  test("ends after its own time, each waiter for itself", async () => {
    const { stream } = setUp();
    stream.sourceStarting();
    const short = stream.whenLive(1000);
    const long = stream.whenLive(2000);
    jest.advanceTimersByTime(999);
    expect(await settled(short)).toBe("open");
    jest.advanceTimersByTime(1);
    expect(await settled(short)).toBe(false);
    expect(await settled(long)).toBe("open");
    stream.sourceStarted([VIDEO]);
    stream.sourceLive();
    expect(await long).toBe(true);
  });
});

describe("tracks of a stream", () => {
  test("stay, with what they hold, when the source starts again with the same codecs", () => {
    const { stream, told } = setUp();
    stream.sourceStarted([VIDEO, AUDIO]);
    stream.track("video")?.media.writeRtp(h264Packet({ nal: 5 }));
    const before = stream.tracks;
    stream.sourceStopped();
    stream.sourceStarted([VIDEO, AUDIO]);
    expect(stream.tracks).toBe(before);
    expect(stream.track("video")?.ring.head).toBe(1);
    expect(told).toEqual(["packets"]);
  });

  test.each([
    ["another codec", [{ ...VIDEO, codec: "VP8" as const }, AUDIO]],
    ["a track less", [VIDEO]],
    ["other channels", [VIDEO, { ...AUDIO, channels: 1 }]],
  ])("are replaced by %s, and the listener is told", (_what, next) => {
    const { stream, told } = setUp();
    stream.sourceStarted([VIDEO, AUDIO]);
    const old = stream.track("video");
    stream.sourceStarted(next);
    expect(told).toEqual(["tracks replaced"]);
    expect(stream.track("video")).not.toBe(old);
    old?.media.writeRtp(h264Packet({ nal: 5 }));
    expect(told).toEqual(["tracks replaced"]);
  });

  test("the first ones replace nothing", () => {
    const { stream, told } = setUp();
    stream.sourceStarted([VIDEO]);
    expect(told).toEqual([]);
  });

  test("tell what is produced", () => {
    const { stream } = setUp();
    stream.sourceStarted([VIDEO, AUDIO]);
    expect(stream.produced).toEqual([
      { ...VIDEO, profileLevelId: undefined },
      { ...AUDIO, profileLevelId: undefined },
    ]);
  });

  test("every packet is told, whichever track it is on", () => {
    const { stream, told } = setUp();
    stream.sourceStarted([VIDEO, AUDIO]);
    for (const track of stream.tracks) track.media.writeRtp(h264Packet({ nal: 1 }));
    expect(told).toEqual(["packets", "packets"]);
  });
});

describe("registry of streams", () => {
  test("knows the ids that were added, and nothing else", () => {
    const { stream } = setUp();
    const registry = new StreamRegistry();
    registry.add(stream);
    expect(registry.get("cam")).toBe(stream);
    for (const id of ["", "CAM", "cam/", "__proto__", "constructor"]) {
      expect(registry.get(id)).toBeUndefined();
    }
    expect(registry.list()).toEqual([stream]);
  });

  test("closes what it removes", async () => {
    const { stream } = setUp();
    const registry = new StreamRegistry();
    registry.add(stream);
    stream.sourceStarted([VIDEO]);
    const waiter = stream.whenLive(1000);
    registry.remove("cam");
    expect(await waiter).toBe(false);
    expect([stream.state, stream.tracks.length, registry.list().length]).toEqual(["down", 0, 0]);
    registry.remove("cam");
  });
});
