/**
 * The server's hop: from the send call that stands for FFmpeg's, for the datagram with a whole frame, until the frame's last
 * packet to the last viewer has been handed to the kernel. Beside it the same hop of a bare relay, which cuts the
 * datagram and sends it on unread: what this machine takes for it at least.
 */
import { Leg } from "../../src/source/leg.ts";
import { Timeline } from "../../src/source/timeline.ts";
import { freePorts } from "../support/free-ports.ts";
import { FRAME_PACKETS, openHotPath, PAYLOAD_BYTES, quantiles, turn } from "./hot-path.ts";

const FRAMES = 1000;
const WARM_UP_FRAMES = 300;
/** Between two frames; a busy loop would hide the wake-ups that belong to the hop. */
const FRAME_GAP_MS = 2;
const SSRC = 7;

/** In microseconds. */
export interface Hop {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** A frame as FFmpeg sends it: one NAL unit in one datagram. */
function frame(index: number): Buffer {
  const bytes = Buffer.alloc(12 + FRAME_PACKETS * (PAYLOAD_BYTES - 2), 0x41);
  bytes[0] = 0x80;
  bytes[1] = 0xe0;
  bytes.writeUInt16BE(index & 0xffff, 2);
  bytes.writeUInt32BE((index * 3000) >>> 0, 4);
  bytes.writeUInt32BE(SSRC, 8);
  bytes[12] = index === 0 ? 0x65 : 0x41;
  return bytes;
}

/** Sends frames one by one; `sent` is resolved by whoever sends a frame's last packet on. */
async function measure(send: (datagram: Buffer) => void, sent: () => Promise<void>): Promise<Hop> {
  const hops: number[] = [];
  for (let i = 1; i <= WARM_UP_FRAMES + FRAMES; i++) {
    const datagram = frame(i);
    const done = sent();
    const from = performance.now();
    send(datagram);
    await done;
    if (i > WARM_UP_FRAMES) hops.push((performance.now() - from) * 1000);
    await Bun.sleep(FRAME_GAP_MS);
  }
  return quantiles(hops);
}

/** A promise that is made anew for each frame. */
function signal() {
  let tell: () => void = () => undefined;
  const next = () =>
    new Promise<void>((resolve) => {
      tell = resolve;
    });
  return { next, tell: () => tell() };
}

export async function serverHop(viewers: number): Promise<Hop> {
  const path = await openHotPath("auto");
  const [receive = 0, rtpSource = 0, rtcpSource = 0] = await freePorts(3);
  const leg = await Leg.open({
    track: path.track,
    ports: { receive, rtpSource, rtcpSource },
    timeline: new Timeline(),
    firstSequence: 1,
    nowMs: Date.now,
    onCopyFault: () => undefined,
    onPacket: () => undefined,
  });
  leg.startGeneration(SSRC);
  const ffmpeg = await Bun.udpSocket({ hostname: "127.0.0.1", port: rtpSource });
  ffmpeg.send(frame(0), receive, "127.0.0.1");
  while (path.track.ring.keyframeIndex < 0) await turn();
  for (let i = 0; i < viewers; i++) path.addViewer();
  // The viewers catch up with the keyframe first.
  await Bun.sleep(100);
  const { next, tell } = signal();
  const flush = path.batch.flush.bind(path.batch);
  path.batch.flush = () => {
    flush();
    tell();
  };
  const hop = await measure((datagram) => void ffmpeg.send(datagram, receive, "127.0.0.1"), next);
  leg.close();
  ffmpeg.close();
  path.close();
  return hop;
}

export async function relayHop(viewers: number): Promise<Hop> {
  const { next, tell } = signal();
  const sink = await Bun.udpSocket({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const out = await Bun.udpSocket({ hostname: "127.0.0.1" });
  const relay = await Bun.udpSocket({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data: (_socket, datagram) => {
        for (let viewer = 0; viewer < viewers; viewer++) {
          const list: (Buffer | number | string)[] = [];
          for (let at = 12; at < datagram.length; at += PAYLOAD_BYTES - 2) {
            list.push(datagram.subarray(at, at + PAYLOAD_BYTES - 2), sink.port, "127.0.0.1");
          }
          out.sendMany(list);
        }
        tell();
      },
    },
  });
  const ffmpeg = await Bun.udpSocket({ hostname: "127.0.0.1" });
  const hop = await measure(
    (datagram) => void ffmpeg.send(datagram, relay.port, "127.0.0.1"),
    next,
  );
  for (const socket of [sink, out, relay, ffmpeg]) socket.close();
  return hop;
}
