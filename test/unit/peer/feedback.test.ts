import { describe, expect, test } from "bun:test";
import { Feedback, type LegReport } from "../../../src/peer/feedback.ts";
import { compactNtp } from "../../../src/wire/rtcp/sender-report.ts";
import { fixedRandom } from "../../support/fixed-random.ts";
import { allSent, fakeTrack, RecordingBatch, subscriberOf } from "../egress/support.ts";

const SSRC = 0xcafe;
/** Any moment will do: the clock of the sender reports. */
const NOW_SECONDS = 1_700_000_000;

interface Block {
  readonly ssrc?: number;
  readonly fractionLost?: number;
  readonly jitter?: number;
  readonly cumulativeLost?: number;
  readonly highestSequence?: number;
  readonly lastSenderReport?: number;
  readonly delay?: number;
}

/** A receiver report with one block (RFC 3550 §6.4.2). */
function receiverReport(block: Block): Buffer {
  const packet = Buffer.alloc(32);
  packet.set([0x81, 201, 0, 7]);
  packet.writeUInt32BE(block.ssrc ?? SSRC, 8);
  packet.writeUInt32BE((block.cumulativeLost ?? 0) & 0xffffff, 12);
  packet[12] = block.fractionLost ?? 0;
  packet.writeUInt32BE(block.highestSequence ?? 0, 16);
  packet.writeUInt32BE(block.jitter ?? 0, 20);
  packet.writeUInt32BE(block.lastSenderReport ?? 0, 24);
  packet.writeUInt32BE(block.delay ?? 0, 28);
  return packet;
}

/** A generic NACK with these entries of packet id and bitmask (RFC 4585 §6.2.1). */
function nackOf(entries: readonly (readonly [number, number])[], ssrc = SSRC): Buffer {
  const packet = Buffer.alloc(12 + entries.length * 4);
  packet.writeUInt32BE(0x81cd0000 + 2 + entries.length, 0);
  packet.writeUInt32BE(ssrc, 8);
  entries.forEach(([id, bits], i) => {
    packet.writeUInt16BE(id, 12 + i * 4);
    packet.writeUInt16BE(bits, 14 + i * 4);
  });
  return packet;
}

function setUp(packets = 0, kind: "video" | "audio" = "video") {
  const batch = new RecordingBatch();
  const { track, add } = fakeTrack(kind);
  const subscriber = subscriberOf(track, batch, { firstSequence: 2000 });
  for (let i = 0; i < packets; i++) add({ key: i === 0 });
  const reports: LegReport[] = [];
  allSent(subscriber);
  let keyframesWanted = 0;
  const feedback = new Feedback([subscriber], batch, {
    report: (report) => reports.push(report),
    keyframeWanted: () => void keyframesWanted++,
  });
  const receive = (packet: Buffer, nowMs = 0) => feedback.receive(packet, nowMs, NOW_SECONDS);
  return { batch, feedback, receive, reports, keyframesWanted: () => keyframesWanted };
}

describe("reports of a viewer", () => {
  test("count what was lost since the one before, never less than nothing", () => {
    const { receive, reports } = setUp(1);
    receive(receiverReport({ cumulativeLost: 3, highestSequence: 2000, jitter: 900 }));
    receive(receiverReport({ cumulativeLost: 5, highestSequence: 0x10063 }));
    receive(receiverReport({ cumulativeLost: 4, highestSequence: 0x10063 }));
    expect(reports).toEqual([
      {
        leg: "video",
        rttSeconds: undefined,
        jitterSeconds: 0.01,
        lost: 3,
        expected: 0,
        fractionLost: 0,
      },
      {
        leg: "video",
        rttSeconds: undefined,
        jitterSeconds: 0,
        lost: 2,
        expected: 0x10063 - 2000,
        fractionLost: 0,
      },
      {
        leg: "video",
        rttSeconds: undefined,
        jitterSeconds: 0,
        lost: 0,
        expected: 0,
        fractionLost: 0,
      },
    ]);
  });

  test.each([
    ["GStreamer", 0xffffffff],
    ["a player that counts from nothing", 0],
  ])("before the first packet they are nothing to count from: %s", (_player, highestSequence) => {
    const { receive, reports } = setUp(1);
    receive(receiverReport({ cumulativeLost: 1, highestSequence }));
    receive(receiverReport({ cumulativeLost: 1, highestSequence: 2000 }));
    receive(receiverReport({ cumulativeLost: 1, highestSequence: 2050 }));
    expect(reports.map(({ lost, expected }) => [lost, expected])).toEqual([
      [0, 0],
      [1, 0],
      [0, 50],
    ]);
  });

  test("give round trip, loss and jitter in the units people read", () => {
    const { feedback, receive } = setUp();
    const lastSenderReport = compactNtp(NOW_SECONDS - 0.75);
    const delay = 0.5 * 65536;
    receive(receiverReport({ fractionLost: 64, jitter: 900, lastSenderReport, delay }));
    expect(feedback.statistics.lossPercent).toBe(25);
    expect(feedback.statistics.jitterMs).toBe(10);
    expect(feedback.statistics.rttMs).toBe(250);
  });

  test("jitter counts in the clock of the track", () => {
    const { feedback, receive } = setUp(0, "audio");
    receive(receiverReport({ jitter: 480 }));
    expect(feedback.statistics.jitterMs).toBe(10);
  });

  test("before the first sender report there is no round trip, and later blocks keep the last one", () => {
    const { feedback, receive } = setUp();
    receive(receiverReport({ fractionLost: 128 }));
    expect(feedback.statistics.rttMs).toBeNull();
    receive(receiverReport({ lastSenderReport: compactNtp(NOW_SECONDS - 0.5) }));
    receive(receiverReport({}));
    expect(feedback.statistics.rttMs).toBe(500);
  });

  test("a report from the future, or of a stream that is not this viewer's, says nothing", () => {
    const { feedback, receive } = setUp();
    receive(receiverReport({ lastSenderReport: compactNtp(NOW_SECONDS + 5) }));
    expect(feedback.statistics.rttMs).toBeNull();
    receive(receiverReport({ ssrc: 1, fractionLost: 255, jitter: 9 }));
    expect(feedback.statistics.lossPercent).toBe(0);
    expect(feedback.statistics.jitterMs).toBe(0);
  });
});

describe("requests of a viewer", () => {
  test("a NACK brings the named packets again, in one batch", () => {
    const { batch, feedback, receive } = setUp(20);
    receive(nackOf([[2005, 0b101]]));
    expect(batch.packets.map(({ sequence }) => sequence)).toEqual([2005, 2006, 2008]);
    expect(batch.flushes).toBe(1);
    expect(feedback.counts(SSRC).packetsResent).toBe(3);
    expect(feedback.counts(SSRC).nacks).toBe(1);
  });

  test("a packet is not sent again before a round trip has passed", () => {
    const { batch, receive } = setUp(20);
    receive(receiverReport({ lastSenderReport: compactNtp(NOW_SECONDS - 0.5) }));
    receive(nackOf([[2005, 0]]), 0);
    receive(nackOf([[2005, 0]]), 499);
    expect(batch.packets.length).toBe(1);
    receive(nackOf([[2005, 0]]), 500);
    expect(batch.packets.length).toBe(2);
  });

  test("one datagram with hundreds of entries is looked at to its 64th", () => {
    const { feedback, receive } = setUp(400);
    receive(nackOf(Array.from({ length: 340 }, (_, i) => [2000 + i, 0] as const)));
    expect(feedback.counts(SSRC).nacks).toBe(64);
    expect(feedback.counts(SSRC).packetsResent).toBe(64);
    receive(nackOf([[2100, 0]]), 100);
    expect(feedback.counts(SSRC).packetsResent).toBe(65);
  });

  test("a NACK for a foreign stream or for packets never sent brings nothing", () => {
    const { batch, receive } = setUp(20);
    receive(nackOf([[2005, 0]], 0xdead));
    receive(nackOf([[1999, 0]]));
    receive(nackOf([[2020, 0xffff]]));
    expect(batch.packets).toEqual([]);
  });

  test("keyframe requests are counted, and passed on twice a second at most", () => {
    const { feedback, keyframesWanted, receive } = setUp();
    const pli = Buffer.from([0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0xca, 0xfe]);
    for (const nowMs of [0, 499, 500]) receive(pli, nowMs);
    expect(feedback.counts(SSRC).keyframeRequests).toBe(3);
    expect(keyframesWanted()).toBe(2);
  });

  test("garbage never throws and never makes a number that is none", () => {
    const { feedback, receive } = setUp(50);
    const random = fixedRandom(99);
    for (let i = 0; i < 20_000; i++) {
      const packet = random.bytes(random.below(64));
      if (packet.length > 4) packet.set([0x81, 200 + random.below(8), 0, random.below(16)]);
      if (packet.length > 12) packet.writeUInt32BE(SSRC, 8);
      receive(packet, i);
    }
    const { rttMs, lossPercent, jitterMs } = feedback.statistics;
    for (const value of [rttMs, lossPercent, jitterMs]) {
      expect(value === null || (Number.isFinite(value) && value >= 0)).toBe(true);
    }
  });
});
