/** What FFmpeg does with a leg, and waiting for loopback datagrams without a clock. */
import type { LegTarget } from "../../../src/process/ffmpeg-args.ts";
import type { LegPlans } from "../../../src/process/source-plan.ts";
import { LegPortPool } from "../../../src/source/leg-ports.ts";
import { h264Packet, type PacketOptions, rtpPacket } from "../../support/rtp-packets.ts";

/** Far more than a datagram on loopback takes, by the clock that no test stops. */
const WAIT_NS_MAX = 10e9;

/** Lets the event loop turn until the condition holds. Works with the clock standing still. */
export async function turnsUntil(condition: () => boolean, what: string): Promise<void> {
  for (const end = Bun.nanoseconds() + WAIT_NS_MAX; Bun.nanoseconds() < end; ) {
    if (condition()) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  throw new Error(`nothing came of ${what}`);
}

/** Below those that the kernel hands out by itself. */
let nextRange = 17_000;

/** A pool of ports that no other test uses. */
export function testPorts(count: number): LegPortPool {
  const first = nextRange;
  nextRange += count;
  return new LegPortPool(first, first + count - 1);
}

export const BOTH: LegPlans = {
  video: { mode: "copy", codec: "H264", map: "0:v:0" },
  audio: { mode: "copy", codec: "OPUS", map: "0:a:0" },
};

/** Sends RTP from the ports FFmpeg was given, as one run of it. */
export class FakeFfmpeg {
  private readonly target: LegTarget;
  private readonly socket: Bun.udp.Socket<"buffer">;
  private sequence = 100;

  private constructor(target: LegTarget, socket: Bun.udp.Socket<"buffer">) {
    this.target = target;
    this.socket = socket;
  }

  static async start(target: LegTarget | undefined): Promise<FakeFfmpeg> {
    if (target === undefined) throw new Error("no leg to send to");
    const port = target.rtpSourcePort;
    return new FakeFfmpeg(target, await Bun.udpSocket({ hostname: "127.0.0.1", port }));
  }

  /** One packet: a keyframe, another picture, or sound, at the next time or `later` frames from now. */
  send(what: "key" | "picture" | "sound", later = 0): void {
    const sequence = this.sequence++;
    const timestamp = (sequence + later) * 960;
    const options: PacketOptions = { sequence, timestamp, ssrc: this.target.ssrc };
    const packet =
      what === "sound"
        ? rtpPacket(Buffer.from([0x78, 1, 2, 3]), options)
        : h264Packet({ ...options, nal: what === "key" ? 5 : 1 });
    this.socket.send(packet, this.target.port, "127.0.0.1");
  }

  stop(): void {
    this.socket.close();
  }
}
