import { expect, test } from "bun:test";
import { PacketScan } from "../../../../src/process/probe/packet-scan.ts";
import { fixedRandom } from "../../../support/fixed-random.ts";

function scan(lines: readonly string[]): PacketScan {
  const result = new PacketScan();
  for (const line of ["#tb 0: 1/1000", "#media_type 0: video", "#media_type 1: audio", ...lines]) {
    result.push(line);
  }
  return result;
}

const packet = (pts: number, key: boolean, stream = 0) =>
  `${stream},      ${pts - 80},  ${pts},      40,     8894, 0x81aad8d5${key ? "" : ", F=0x0, S=1, 1"}`;

test("times in order mean no B-frames", () => {
  expect(scan([packet(0, true), packet(40, false), packet(80, false)]).bFrames).toBe(false);
});

test("times out of order mean B-frames", () => {
  expect(scan([packet(0, true), packet(120, false), packet(40, false)]).bFrames).toBe(true);
});

test("audio packets don't count", () => {
  const result = scan([packet(100, true, 1), packet(0, true, 1)]);
  expect([result.bFrames, result.gopSeconds]).toEqual([undefined, undefined]);
});

test("the longest distance of two keyframes is the GOP", () => {
  const keys = [0, 1000, 3000].map((pts) => packet(pts, true));
  const result = scan([...keys, packet(3040, false)]);
  expect([result.gopSeconds, result.gopMeasured]).toEqual([2, true]);
});

test("with one keyframe the GOP is at least the time watched", () => {
  const result = scan([packet(0, true), packet(2960, false)]);
  expect(result.gopSeconds).toBeCloseTo(2.96);
  expect(result.gopMeasured).toBe(false);
});

test("a keyframe with more flags is still one", () => {
  const flagged = "0, -80, 2000, 40, 212, 0x28a266af, F=0x5, S=1, 10";
  expect(scan([packet(0, true), flagged]).gopSeconds).toBe(2);
});

test("random lines never throw", () => {
  const random = fixedRandom(9);
  for (let round = 0; round < 2000; round++) {
    const text = random.bytes(random.below(60)).toString("latin1");
    expect(() => scan([`0, ${text}`, text])).not.toThrow();
  }
});
