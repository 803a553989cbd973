/**
 * Tells H.264 that is refreshed without IDR frames (x264's intra refresh, open GOPs of cameras): FFmpeg marks its recovery
 * points as keyframes and puts parameter sets before them, but no browser starts to decode there.
 */
import type { RtpView } from "../../wire/rtp/header.ts";
import { startsH264Keyframe, startsIdr } from "../../wire/rtp/payload/h264.ts";

/** In a row: sources that send IDR frames now and then are worth the wait for the next one. */
const RECOVERY_POINTS = 3;

export class IdrWatch {
  private recoveryPoints = 0;
  /** Of the frame whose parameter sets came last, until its IDR slice comes. */
  private awaiting: number | undefined;

  /** A new run of FFmpeg. */
  startGeneration(): void {
    this.recoveryPoints = 0;
    this.awaiting = undefined;
  }

  /** Takes a packet as FFmpeg sends it; true where one recovery point after the other has no IDR slice. */
  isMissing(datagram: Uint8Array, packet: RtpView): boolean {
    const { payloadOffset, payloadLength, timestamp } = packet;
    if (startsIdr(datagram, payloadOffset, payloadLength)) {
      this.startGeneration();
    } else if (startsH264Keyframe(datagram, payloadOffset, payloadLength)) {
      if (this.awaiting !== undefined && this.awaiting !== timestamp) this.recoveryPoints++;
      this.awaiting = timestamp;
    }
    return this.recoveryPoints >= RECOVERY_POINTS;
  }
}
