import { describe, expect, test } from "bun:test";
import { Resend } from "../../../src/egress/resend.ts";
import { allSent, fakeTrack, RecordingBatch, subscriberOf } from "./support.ts";

function setUp(options: { rtx?: boolean; packets?: number; bytes?: number } = {}) {
  const batch = new RecordingBatch();
  const { track, add } = fakeTrack();
  for (let i = 0; i < (options.packets ?? 100); i++) add({ bytes: options.bytes ?? 100 });
  const subscriber = allSent(subscriberOf(track, batch, { rtx: options.rtx ?? false }));
  const resend = new Resend(subscriber, batch);
  return { batch, resend, add };
}

describe("resend", () => {
  test("a NACK brings the packet and those its bitmask names, as they were", () => {
    const { batch, resend } = setUp();
    resend.nack(2010, 0b101, 0, undefined);
    expect(batch.packets.map(({ sequence, ssrc }) => [sequence, ssrc])).toEqual([
      [2010, 0xcafe],
      [2011, 0xcafe],
      [2013, 0xcafe],
    ]);
    expect(batch.packets[0]?.payload[0]).toBe(10);
  });

  test("with RTX negotiated the packets come on the RTX stream", () => {
    const { batch, resend } = setUp({ rtx: true });
    resend.nack(2010, 0, 0, undefined);
    expect(batch.packets[0]).toMatchObject({ ssrc: 0xbeef, payloadType: 103 });
    expect(batch.packets[0]?.payload.readUInt16BE()).toBe(2010);
    expect(batch.packets[0]?.payload.length).toBe(102);
  });

  test("one packet is sent again three times at most, not faster than 50 ms or a round trip", () => {
    const { batch, resend } = setUp();
    for (const nowMs of [0, 10, 49, 50, 60, 120, 500, 900]) resend.nack(2010, 0, nowMs, 20);
    expect(batch.packets.length).toBe(3);
    const slow = setUp();
    for (const nowMs of [0, 60, 120, 200]) slow.resend.nack(2010, 0, nowMs, 200);
    expect(slow.batch.packets.length).toBe(2);
  });

  test("what was never sent or is no longer held is refused", () => {
    const { batch, resend } = setUp({ packets: 3000 });
    resend.nack(1999, 0, 0, undefined);
    resend.nack(2000, 0, 0, undefined);
    resend.nack((2000 + 3000) & 0xffff, 0, 0, undefined);
    expect(batch.packets.length).toBe(0);
    expect(resend.packetsRefused).toBe(3);
  });

  test("a flood of NACKs stays within the byte budget", () => {
    const { batch, resend } = setUp({ packets: 2000, bytes: 1200 });
    for (let second = 0; second < 10; second++) {
      for (let i = 0; i < 100; i++) {
        resend.nack(
          2000 + ((second * 1700 + i * 17) % 1980),
          0xffff,
          second * 1000 + i * 10,
          undefined,
        );
      }
    }
    const bytes = batch.packets.reduce((sum, { payload }) => sum + payload.length, 0);
    expect(bytes).toBeLessThan(12 * 64 * 1024);
    expect(resend.packetsRefused).toBeGreaterThan(0);
  });
});
