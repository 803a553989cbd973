import { describe, expect, test } from "bun:test";
import { type ReportBlock, readRtcp } from "../../../../src/wire/rtcp/receive.ts";
import {
  compactNtp,
  parseSenderReport,
  writeSenderReports,
} from "../../../../src/wire/rtcp/sender-report.ts";
import { fixedRandom } from "../../../support/fixed-random.ts";

function collect(packet: Buffer) {
  const reports: ReportBlock[] = [];
  const nacks: [number, number, number][] = [];
  const keyframes: number[] = [];
  const whole = readRtcp(packet, {
    report: (block) => void reports.push(block),
    nack: (ssrc, id, mask) => void nacks.push([ssrc, id, mask]),
    keyframeRequest: (ssrc) => void keyframes.push(ssrc),
  });
  return { reports, nacks, keyframes, whole };
}

const receiverReport = Buffer.from(
  "81c90007" +
    "00000001" +
    "0000002a" +
    "40fffffe" +
    "00010005" +
    "00000960" +
    "aabbccdd" +
    "00008000",
  "hex",
);

describe("RTCP from a viewer", () => {
  test("a report block gives loss, jitter and the two times for the round trip", () => {
    expect(collect(receiverReport).reports).toEqual([
      {
        ssrc: 42,
        fractionLost: 0.25,
        cumulativeLost: -2,
        highestSequence: 0x10005,
        jitter: 2400,
        lastSenderReport: 0xaabbccdd,
        delaySinceLastSenderReport: 0x8000,
      },
    ]);
  });

  test("a compound packet gives NACK, PLI and FIR in order", () => {
    const nack = Buffer.from("81cd0004" + "00000001" + "0000002a" + "00100003" + "00408000", "hex");
    const pli = Buffer.from("81ce0002" + "00000001" + "0000002a", "hex");
    const fir = Buffer.from("84ce0004" + "00000001" + "00000000" + "0000002b" + "05000000", "hex");
    const found = collect(Buffer.concat([receiverReport, nack, pli, fir]));
    expect(found.nacks).toEqual([
      [42, 16, 3],
      [42, 64, 0x8000],
    ]);
    expect(found.keyframes).toEqual([42, 43]);
    expect(found.whole).toBe(true);
  });

  test("a packet that is cut off is read as far as it goes and reported", () => {
    expect(collect(receiverReport.subarray(0, 20)).whole).toBe(false);
    expect(
      collect(Buffer.concat([receiverReport, Buffer.from("81cd00ff", "hex")])).reports.length,
    ).toBe(1);
  });

  test("a count that is larger than the packet finds only what is there", () => {
    const lying = Buffer.from(receiverReport);
    lying[0] = 0x9f;
    expect(collect(lying).reports.length).toBe(1);
  });

  test("no bytes make it throw", () => {
    const random = fixedRandom(3);
    for (let i = 0; i < 30_000; i++) {
      const bytes = random.bytes(random.below(64));
      if (bytes.length > 4) {
        bytes[0] = 0x80 | (bytes[0]! & 0x1f);
        bytes[1] = 200 + random.below(8);
        bytes[2] = 0;
        bytes[3] = random.below(16);
      }
      collect(bytes);
    }
  });
});

describe("sender reports", () => {
  test("what is written is read back, with the clock to the microsecond", () => {
    const written = writeSenderReports(
      [{ ssrc: 7, unixSeconds: 1_790_000_000.25, rtpTimestamp: 0xfffffff0, packets: 3, octets: 9 }],
      "name",
    );
    const report = parseSenderReport(written);
    expect(report).toMatchObject({ ssrc: 7, rtpTimestamp: 0xfffffff0, packets: 3, octets: 9 });
    expect(report?.unixSeconds).toBeCloseTo(1_790_000_000.25, 6);
  });

  test("the compound ends with an SDES that holds the CNAME, padded to 32 bits", () => {
    for (const name of ["a", "ab", "abc", "abcd", "x".repeat(255)]) {
      const written = writeSenderReports(
        [{ ssrc: 7, unixSeconds: 0, rtpTimestamp: 0, packets: 0, octets: 0 }],
        name,
      );
      expect(written.length % 4).toBe(0);
      expect(28 + 4 + written.readUInt16BE(30) * 4).toBe(written.length);
      expect(written.toString("utf8", 38, 38 + written[37]!)).toBe(name);
      expect(written[38 + name.length]).toBe(0);
    }
  });

  test("a compound of two sources has a report and a name of each", () => {
    const of = (ssrc: number) => ({ ssrc, unixSeconds: 5, rtpTimestamp: 1, packets: 2, octets: 3 });
    const written = writeSenderReports([of(7), of(8)], "abc");
    expect(parseSenderReport(written)?.ssrc).toBe(7);
    expect(parseSenderReport(written.subarray(28))?.ssrc).toBe(8);
    const sdes = written.subarray(56);
    expect([sdes[0], sdes[1], sdes.readUInt16BE(2) * 4 + 4]).toEqual([0x82, 202, sdes.length]);
    const chunks = [sdes.subarray(4, 16), sdes.subarray(16)];
    expect(chunks.map((chunk) => chunk.readUInt32BE())).toEqual([7, 8]);
    expect(chunks.map((chunk) => chunk.toString("utf8", 6, 9))).toEqual(["abc", "abc"]);
  });

  test("the compact NTP time is the middle of the 64-bit one", () => {
    const written = writeSenderReports(
      [{ ssrc: 7, unixSeconds: 1_790_000_000.5, rtpTimestamp: 0, packets: 0, octets: 0 }],
      "n",
    );
    expect(compactNtp(1_790_000_000.5)).toBe(written.readUInt32BE(10));
  });

  test("garbage is no report", () => {
    expect(parseSenderReport(Buffer.alloc(28))).toBeUndefined();
    expect(parseSenderReport(Buffer.alloc(3))).toBeUndefined();
  });
});
