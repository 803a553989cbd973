import { describe, expect, test } from "bun:test";
import { PacketRing, SLOT_BYTES } from "../../../src/stream/packet-ring.ts";

function ring(capacity = 16) {
  const packets = new PacketRing(capacity);
  const add = (sequence: number, options: { key?: boolean; timestamp?: number } = {}) =>
    packets.append(Buffer.from([sequence & 0xff, sequence >>> 8]), {
      sequence: sequence & 0xffff,
      timestamp: options.timestamp ?? sequence,
      marker: sequence % 2 === 1,
      startsKeyframe: options.key ?? false,
    });
  const payload = (index: number) =>
    packets.bytes.subarray(packets.offset(index), packets.offset(index) + packets.length(index));
  return { packets, add, payload };
}

describe("packet ring", () => {
  test("holds the last packets by index with their facts", () => {
    const { packets, add, payload } = ring();
    for (let sequence = 1000; sequence < 1020; sequence++) expect(add(sequence)).toBe(true);
    expect([packets.tail, packets.head]).toEqual([4, 20]);
    expect(packets.has(3)).toBe(false);
    expect([...payload(19)]).toEqual([1019 & 0xff, 1019 >>> 8]);
    expect([packets.timestamp(19), packets.marker(19), packets.marker(18)]).toEqual([
      1019, 0x80, 0,
    ]);
  });

  test("knows how far apart the last two keyframes began, over the wrap of the clock too", () => {
    const { packets, add } = ring();
    add(0, { key: true, timestamp: 2 ** 32 - 1000 });
    expect(packets.keyframeTicks).toBe(-1);
    add(1, { timestamp: 100 });
    // Two packets of one keyframe are one keyframe.
    add(2, { key: true, timestamp: 2000 });
    add(3, { key: true, timestamp: 2000 });
    expect(packets.keyframeTicks).toBe(3000);
  });

  test("goes on over the wrap of the sequence number", () => {
    const { packets, add } = ring();
    for (const sequence of [65534, 65535, 0, 1]) add(sequence);
    expect(packets.head).toBe(4);
    expect([0, 1, 2, 3].every((index) => packets.has(index))).toBe(true);
  });

  test("a lost packet leaves a hole, which a late packet fills without moving the head", () => {
    const { packets, add } = ring();
    add(1);
    add(4);
    expect(packets.head).toBe(4);
    expect([1, 2].map((index) => packets.has(index))).toEqual([false, false]);
    expect(add(3)).toBe(false);
    expect([packets.has(1), packets.has(2), packets.head]).toEqual([false, true, 4]);
    expect(add(3)).toBe(false);
  });

  test("a far jump is a new start, not thousands of losses", () => {
    const { packets, add } = ring();
    add(1);
    add(10_000);
    expect(packets.head).toBe(2);
    add(10_001);
    expect(packets.head).toBe(3);
  });

  test("the keyframe index is the first packet of the last keyframe still held", () => {
    const { packets, add } = ring();
    add(1);
    expect(packets.keyframeIndex).toBe(-1);
    add(2, { key: true, timestamp: 90 });
    add(3, { key: true, timestamp: 90 });
    expect(packets.keyframeIndex).toBe(1);
    add(4, { key: true, timestamp: 180 });
    expect(packets.keyframeIndex).toBe(3);
    for (let sequence = 5; sequence < 40; sequence++) add(sequence);
    expect(packets.keyframeIndex).toBe(-1);
  });

  test("empty and oversized payloads are dropped", () => {
    const { packets } = ring();
    const facts = { sequence: 1, timestamp: 0, marker: false, startsKeyframe: false };
    expect(packets.append(Buffer.alloc(0), facts)).toBe(false);
    expect(packets.append(Buffer.alloc(SLOT_BYTES + 1), facts)).toBe(false);
    expect(packets.head).toBe(0);
  });
});
