import { expect, test } from "bun:test";
import { IdrWatch } from "../../../src/source/leg/idr-watch.ts";
import { parseRtp } from "../../../src/wire/rtp/header.ts";
import { rtpPacket } from "../../support/rtp-packets.ts";

const SPS = Buffer.from([0x67, 0x42, 0xe0, 0x1f]);
const PPS = Buffer.from([0x68, 0xce]);
const IDR = Buffer.from([0x65, 0x88]);
const SLICE = Buffer.from([0x61, 0x88]);

const aggregated = (...units: Buffer[]): Buffer =>
  Buffer.concat([
    Buffer.from([0x78]),
    ...units.flatMap((unit) => [Buffer.from([0, unit.length]), unit]),
  ]);

/** One answer for each frame, a frame being the payloads of its packets. */
function watch(frames: Buffer[][]): boolean[] {
  const idrs = new IdrWatch();
  return frames.map((payloads, frame) =>
    payloads
      .map((payload) => rtpPacket(payload, { timestamp: frame * 3600 }))
      .map((datagram) => {
        const packet = parseRtp(datagram);
        if (packet === undefined) throw new Error("no RTP");
        return idrs.isMissing(datagram, packet);
      })
      .includes(true),
  );
}

test("three recovery points without an IDR slice are too many", () => {
  const recovery = [aggregated(SPS, PPS), SLICE];
  const answers = watch([recovery, [SLICE], recovery, recovery, [SLICE], recovery, [SLICE]]);
  expect(answers).toEqual([false, false, false, false, false, true, true]);
});

test("parameter sets that come before an IDR slice, in one packet or another, are a keyframe's", () => {
  const keyframes = [[aggregated(SPS, PPS), IDR], [aggregated(SPS, PPS, IDR)], [SPS, PPS, IDR]];
  expect(watch([...keyframes, ...keyframes]).includes(true)).toBe(false);
});

test("an IDR frame now and then is enough", () => {
  const recovery = [aggregated(SPS, PPS), SLICE];
  const group = [[SPS, IDR], recovery, recovery];
  expect(watch([...group, ...group, ...group]).includes(true)).toBe(false);
});
