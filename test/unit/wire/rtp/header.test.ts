import { describe, expect, test } from "bun:test";
import { isRtcp, parseRtp, sequenceDelta } from "../../../../src/wire/rtp/header.ts";
import { fixedRandom } from "../../../support/fixed-random.ts";

const plain = Buffer.from("80e01234000102030a0b0c0d" + "6501", "hex");

describe("RTP header", () => {
  test("reads the fields of a packet without extras", () => {
    expect(parseRtp(plain)).toEqual({
      marker: true,
      payloadType: 96,
      sequence: 0x1234,
      timestamp: 0x00010203,
      ssrc: 0x0a0b0c0d,
      payloadOffset: 12,
      payloadLength: 2,
    });
  });

  test("passes over CSRCs and a header extension and leaves padding out", () => {
    const packet = Buffer.from(
      "b1600001" + "00000002" + "00000003" + "11111111" + "bede0001" + "aabbccdd" + "65ff" + "0002",
      "hex",
    );
    const view = parseRtp(packet);
    expect(view?.payloadOffset).toBe(24);
    expect(view?.payloadLength).toBe(2);
  });

  test("refuses other versions and lengths that do not fit", () => {
    expect(parseRtp(Buffer.from("40e0", "hex"))).toBeUndefined();
    expect(parseRtp(plain.subarray(0, 11))).toBeUndefined();
    const padded = Buffer.from(plain);
    padded[0] = 0xa0;
    padded[padded.length - 1] = 200;
    expect(parseRtp(padded)).toBeUndefined();
    const extended = Buffer.from(plain);
    extended[0] = 0x90;
    expect(parseRtp(extended)).toBeUndefined();
  });

  test("never throws and never points outside, whatever the bytes", () => {
    const random = fixedRandom(7);
    for (let i = 0; i < 20_000; i++) {
      const bytes = random.bytes(random.below(40));
      if (bytes.length > 0 && random.below(2)) bytes[0] = 0x80 | (bytes[0]! & 0x3f);
      const view = parseRtp(bytes);
      if (view) expect(view.payloadOffset + view.payloadLength).toBeLessThanOrEqual(bytes.length);
    }
  });

  test("tells RTCP by its packet type", () => {
    expect(isRtcp(Buffer.from([0x80, 200]))).toBe(true);
    expect(isRtcp(plain)).toBe(false);
    expect(isRtcp(Buffer.alloc(1))).toBe(false);
  });

  test("counts sequence numbers over the wrap", () => {
    expect(sequenceDelta(65535, 0)).toBe(1);
    expect(sequenceDelta(0, 65535)).toBe(-1);
    expect(sequenceDelta(10, 10)).toBe(0);
  });
});
