import { afterEach, describe, expect, test } from "bun:test";
import { Leg } from "../../../src/source/leg.ts";
import type { LegPorts } from "../../../src/source/leg-ports.ts";
import { Timeline } from "../../../src/source/timeline.ts";
import { Track } from "../../../src/stream/track.ts";
import { fixedRandom } from "../../support/fixed-random.ts";
import { h264Packet, rtpPacket } from "../../support/rtp-packets.ts";
import { testPorts, turnsUntil } from "./support.ts";

const SSRC = 0x1234567;
const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const close of cleanUp.splice(0)) close();
});

/** A UDP socket that sends to the leg. */
async function sender(leg: Leg, port: number) {
  const socket = await Bun.udpSocket({ hostname: "127.0.0.1", port });
  cleanUp.push(() => socket.close());
  return (datagram: Buffer) => void socket.send(datagram, leg.ports.receive, "127.0.0.1");
}

async function openLeg() {
  const track = new Track({
    kind: "video",
    codec: "H264",
    channels: 0,
    onPackets: () => undefined,
  });
  let leg: Leg | undefined;
  let accepted = 0;
  const ports: LegPorts = await testPorts(9).take(async (candidate) => {
    leg = await Leg.open({
      track,
      ports: candidate,
      timeline: new Timeline(),
      firstSequence: 500,
      nowMs: () => 1_700_000_000_000,
      onCopyFault: () => undefined,
      onPacket: () => void accepted++,
    }).catch(() => undefined);
    return leg !== undefined;
  });
  if (leg === undefined) throw new Error("no leg");
  const opened = leg;
  cleanUp.push(() => opened.close());
  opened.startGeneration(SSRC);
  return { leg: opened, track, ports, accepted: () => accepted };
}

/** FFmpeg's sender report. */
function report(ssrc: number): Buffer {
  const packet = Buffer.alloc(28);
  packet.set([0x80, 200, 0, 6]);
  packet.writeUInt32BE(ssrc, 4);
  return packet;
}

describe("leg", () => {
  test("writes FFmpeg's packets to the track, renumbered", async () => {
    const { leg, track, ports, accepted } = await openLeg();
    const send = await sender(leg, ports.rtpSource);
    send(h264Packet({ nal: 5, sequence: 9, ssrc: SSRC }));
    send(h264Packet({ nal: 1, sequence: 10, ssrc: SSRC }));
    await turnsUntil(() => accepted() === 2, "two packets");
    expect([track.ring.head, track.ring.keyframeIndex, track.packetsReceived]).toEqual([2, 0, 2]);
    expect(leg.packetsRefused).toBe(0);
  });

  test("cuts a frame that came in one datagram into packets for players", async () => {
    const { leg, track, ports, accepted } = await openLeg();
    const send = await sender(leg, ports.rtpSource);
    const frame = Buffer.alloc(1 + 2 * 1186 + 500, 0x88);
    frame[0] = 0x65;
    send(rtpPacket(frame, { sequence: 9, ssrc: SSRC, timestamp: 1 }));
    send(h264Packet({ nal: 1, sequence: 10, ssrc: SSRC, timestamp: 3001 }));
    await turnsUntil(() => accepted() === 2, "two frames");
    const { ring } = track;
    const held = [0, 1, 2, 3].map((i) => [ring.length(i), ring.marker(i)]);
    expect(held).toEqual([
      [1188, 0],
      [1188, 0],
      [502, 0x80],
      [3, 0x80],
    ]);
    expect([ring.head, ring.keyframeIndex]).toEqual([4, 0]);
    expect(new Set([0, 1, 2].map((i) => ring.timestamp(i))).size).toBe(1);
  });

  test("forwards none of 1,000 packets that another program injects, and loses none of FFmpeg's", async () => {
    const { leg, track, ports, accepted } = await openLeg();
    const ffmpeg = await sender(leg, ports.rtpSource);
    const attacker = await sender(leg, 0);
    for (let i = 0; i < 1000; i++) {
      attacker(h264Packet({ nal: 5, sequence: i, ssrc: SSRC }));
      if (i % 100 === 0) ffmpeg(h264Packet({ nal: 1, sequence: i / 100, ssrc: SSRC }));
      await turnsUntil(() => leg.packetsRefused > i, "the refusal of a packet");
    }
    await turnsUntil(() => accepted() === 10, "FFmpeg's packets");
    expect(leg.packetsRefused).toBe(1000);
    expect([track.packetsReceived, track.ring.head, track.ring.keyframeIndex]).toEqual([
      10, 10, -1,
    ]);
  });

  test("refuses packets of another SSRC: what an earlier FFmpeg left in the queue", async () => {
    const { leg, track, ports } = await openLeg();
    const send = await sender(leg, ports.rtpSource);
    send(h264Packet({ nal: 5, ssrc: SSRC }));
    leg.startGeneration(SSRC + 1);
    send(h264Packet({ nal: 5, ssrc: SSRC + 1 }));
    await turnsUntil(() => leg.packetsRefused === 1 && track.packetsReceived === 1, "both packets");
  });

  test("takes sender reports from FFmpeg's RTCP port only, and no media from there", async () => {
    const { leg, track, ports } = await openLeg();
    const rtcp = await sender(leg, ports.rtcpSource);
    rtcp(h264Packet({ nal: 5, ssrc: SSRC }));
    await turnsUntil(() => leg.packetsRefused === 1, "the refusal");
    rtcp(report(SSRC));
    const attacker = await sender(leg, 0);
    attacker(report(SSRC));
    await turnsUntil(() => leg.packetsRefused === 2, "the refusal of the report");
    expect(track.packetsReceived).toBe(0);
  });

  test("garbage from FFmpeg's own port is counted, not thrown", async () => {
    const { leg, track, ports, accepted } = await openLeg();
    const send = await sender(leg, ports.rtpSource);
    const random = fixedRandom(5);
    for (let i = 0; i < 500; i++) {
      send(random.bytes(1 + random.below(40)));
      await turnsUntil(() => leg.packetsRefused + accepted() > i, "a verdict");
    }
    expect([leg.packetsRefused, track.packetsReceived]).toEqual([500, 0]);
  });

  test("rejects where its port is taken", async () => {
    const { leg, track } = await openLeg();
    const again = Leg.open({
      track,
      ports: leg.ports,
      timeline: new Timeline(),
      firstSequence: 1,
      nowMs: () => 0,
      onCopyFault: () => undefined,
      onPacket: () => undefined,
    });
    await expect(again).rejects.toThrow();
  });
});
