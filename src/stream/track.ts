/**
 * One codec of a stream: the werift track that a source writes to, and the ring that peers read from.
 * Knows neither who writes nor who reads.
 */
import { MediaStreamTrack, RTCRtpCodecParameters, RtpHeader, RtpPacket } from "werift";
import type { MediaKind } from "../media-kind.ts";
import { profileLevelIdIn, startsH264Keyframe } from "../wire/rtp/payload/h264.ts";
import { startsVp8Keyframe, withoutVp8PictureId } from "../wire/rtp/payload/vp8.ts";
import type { ProducedTrack } from "../wire/sdp/answer.ts";
import { type PacketFacts, PacketRing, RING_PACKETS } from "./packet-ring.ts";
import type { PlayedTrack } from "./played.ts";

export type Codec = ProducedTrack["codec"];

/** Clock rate of each codec's RTP timestamps in Hz (RFC 6184, RFC 7741, RFC 7587). */
const CLOCK_RATES: Readonly<Record<Codec, number>> = { H264: 90_000, VP8: 90_000, OPUS: 48_000 };

export class Track implements PlayedTrack {
  readonly kind: MediaKind;
  readonly codec: Codec;
  readonly clockRate: number;
  readonly ring: PacketRing;
  /** Where a source writes RTP; any source of werift tracks can feed a stream. */
  readonly media: MediaStreamTrack;
  /** From the SPS, once one has passed (H.264 only). */
  profileLevelId: string | undefined;
  readonly channels: number;
  packetsReceived = 0;
  bytesReceived = 0;
  private readonly onPackets: () => void;
  /** The packet that write() fills anew each time: werift's own objects cost more than the rest of the way. */
  private readonly written = new RtpPacket(new RtpHeader(), Buffer.alloc(0));

  /** `onPackets` is called after each packet that is new at the head of the ring. */
  constructor(options: {
    kind: MediaKind;
    codec: Codec;
    channels: number;
    onPackets: () => void;
  }) {
    this.kind = options.kind;
    this.codec = options.codec;
    this.channels = options.channels;
    this.clockRate = CLOCK_RATES[options.codec];
    this.ring = new PacketRing(RING_PACKETS[options.kind]);
    this.onPackets = options.onPackets;
    this.media = new MediaStreamTrack({
      kind: options.kind,
      codec: new RTCRtpCodecParameters({
        mimeType: `${options.kind}/${options.codec}`,
        clockRate: CLOCK_RATES[options.codec],
        payloadType: 96,
        ...(options.kind === "audio" ? { channels: options.channels } : {}),
      }),
    });
    this.media.onReceiveRtp.subscribe((packet) => this.receive(packet));
  }

  get produced(): ProducedTrack {
    return {
      kind: this.kind,
      codec: this.codec,
      profileLevelId: this.profileLevelId,
      channels: this.channels,
    };
  }

  /**
   * Hands one packet to the werift track, as its writeRtp() does but without making objects. The packet that
   * listeners of the track see is reused: they must not keep it.
   */
  write(header: Omit<PacketFacts, "startsKeyframe">, payload: Buffer): void {
    const { written } = this;
    written.header.sequenceNumber = header.sequence;
    written.header.timestamp = header.timestamp;
    written.header.marker = header.marker;
    written.payload = payload;
    this.media.applyIncomingRtp(written);
  }

  /** Bounds what of the ring is replayed to a viewer that joins. */
  setGopCache({ packets, bytes, seconds }: Record<"packets" | "bytes" | "seconds", number>): void {
    this.ring.replayLimits = { packets, bytes, ticks: seconds * this.clockRate };
  }

  /** Ends the werift track; nothing is received after it. */
  close(): void {
    this.media.stop();
    this.media.onReceiveRtp.allUnsubscribe();
  }

  private receive(packet: RtpPacket): void {
    const { header } = packet;
    const payload = this.codec === "VP8" ? withoutVp8PictureId(packet.payload) : packet.payload;
    this.packetsReceived++;
    this.bytesReceived += payload.length;
    const appended = this.ring.append(payload, {
      sequence: header.sequenceNumber,
      timestamp: header.timestamp,
      marker: header.marker,
      startsKeyframe: this.startsKeyframe(payload),
    });
    if (appended) this.onPackets();
  }

  private startsKeyframe(payload: Uint8Array): boolean {
    if (this.codec === "VP8") return startsVp8Keyframe(payload, 0, payload.length);
    if (this.codec !== "H264") return false;
    if (!startsH264Keyframe(payload, 0, payload.length)) return false;
    this.profileLevelId = profileLevelIdIn(payload, 0, payload.length) ?? this.profileLevelId;
    return true;
  }
}
