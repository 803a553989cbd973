import { describe, expect, test } from "bun:test";
import { profileLevelIdIn, startsH264Keyframe } from "../../../../src/wire/rtp/payload/h264.ts";
import {
  startsVp8Keyframe,
  vp8DescriptorLength,
  withoutVp8PictureId,
} from "../../../../src/wire/rtp/payload/vp8.ts";
import { fixedRandom } from "../../../support/fixed-random.ts";

const starts = (hex: string) => {
  const bytes = Buffer.from(hex, "hex");
  return startsH264Keyframe(bytes, 0, bytes.length);
};

describe("H.264 payloads", () => {
  test("an SPS, an IDR slice and the first fragment of an IDR slice start a keyframe", () => {
    expect(starts("6742c01f")).toBe(true);
    expect(starts("6588")).toBe(true);
    expect(starts("7c8588")).toBe(true);
  });

  test("other slices and later fragments do not", () => {
    expect(starts("4188")).toBe(false);
    expect(starts("7c0588")).toBe(false);
    expect(starts("7c8188")).toBe(false);
    expect(starts("")).toBe(false);
  });

  test("a STAP-A is walked past its access unit delimiter", () => {
    expect(starts("78" + "0002" + "09f0" + "0004" + "6742c01f" + "0002" + "68ce")).toBe(true);
    expect(starts("78" + "0002" + "09f0" + "0002" + "68ce")).toBe(false);
  });

  test("a STAP-A with lengths that lie is left at its end", () => {
    expect(starts("78" + "ffff" + "09f0")).toBe(false);
    expect(starts("780000000000")).toBe(false);
  });

  test("the profile is read from the SPS, also inside a STAP-A", () => {
    const stap = Buffer.from("78" + "0002" + "09f0" + "0005" + "67640c1fac", "hex");
    expect(profileLevelIdIn(stap, 0, stap.length)).toBe("640c1f");
    expect(profileLevelIdIn(Buffer.from("6742", "hex"), 0, 2)).toBeUndefined();
  });
});

describe("VP8 payloads", () => {
  test("the descriptor's length follows its extension bits", () => {
    const length = (hex: string) => {
      const bytes = Buffer.from(hex, "hex");
      return vp8DescriptorLength(bytes, 0, bytes.length);
    };
    expect(length("1000aa")).toBe(1);
    expect(length("9080 05 00aa".replaceAll(" ", ""))).toBe(3);
    expect(length("9080 8105 00aa".replaceAll(" ", ""))).toBe(4);
    expect(length("90e0 05 01 00 00aa".replaceAll(" ", ""))).toBe(5);
    expect(length("90")).toBe(0);
    expect(length("9080")).toBe(0);
  });

  test("a keyframe starts with partition 0 and a clear P bit", () => {
    const key = Buffer.from("90800500", "hex");
    expect(startsVp8Keyframe(key, 0, key.length)).toBe(true);
    const inter = Buffer.from("90800501", "hex");
    expect(startsVp8Keyframe(inter, 0, inter.length)).toBe(false);
    const continuation = Buffer.from("80800500", "hex");
    expect(startsVp8Keyframe(continuation, 0, continuation.length)).toBe(false);
  });

  test("the picture ID is taken out and the rest stays", () => {
    expect(withoutVp8PictureId(Buffer.from("90800500aabb", "hex"))).toEqual(
      new Uint8Array(Buffer.from("1000aabb", "hex")),
    );
    expect(withoutVp8PictureId(Buffer.from("1000aabb", "hex")).length).toBe(4);
  });

  test("no bytes make the parsers throw or grow a payload", () => {
    const random = fixedRandom(11);
    for (let i = 0; i < 20_000; i++) {
      const bytes = random.bytes(random.below(16));
      startsH264Keyframe(bytes, 0, bytes.length);
      startsVp8Keyframe(bytes, 0, bytes.length);
      expect(withoutVp8PictureId(Buffer.from(bytes)).length).toBeLessThanOrEqual(bytes.length);
    }
  });
});
