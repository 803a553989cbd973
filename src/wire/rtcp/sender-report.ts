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

const SR_BYTES = 28;
const SDES_HEADER_BYTES = 4;

/**
 * An SR of each source, then an SDES with the CNAME of all, which every compound packet must carry (RFC 3550 §6.1,
 * RFC 8108 §5.3.1). At most 31 reports.
 */
export function writeSenderReports(reports: readonly SenderReport[], cname: string): Buffer {
  const name = Buffer.from(cname, "utf8").subarray(0, 255);
  // SDES chunk: SSRC, item header, text, then at least one zero octet up to a 32-bit border.
  const chunkBytes = 4 + 2 + name.length + (4 - ((2 + name.length) % 4));
  const sdes = reports.length * SR_BYTES;
  const packet = Buffer.alloc(sdes + SDES_HEADER_BYTES + reports.length * chunkBytes);
  packet[sdes] = 0x80 | reports.length;
  packet[sdes + 1] = 202;
  packet.writeUInt16BE((reports.length * chunkBytes) / 4, sdes + 2);
  reports.forEach((report, i) => {
    writeOne(packet, i * SR_BYTES, report);
    const chunk = sdes + SDES_HEADER_BYTES + i * chunkBytes;
    writeUint32(packet, chunk, report.ssrc);
    packet[chunk + 4] = 1;
    packet[chunk + 5] = name.length;
    packet.set(name, chunk + 6);
  });
  return packet;
}

function writeOne(packet: Buffer, at: number, report: SenderReport): void {
  packet[at] = 0x80;
  packet[at + 1] = 200;
  packet[at + 3] = 6;
  writeUint32(packet, at + 4, report.ssrc);
  const ntp = report.unixSeconds + NTP_EPOCH_SECONDS;
  writeUint32(packet, at + 8, Math.floor(ntp) % 2 ** 32);
  writeUint32(packet, at + 12, Math.floor((ntp % 1) * 2 ** 32));
  writeUint32(packet, at + 16, report.rtpTimestamp);
  writeUint32(packet, at + 20, report.packets);
  writeUint32(packet, at + 24, report.octets);
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
