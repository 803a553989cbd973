import { describe, expect, test } from "bun:test";
import { payloadSplitter } from "../../../../src/wire/rtp/payload/split.ts";
import { fixedRandom } from "../../../support/fixed-random.ts";

const BYTES_MAX = 100;

function split(codec: "H264" | "VP8" | "OPUS", payload: Buffer, bytesMax = BYTES_MAX) {
  const parts: { bytes: Buffer; last: boolean }[] = [];
  payloadSplitter(codec, bytesMax)(payload, (part, last) => {
    parts.push({ bytes: Buffer.from(part), last });
  });
  return parts;
}

const nal = (type: number, length: number) => {
  const bytes = Buffer.from(Array.from({ length }, (_, i) => i & 0xff));
  bytes[0] = 0x60 | type;
  return bytes;
};

/** A STAP-A of these NAL units (RFC 6184 §5.7.1). */
const aggregate = (...nals: readonly Buffer[]) =>
  Buffer.concat([
    Buffer.from([0x78]),
    ...nals.flatMap((one) => [Buffer.from([one.length >> 8, one.length & 0xff]), one]),
  ]);

/** Puts the NAL units back together that single, FU-A and STAP-A payloads carry (RFC 6184 §5.6–5.8). */
function nalsIn(parts: readonly { bytes: Buffer }[]): Buffer[] {
  const nals: Buffer[] = [];
  let open: Buffer[] = [];
  for (const { bytes } of parts) {
    const [first = 0, second = 0] = bytes;
    if ((first & 0x1f) === 24) {
      for (let at = 1; at < bytes.length; at += 2 + bytes.readUInt16BE(at)) {
        nals.push(bytes.subarray(at + 2, at + 2 + bytes.readUInt16BE(at)));
      }
      continue;
    }
    if ((first & 0x1f) !== 28) {
      nals.push(bytes);
      continue;
    }
    if (second & 0x80) open = [Buffer.from([(first & 0xe0) | (second & 0x1f)])];
    open.push(bytes.subarray(2));
    if (second & 0x40) nals.push(Buffer.concat(open));
  }
  return nals;
}

describe("H.264", () => {
  test("what fits stays as it is", () => {
    for (const payload of [nal(5, 100), aggregate(nal(7, 20), nal(8, 5))]) {
      expect(split("H264", payload)).toEqual([{ bytes: payload, last: true }]);
    }
  });

  test("a large NAL unit becomes fragments of one size, the last one shorter", () => {
    const idr = nal(5, 1 + 98 * 2 + 40);
    const parts = split("H264", idr);
    expect(parts.map(({ bytes, last }) => [bytes.length, last])).toEqual([
      [100, false],
      [100, false],
      [42, true],
    ]);
    expect(parts.map(({ bytes }) => [bytes[0], bytes[1]])).toEqual([
      [0x7c, 0x85],
      [0x7c, 0x05],
      [0x7c, 0x45],
    ]);
    expect(nalsIn(parts)).toEqual([idr]);
  });

  test("an aggregate that is too large gives its NAL units, each as it needs to be", () => {
    const units = [nal(7, 20), nal(8, 5), nal(5, 333)];
    const parts = split("H264", aggregate(...units));
    expect(nalsIn(parts)).toEqual(units);
    expect(parts.filter(({ last }) => last)).toHaveLength(1);
    expect(parts.at(-1)?.last).toBe(true);
  });

  test("fragments become smaller fragments of the same NAL unit", () => {
    const idr = nal(5, 1000);
    const coarse = split("H264", idr, 400);
    const fine = coarse.flatMap(({ bytes }) => split("H264", bytes));
    expect(Math.max(...fine.map(({ bytes }) => bytes.length))).toBe(BYTES_MAX);
    expect(nalsIn(fine)).toEqual([idr]);
  });

  test("no bytes make it throw, or make a part that is too long", () => {
    const random = fixedRandom(5);
    for (let i = 0; i < 20_000; i++) {
      const payload = random.bytes(1 + random.below(600));
      for (const { bytes } of split("H264", payload)) {
        expect(bytes.length).toBeLessThanOrEqual(BYTES_MAX);
      }
    }
  });
});

describe("VP8", () => {
  test("each part has the descriptor, and only the first starts the partition", () => {
    const frame = Buffer.concat([Buffer.from([0x90, 0x80, 0x11]), Buffer.alloc(250, 7)]);
    const parts = split("VP8", frame);
    expect(parts.map(({ bytes }) => bytes[0])).toEqual([0x90, 0x80, 0x80]);
    expect(parts.map(({ last }) => last)).toEqual([false, false, true]);
    const body = Buffer.concat(parts.map(({ bytes }) => bytes.subarray(3)));
    expect(body).toEqual(Buffer.alloc(250, 7));
    expect(Math.max(...parts.map(({ bytes }) => bytes.length))).toBe(BYTES_MAX);
  });
});

test("Opus stays as it is", () => {
  expect(split("OPUS", Buffer.alloc(300))).toHaveLength(1);
});
