/** The way of packets to a media worker: feed, queue, mirror. */
import { afterEach, describe, expect, test } from "bun:test";
import { Feed } from "../../../src/shard/feed.ts";
import type { TrackDescription } from "../../../src/shard/messages.ts";
import { Mirror } from "../../../src/shard/mirror.ts";
import { PacketQueue } from "../../../src/shard/packet-queue.ts";
import type { ReplayLimits } from "../../../src/stream/packet-ring.ts";
import { Stream } from "../../../src/stream/stream.ts";

const VIDEO = { kind: "video", codec: "H264", channels: 0 } as const;
const AUDIO = { kind: "audio", codec: "OPUS", channels: 2 } as const;
const KEY = 0x65;
const DELTA = 0x61;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

const feeds: Feed[] = [];
afterEach(() => {
  for (const feed of feeds.splice(0)) feed.close();
});

function streamOf(id = "cam") {
  const stream = new Stream({ id, peersMax: undefined, nowMs: () => 0 });
  stream.sourceStarted([VIDEO, AUDIO]);
  const send = (sequence: number, first = DELTA, kind: "video" | "audio" = "video") =>
    stream
      .track(kind)
      ?.write({ sequence, timestamp: sequence * 10, marker: true }, Buffer.from([first, sequence]));
  return { stream, send };
}

function feedOf(stream: Stream, queue: PacketQueue) {
  const told: (readonly TrackDescription[])[] = [];
  const limited: { track: number; limits: ReplayLimits }[] = [];
  let number = 0;
  const feed = new Feed({
    stream,
    queue: () => queue,
    nextNumber: () => number++,
    announce: (_id, tracks) => told.push(tracks),
    limit: (track, limits) => limited.push({ track, limits }),
  });
  feeds.push(feed);
  return { feed, told, limited };
}

/** The second byte of each packet a ring holds. */
function heldBy(mirrored: ReturnType<Mirror["setTracks"]>, kind: "video" | "audio"): number[] {
  const ring = mirrored?.track(kind)?.ring;
  if (ring === undefined) return [];
  const indices = Array.from({ length: ring.head }, (_, i) => i).filter((i) => ring.has(i));
  return indices.map((i) => ring.bytes[ring.offset(i) + 1] ?? -1);
}

describe("packets to a worker", () => {
  test("arrive in order, with their gaps, timestamps, markers and keyframes", async () => {
    const { stream, send } = streamOf();
    const queue = new PacketQueue();
    const { told } = feedOf(stream, queue);
    send(7, KEY);
    send(8);
    send(10);
    send(0, 1, "audio");
    await turn();
    const mirror = new Mirror(new PacketQueue(queue.memory));
    const mirrored = mirror.setTracks("cam", told.at(-1) ?? []);
    mirror.takePackets();
    expect(heldBy(mirrored, "video")).toEqual([7, 8, 10]);
    expect(heldBy(mirrored, "audio")).toEqual([0]);
    const ring = mirrored?.track("video")?.ring;
    expect(ring?.keyframeIndex).toBe(0);
    expect([0, 1, 2, 3].map((i) => ring?.has(i))).toEqual([true, true, false, true]);
    expect([ring?.timestamp(3), ring?.marker(3)]).toEqual([100, 0x80]);
  });

  test("of a track that is not announced yet wait for the announcement", async () => {
    const { stream, send } = streamOf();
    const queue = new PacketQueue();
    const { told } = feedOf(stream, queue);
    const mirror = new Mirror(queue);
    send(1, KEY);
    await turn();
    mirror.takePackets();
    const mirrored = mirror.setTracks("cam", told.at(-1) ?? []);
    mirror.takePackets();
    expect(heldBy(mirrored, "video")).toEqual([1]);
  });

  test("of a track that is gone are passed over, and its viewers end", async () => {
    const { stream, send } = streamOf();
    const queue = new PacketQueue();
    const { told } = feedOf(stream, queue);
    const mirror = new Mirror(queue);
    const mirrored = mirror.setTracks("cam", told.at(-1) ?? []);
    let replaced = 0;
    mirrored?.listen({ packets: () => undefined, tracksReplaced: () => void replaced++ });
    send(1, KEY);
    await turn();
    stream.sourceStarted([{ ...VIDEO, codec: "VP8" }]);
    expect(mirror.setTracks("cam", told.at(-1) ?? [])).toBeUndefined();
    stream
      .track("video")
      ?.write({ sequence: 5, timestamp: 0, marker: true }, Buffer.from([0x10, 9]));
    await turn();
    mirror.takePackets();
    expect(replaced).toBe(1);
    expect(heldBy(mirrored, "video")).toEqual([9]);
    expect(mirrored?.track("audio")).toBeUndefined();
  });

  test("for a worker that comes later begin at the last keyframe", async () => {
    const { stream, send } = streamOf();
    for (const [sequence, first] of [
      [1, KEY],
      [2, DELTA],
      [3, KEY],
      [4, DELTA],
    ] as const) {
      send(sequence, first);
    }
    const queue = new PacketQueue();
    const { told } = feedOf(stream, queue);
    await turn();
    const mirror = new Mirror(queue);
    const mirrored = mirror.setTracks("cam", told.at(-1) ?? []);
    mirror.takePackets();
    expect(heldBy(mirrored, "video")).toEqual([3, 4]);
  });

  test("come with how much of them may be replayed, also when that changes", async () => {
    const { stream, send } = streamOf();
    stream.setGopCache({ packets: 10, bytes: 1000, seconds: 2 });
    const queue = new PacketQueue();
    const { told, limited } = feedOf(stream, queue);
    const mirror = new Mirror(queue);
    const mirrored = mirror.setTracks("cam", told.at(-1) ?? []);
    const limits = () => mirrored?.track("video")?.ring.replayLimits;
    expect(limits()).toEqual({ packets: 10, bytes: 1000, ticks: 180_000 });
    stream.setGopCache({ packets: 5, bytes: 1000, seconds: 2 });
    send(1, KEY);
    await turn();
    for (const { track, limits: next } of limited) mirror.setReplayLimits(track, next);
    expect(limits()?.packets).toBe(5);
    expect(told).toHaveLength(1);
  });

  test("tell the worker's viewers once they are there", async () => {
    const { stream, send } = streamOf();
    const queue = new PacketQueue();
    const { told } = feedOf(stream, queue);
    const mirror = new Mirror(queue);
    let packets = 0;
    mirror
      .setTracks("cam", told.at(-1) ?? [])
      ?.listen({ packets: () => void packets++, tracksReplaced: () => undefined });
    const ready = queue.ready();
    send(1, KEY);
    await ready;
    mirror.takePackets();
    expect(packets).toBe(1);
  });
});

describe("the queue", () => {
  const facts = { sequence: 1, timestamp: 2 ** 32 - 1, marker: false, startsKeyframe: false };
  const payload = Buffer.from("packet");

  test("drops and counts what finds it full, and goes on when there is room", () => {
    const queue = new PacketQueue();
    const push = () => queue.push(3, facts, payload, 0, payload.length);
    for (let i = 0; i < 2050; i++) push();
    expect(queue.dropped).toBe(2);
    expect(queue.peek()).toMatchObject({ track: 3, timestamp: 2 ** 32 - 1, payload });
    queue.skip();
    push();
    expect(queue.dropped).toBe(2);
  });

  test("goes on when its counters wrap", () => {
    const queue = new PacketQueue();
    new Int32Array(queue.memory, 0, 2).fill(2 ** 31 - 2);
    for (let i = 0; i < 5; i++) {
      queue.push(i, facts, payload, 1, 3);
      expect(queue.peek()).toMatchObject({ track: i, payload: Buffer.from("ack") });
      queue.skip();
    }
    expect(queue.peek()).toBeUndefined();
    expect(queue.dropped).toBe(0);
  });
});
