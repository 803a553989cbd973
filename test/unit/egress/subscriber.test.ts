import { describe, expect, test } from "bun:test";
import { SrtpSession } from "werift";
import { createNodeCipher } from "../../../src/egress/cipher/node-crypto.ts";
import { Subscriber } from "../../../src/egress/subscriber.ts";
import type { SrtpKeys } from "../../../src/transport/dtls.ts";
import { fixedRandom } from "../../support/fixed-random.ts";
import { allSent, fakeTrack, RecordingBatch, subscriberOf } from "./support.ts";

describe("subscriber", () => {
  test("rewrites payload type, SSRC, sequence number and timestamp and keeps marker and payload", () => {
    const batch = new RecordingBatch();
    const { track, add } = fakeTrack();
    add({ key: true });
    add();
    const subscriber = allSent(subscriberOf(track, batch));
    subscriber.send(1, batch);
    expect(batch.packets[0]).toMatchObject({
      payloadType: 102,
      ssrc: 0xcafe,
      sequence: 2001,
      timestamp: (3000 + 0xfffffff0) % 2 ** 32,
      marker: true,
      rollover: 0,
    });
    expect(batch.packets[0]?.payload).toEqual(Buffer.alloc(100, 1));
    expect([subscriber.packetsSent, subscriber.octetsSent]).toEqual([1, 100]);
  });

  test("the rollover counter grows with each wrap of the sequence number", () => {
    const batch = new RecordingBatch();
    const { track, add } = fakeTrack();
    add();
    const subscriber = allSent(subscriberOf(track, batch, { firstSequence: 32_767 }));
    for (const index of [32_768, 32_769, 98_304, 98_305]) subscriber.send(index, batch);
    expect(batch.packets.map(({ sequence, rollover }) => [sequence, rollover])).toEqual([
      [65_535, 0],
      [0, 1],
      [65_535, 1],
      [0, 2],
    ]);
  });

  test("RTX carries the original sequence number on its own SSRC, sequence and payload type", () => {
    const batch = new RecordingBatch();
    const { track, add } = fakeTrack();
    add({ key: true });
    add();
    const subscriber = allSent(subscriberOf(track, batch, { rtx: true }));
    subscriber.sendRtx(1, Buffer.alloc(102, 0xab), batch);
    subscriber.sendRtx(0, Buffer.alloc(102, 0xcd), batch);
    expect(batch.packets.map((p) => [p.payloadType, p.ssrc, p.sequence])).toEqual([
      [103, 0xbeef, 2000],
      [103, 0xbeef, 2001],
    ]);
    expect(batch.packets[0]?.payload.readUInt16BE()).toBe(2001);
    expect(batch.packets[0]?.payload.subarray(2)).toEqual(Buffer.alloc(100, 0xab));
  });

  test("goes on behind what was left out without a gap in the sequence numbers", () => {
    const batch = new RecordingBatch();
    const { track, add } = fakeTrack();
    const skipped: number[] = [];
    for (let i = 0; i < 10; i++) add({ marker: i % 2 === 1 });
    const subscriber = subscriberOf(track, batch, { onSkipped: (frames) => skipped.push(frames) });
    subscriber.startAt(0);
    for (const index of [0, 1]) subscriber.send(index, batch);
    subscriber.nextIndex = 2;
    subscriber.startAt(8);
    for (const index of [8, 9]) subscriber.send(index, batch);
    subscriber.nextIndex = 10;
    expect(batch.packets.map(({ sequence }) => sequence)).toEqual([2000, 2001, 2002, 2003]);
    expect(batch.packets.map(({ payload }) => payload[0])).toEqual([0, 1, 8, 9]);
    expect(skipped).toEqual([3]);
    expect([2001, 2002, 2003, 2004].map((s) => subscriber.heldIndexOf(s))).toEqual([
      undefined,
      8,
      9,
      undefined,
    ]);
  });
});

describe("SRTP ciphers", () => {
  for (const [profile, id, saltBytes] of [
    ["AEAD_AES_128_GCM", 7, 12],
    ["AES128_CM_HMAC_SHA1_80", 1, 14],
  ] as const) {
    test(`${profile}: another implementation decrypts it, over the wrap of the sequence number`, () => {
      const random = fixedRandom(9);
      const keys: SrtpKeys = {
        profile,
        localKey: random.bytes(16),
        localSalt: random.bytes(saltBytes),
        remoteKey: random.bytes(16),
        remoteSalt: random.bytes(saltBytes),
      };
      const receiver = new SrtpSession({
        keys: {
          localMasterKey: keys.remoteKey,
          localMasterSalt: keys.remoteSalt,
          remoteMasterKey: keys.localKey,
          remoteMasterSalt: keys.localSalt,
        },
        profile: id,
      });
      const { track, add } = fakeTrack();
      const sent: Buffer[] = [];
      const arena = Buffer.alloc(2048);
      const batch = {
        arena,
        packetsQueued: 0,
        packetsDropped: 0,
        next: () => 0,
        commit: (length: number) => void sent.push(Buffer.from(arena.subarray(0, length))),
        flush: () => undefined,
      };
      const subscriber = new Subscriber({
        track,
        path: { endpoint: { address: "192.0.2.1", port: 1 }, cipher: createNodeCipher(keys) },
        payloadType: 96,
        ssrc: 0x01020304,
        rtx: undefined,
        firstSequence: 32_000,
        timestampShift: 0,
      });
      subscriber.startAt(0);
      for (let index = 0; index < 40_000; index++) {
        add();
        if (index % 50 !== 0) continue;
        subscriber.send(index, batch);
        const plain = receiver.decrypt(sent.at(-1) ?? Buffer.alloc(0));
        expect(plain.subarray(12)).toEqual(Buffer.alloc(100, index));
      }
    });
  }
});
