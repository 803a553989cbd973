import { describe, expect, test } from "bun:test";
import { type Codec, Track } from "../../../src/stream/track.ts";
import { fixedRandom } from "../../support/fixed-random.ts";
import { h264Packet, type PacketOptions, rtpPacket } from "../../support/rtp-packets.ts";

function setUp(codec: Codec = "H264") {
  const told = { packets: 0 };
  const track = new Track({
    kind: codec === "OPUS" ? "audio" : "video",
    codec,
    channels: codec === "OPUS" ? 2 : 0,
    onPackets: () => void told.packets++,
  });
  let sequence = 0;
  const write = (payload: Buffer | number[], options: PacketOptions = {}) => {
    const number = options.sequence ?? sequence++;
    const packet = { timestamp: number * 3000, ...options, sequence: number };
    track.media.writeRtp(rtpPacket(Buffer.from(payload), packet));
  };
  const payload = (index: number) => {
    const { ring } = track;
    return [...ring.bytes.subarray(ring.offset(index), ring.offset(index) + ring.length(index))];
  };
  return { track, told, write, payload };
}

/** SPS of High profile, level 3.1, and PPS and an IDR slice. */
const SPS = [0x67, 0x64, 0x00, 0x1f, 0xac];
const PPS = [0x68, 0xee, 0x3c, 0x80];
const IDR = [0x65, 0x88, 0x84];
const AUD = [0x09, 0xf0];

/** NAL units in one packet (RFC 6184 §5.7.1). */
function stapA(...units: readonly (readonly number[])[]): number[] {
  return [24, ...units.flatMap((unit) => [0, unit.length, ...unit])];
}

describe("H.264 track", () => {
  test("knows the profile once a parameter set has passed", () => {
    const { track, write } = setUp();
    write([0x61, 0x9a]);
    expect(track.produced.profileLevelId).toBeUndefined();
    write(SPS);
    expect(track.produced.profileLevelId).toBe("64001f");
    write([0x67, 0x42, 0xe0, 0x1e]);
    expect(track.produced.profileLevelId).toBe("42e01e");
    write(IDR);
    expect(track.produced.profileLevelId).toBe("42e01e");
  });

  test.each([
    ["a parameter set", SPS],
    ["an IDR slice", IDR],
    ["the start of a fragmented IDR slice", [0x7c, 0x85, 0x88]],
    ["an aggregate behind a delimiter", stapA(AUD, SPS, PPS)],
  ])("a decoder can start at %s", (_what, payload) => {
    const { track, write } = setUp();
    write([0x61, 0x9a]);
    expect(track.ring.keyframeIndex).toBe(-1);
    write(payload);
    expect(track.ring.keyframeIndex).toBe(1);
  });

  test.each([
    ["another picture", [0x61, 0x9a]],
    ["the rest of a fragmented IDR slice", [0x7c, 0x45, 0x88]],
    ["a delimiter alone", AUD],
    ["an aggregate that is cut off", [24, 0]],
    ["the start of a fragmented other picture", [0x7c, 0x81, 0x88]],
  ])("a decoder cannot start at %s", (_what, payload) => {
    const { track, write } = setUp();
    write(payload);
    expect([track.ring.keyframeIndex, track.ring.head]).toEqual([-1, 1]);
  });

  test("parameter sets and the slice of one picture are one start, the first", () => {
    const { track, write } = setUp();
    write(SPS, { timestamp: 9 });
    write(PPS, { timestamp: 9 });
    write(IDR, { timestamp: 9 });
    expect(track.ring.keyframeIndex).toBe(0);
    write(IDR, { timestamp: 3009 });
    expect(track.ring.keyframeIndex).toBe(3);
  });
});

describe("VP8 track", () => {
  test("takes the picture ID off, which restarts with each run of FFmpeg", () => {
    const { track, write, payload } = setUp("VP8");
    write([0x90, 0x80, 0x05, 0x10, 0x20, 0x30]);
    expect(payload(0)).toEqual([0x10, 0x10, 0x20, 0x30]);
    expect(track.ring.keyframeIndex).toBe(0);
    expect(track.produced).toEqual({
      kind: "video",
      codec: "VP8",
      profileLevelId: undefined,
      channels: 0,
    });
  });

  test("starts at the first packet of a keyframe only", () => {
    const { track, write } = setUp("VP8");
    write([0x10, 0x11, 0x20]);
    write([0x00, 0x10, 0x20]);
    expect(track.ring.keyframeIndex).toBe(-1);
    write([0x10, 0x10, 0x20]);
    expect(track.ring.keyframeIndex).toBe(2);
  });
});

describe("audio track", () => {
  test("has no keyframes", () => {
    const { track, write } = setUp("OPUS");
    write([0x65, 1, 2]);
    expect([track.ring.head, track.ring.keyframeIndex, track.clockRate]).toEqual([1, -1, 48_000]);
  });
});

describe("every track", () => {
  test("counts what it received, and tells of what is new at the head", () => {
    const { track, told, write } = setUp();
    write(IDR, { sequence: 10 });
    write(IDR, { sequence: 12 });
    write(IDR, { sequence: 11 });
    write(IDR, { sequence: 11 });
    expect([track.packetsReceived, track.bytesReceived, told.packets]).toEqual([4, 12, 2]);
    expect(track.ring.head).toBe(3);
  });

  test("hears nothing after its end", () => {
    const { track, told } = setUp();
    const { media } = track;
    track.close();
    try {
      media.writeRtp(h264Packet({ nal: 5 }));
    } catch {
      // werift refuses to write to a track that has ended.
    }
    expect([told.packets, track.ring.head]).toEqual([0, 0]);
  });

  test("takes any payload without an exception", () => {
    const random = fixedRandom(11);
    for (const codec of ["H264", "VP8", "OPUS"] as const) {
      const { track, write } = setUp(codec);
      for (let i = 0; i < 5000; i++)
        write(random.bytes(random.below(40)), { sequence: i & 0xffff });
      expect(track.packetsReceived).toBe(5000);
    }
  });
});
