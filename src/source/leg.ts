/**
 * One loopback UDP port that FFmpeg feeds with the RTP of one track. Accepts packets only from the two
 * source ports FFmpeg was given, makes them continuous and writes them to the werift track.
 */

import type { CopyFault } from "../process/source-plan.ts";
import type { Track } from "../stream/track.ts";
import { datagramListener } from "../transport/datagram-listener.ts";
import { fdOf, setBufferBytes } from "../transport/linux-socket.ts";
import { parseSenderReport } from "../wire/rtcp/sender-report.ts";
import { isRtcp, parseRtp } from "../wire/rtp/header.ts";
import { payloadSplitter, type SplitPayload } from "../wire/rtp/payload/split.ts";
import { type ContinuousHeader, LegContinuity } from "./leg/continuity.ts";
import { IdrWatch } from "./leg/idr-watch.ts";
import type { LegPorts } from "./leg-ports.ts";
import type { Timeline } from "./timeline.ts";

/** With header, SRTP tag and the headers of UDP and IPv6 below 1,280 bytes, which every path carries (RFC 8200 §5). */
const PAYLOAD_BYTES_MAX = 1188;
/** A keyframe of a few datagrams at once; without root the system's limit holds. */
const RECEIVE_BUFFER_BYTES = 4 << 20;

/** One frame behind may be a hiccup of a camera's clock, so many in a short time are B-frames. */
const FRAMES_BEHIND = 3;

export interface LegOptions {
  readonly track: Track;
  readonly ports: LegPorts;
  readonly timeline: Timeline;
  readonly firstSequence: number;
  /** Unix time in milliseconds, with fraction. */
  readonly nowMs: () => number;
  /** Called for each packet that was accepted. */
  readonly onPacket: () => void;
  /** B-frames come, of which none is passed on, or no IDR frames: called once for each run of FFmpeg. */
  readonly onCopyFault: (fault: CopyFault) => void;
}

export class Leg {
  readonly track: Track;
  readonly ports: LegPorts;
  /** Datagrams that came from a foreign port, were no RTP or had another SSRC. */
  packetsRefused = 0;
  private readonly continuity: LegContinuity;
  private readonly nowMs: () => number;
  private readonly onPacket: () => void;
  private readonly onCopyFault: (fault: CopyFault) => void;
  private readonly idrWatch: IdrWatch | undefined;
  private readonly split: SplitPayload;
  /** Of the packet's first part, until that is written. */
  private header: ContinuousHeader | undefined;
  private marker = false;
  private faultTold = false;
  private socket: Bun.udp.Socket<"buffer"> | undefined;

  private constructor(options: LegOptions) {
    this.track = options.track;
    this.ports = options.ports;
    this.nowMs = options.nowMs;
    this.onPacket = options.onPacket;
    this.onCopyFault = options.onCopyFault;
    this.idrWatch = options.track.codec === "H264" ? new IdrWatch() : undefined;
    this.split = payloadSplitter(options.track.codec, PAYLOAD_BYTES_MAX);
    this.continuity = new LegContinuity({
      clockRate: options.track.clockRate,
      timeline: options.timeline,
      firstSequence: options.firstSequence,
      ordered: options.track.kind === "video",
    });
  }

  /** Binds the leg's port. Rejects with the system's error where it is taken. */
  static async open(options: LegOptions): Promise<Leg> {
    const leg = new Leg(options);
    leg.socket = await Bun.udpSocket({
      hostname: "127.0.0.1",
      port: options.ports.receive,
      socket: datagramListener((datagram, port) => leg.receive(datagram, port)),
    });
    const fd = fdOf(leg.socket);
    if (fd !== undefined) setBufferBytes(fd, RECEIVE_BUFFER_BYTES);
    return leg;
  }

  /** A new run of FFmpeg will feed this leg with this SSRC. */
  startGeneration(ssrc: number): void {
    this.faultTold = false;
    this.idrWatch?.startGeneration();
    this.continuity.startGeneration(ssrc);
  }

  close(): void {
    this.socket?.close();
    this.socket = undefined;
  }

  private receive(datagram: Buffer, port: number): void {
    if (port === this.ports.rtcpSource && isRtcp(datagram)) {
      const report = parseSenderReport(datagram);
      if (report !== undefined) this.continuity.senderReport(report);
      return;
    }
    const packet = port === this.ports.rtpSource ? parseRtp(datagram) : undefined;
    const header = packet && this.continuity.next(packet, this.nowMs() / 1000);
    if (packet === undefined || header === undefined) {
      this.packetsRefused++;
      if (this.continuity.framesBehind >= FRAMES_BEHIND) this.tell("b-frames");
      return;
    }
    const end = packet.payloadOffset + packet.payloadLength;
    this.header = header;
    this.marker = header.marker;
    this.split(datagram.subarray(packet.payloadOffset, end), this.writePart);
    this.onPacket();
    if (this.idrWatch?.isMissing(datagram, packet) === true) this.tell("no-idr");
  }

  private tell(fault: CopyFault): void {
    if (this.faultTold) return;
    this.faultTold = true;
    this.onCopyFault(fault);
  }

  /** The marker is the last packet's of a frame (RFC 6184 §5.1, RFC 7741 §4.1). */
  private readonly writePart = (part: Buffer, last: boolean): void => {
    const header = this.header ?? this.continuity.another();
    this.header = undefined;
    header.marker = this.marker && last;
    this.track.write(header, part);
  };
}
