/** RTP packets as FFmpeg sends them, small. */

export interface PacketOptions {
  readonly sequence?: number;
  readonly timestamp?: number;
  readonly ssrc?: number;
  readonly marker?: boolean;
}

export function rtpPacket(payload: Buffer, options: PacketOptions = {}): Buffer {
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = 96 | (options.marker === false ? 0 : 0x80);
  header.writeUInt16BE(options.sequence ?? 0, 2);
  header.writeUInt32BE(options.timestamp ?? 0, 4);
  header.writeUInt32BE(options.ssrc ?? 0x11223344, 8);
  return Buffer.concat([header, payload]);
}

/** A single NAL unit of this type: 5 is a keyframe's slice, 1 another picture's. */
export function h264Packet(options: PacketOptions & { nal: number }): Buffer {
  return rtpPacket(Buffer.from([0x60 | options.nal, 0x88, 0x84]), options);
}
