/** What a viewer tells the server of its reception: receiver reports that answer the sender reports, and PLI. */
import type { WhepPlayer } from "./whep-player.ts";

const SENDER_REPORT = 200;

export class ReceiverReports {
  private readonly player: WhepPlayer;
  /** The middle of the NTP time of the last sender report by SSRC, and when it came. */
  private readonly senderReports = new Map<number, { middleNtp: number; atMs: number }>();
  private cumulativeLost = 0;

  constructor(player: WhepPlayer) {
    this.player = player;
    player.onRtcp = (packet) => this.receive(packet);
  }

  /** One report on a kind of media; `lost` packets more than in the report before. */
  send(kind: "video" | "audio", { lost = 0, fractionLost = 0, jitter = 0 } = {}): void {
    const received = this.player.media(kind);
    if (received === undefined) throw new Error(`no ${kind} has come yet`);
    this.cumulativeLost += lost;
    const last = this.senderReports.get(received.ssrc);
    const packet = Buffer.alloc(32);
    packet.writeUInt32BE(0x81c90007, 0);
    packet.writeUInt32BE(1, 4);
    packet.writeUInt32BE(received.ssrc, 8);
    packet.writeUInt32BE(((Math.round(fractionLost * 256) << 24) | this.cumulativeLost) >>> 0, 12);
    packet.writeUInt32BE(received.highestSequence, 16);
    packet.writeUInt32BE(jitter, 20);
    packet.writeUInt32BE(last?.middleNtp ?? 0, 24);
    const delay = last === undefined ? 0 : (performance.now() - last.atMs) / 1000;
    packet.writeUInt32BE(Math.round(delay * 65536), 28);
    this.player.sendRtcp(packet);
  }

  /** Picture loss indication (RFC 4585 §6.3.1). */
  pictureLost(): void {
    const packet = Buffer.alloc(12);
    packet.writeUInt32BE(0x81ce0002, 0);
    packet.writeUInt32BE(1, 4);
    packet.writeUInt32BE(this.player.media("video")?.ssrc ?? 0, 8);
    this.player.sendRtcp(packet);
  }

  /** Whether a sender report of this media has come, without which there is no round trip. */
  hasSenderReport(kind: "video" | "audio"): boolean {
    return this.senderReports.has(this.player.media(kind)?.ssrc ?? -1);
  }

  private receive(packet: Buffer): void {
    if (packet[1] !== SENDER_REPORT || packet.length < 28) return;
    this.senderReports.set(packet.readUInt32BE(4), {
      middleNtp: packet.readUInt32BE(10),
      atMs: performance.now(),
    });
  }
}
