/** RTCP sender reports, written for viewers and read from FFmpeg (RFC 3550 §6.4.1, §6.5). */
import { readUint32, writeUint32 } from "../rtp/header.ts";

/** Seconds between the NTP epoch (1900) and the Unix epoch (1970). */
const NTP_EPOCH_SECONDS = 2_208_988_800;

/** The clock pair and counters of a sender report. */
export interface SenderReport {
  readonly ssrc: number;
  /** Unix time in seconds, with fraction. */
  readonly unixSeconds: number;
  readonly rtpTimestamp: number;
  readonly packets: number;
  readonly octets: number;
}

/** The middle 32 bits of the NTP time, as receivers echo it in LSR. */
export function compactNtp(unixSeconds: number): number {
  return Math.floor((unixSeconds + NTP_EPOCH_SECONDS) * 65536) % 2 ** 32;
}

/** An SR followed by an SDES with the CNAME, which every compound packet must carry (RFC 3550 §6.1). */
export function writeSenderReport(report: SenderReport, cname: string): Buffer {
  const name = Buffer.from(cname, "utf8").subarray(0, 255);
  // SDES chunk: SSRC, item header, text, then at least one zero octet up to a 32-bit border.
  const chunkBytes = 4 + 2 + name.length + (4 - ((2 + name.length) % 4));
  const packet = Buffer.alloc(28 + 4 + chunkBytes);
  packet[0] = 0x80;
  packet[1] = 200;
  packet[3] = 6;
  writeUint32(packet, 4, report.ssrc);
  const ntp = report.unixSeconds + NTP_EPOCH_SECONDS;
  writeUint32(packet, 8, Math.floor(ntp) % 2 ** 32);
  writeUint32(packet, 12, Math.floor((ntp % 1) * 2 ** 32));
  writeUint32(packet, 16, report.rtpTimestamp);
  writeUint32(packet, 20, report.packets);
  writeUint32(packet, 24, report.octets);
  packet[28] = 0x81;
  packet[29] = 202;
  packet[31] = chunkBytes / 4;
  writeUint32(packet, 32, report.ssrc);
  packet[36] = 1;
  packet[37] = name.length;
  packet.set(name, 38);
  return packet;
}

/** Reads the first packet of a compound as an SR; undefined where it is none. */
export function parseSenderReport(packet: Uint8Array): SenderReport | undefined {
  if (packet.length < 28 || packet[0]! >> 6 !== 2 || packet[1] !== 200) return undefined;
  return {
    ssrc: readUint32(packet, 4),
    unixSeconds: readUint32(packet, 8) + readUint32(packet, 12) / 2 ** 32 - NTP_EPOCH_SECONDS,
    rtpTimestamp: readUint32(packet, 16),
    packets: readUint32(packet, 20),
    octets: readUint32(packet, 24),
  };
}
