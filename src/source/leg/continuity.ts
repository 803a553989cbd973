/**
 * Makes the packets of one leg continuous: whatever sequence numbers, timestamps and SSRC each run of FFmpeg
 * chooses, viewers see one unbroken RTP stream (RFC 3550 §5.1). Losses inside a run stay visible as gaps.
 */
import type { SenderReport } from "../../wire/rtcp/sender-report.ts";
import { type RtpView, sequenceDelta } from "../../wire/rtp/header.ts";
import type { Timeline } from "../timeline.ts";

/** Modulus of RTP timestamps. */
const TIMESTAMP_RANGE = 2 ** 32;

/** B-frames are shown before a frame that was sent earlier, by less than this. */
const BEHIND_SECONDS_MAX = 2;

/** A source with B-frames never sends so many without one: what came before were hiccups of a camera's clock. */
const IN_ORDER_FRAMES = 60;

/** What of the header viewers see. */
export interface ContinuousHeader {
  sequence: number;
  timestamp: number;
  marker: boolean;
}

export class LegContinuity {
  private readonly clockRate: number;
  private readonly timeline: Timeline;
  private ssrc: number | undefined;
  private report: SenderReport | undefined;
  private sequenceShift = 0;
  private timestampShift: number | undefined;
  private lastSequence: number;
  /** Of the source. */
  private lastReceived: number | undefined;
  private readonly ordered: boolean;
  /** Newest timestamp of the source in this run. */
  private newest: number | undefined;
  private behindTimestamp: number | undefined;
  /** Frames that came after one of a later time and were left out, since the last long row of frames in order. */
  framesBehind = 0;
  private framesInOrder = 0;
  private readonly out: ContinuousHeader = { sequence: 0, timestamp: 0, marker: false };

  /** `ordered` leaves out frames that are not in the order of their times: WebRTC players can't reorder them. */
  constructor(options: {
    clockRate: number;
    timeline: Timeline;
    firstSequence: number;
    ordered: boolean;
  }) {
    this.clockRate = options.clockRate;
    this.ordered = options.ordered;
    this.timeline = options.timeline;
    this.lastSequence = (options.firstSequence - 1) & 0xffff;
  }

  /** A new run of FFmpeg, told to send with this SSRC: what the run before it left in the queue is refused. */
  startGeneration(ssrc: number): void {
    this.ssrc = ssrc;
    this.report = undefined;
    this.timestampShift = undefined;
    this.lastReceived = undefined;
    this.newest = undefined;
    this.framesBehind = 0;
  }

  /** FFmpeg's sender report; the first of a run comes ahead of its first packet. */
  senderReport(report: SenderReport): void {
    if (report.ssrc === this.ssrc) this.report ??= report;
  }

  /**
   * The header to send with, or undefined for a packet of another SSRC, a duplicate, a late one (loopback delivers
   * in order) or one of a B-frame. The object is reused.
   */
  next(packet: RtpView, nowSeconds: number): ContinuousHeader | undefined {
    if (packet.ssrc !== this.ssrc) return undefined;
    const { lastReceived } = this;
    if (lastReceived !== undefined && sequenceDelta(lastReceived, packet.sequence) <= 0) {
      return undefined;
    }
    this.lastReceived = packet.sequence;
    this.timestampShift ??= this.begin(packet, nowSeconds);
    if (this.ordered && this.isBehind(packet.timestamp)) {
      // What is left out is no loss to viewers: the numbers close up.
      this.sequenceShift = (this.sequenceShift - 1) & 0xffff;
      return undefined;
    }
    const { out } = this;
    out.sequence = (packet.sequence + this.sequenceShift) & 0xffff;
    out.timestamp = (packet.timestamp + this.timestampShift) % TIMESTAMP_RANGE;
    out.marker = packet.marker;
    this.lastSequence = out.sequence;
    this.timeline.reached(this.secondsNear(out.timestamp, nowSeconds));
    return out;
  }

  /** The header of one more part of the same packet; all that follows moves up by one. */
  another(): ContinuousHeader {
    const { out } = this;
    this.sequenceShift = (this.sequenceShift + 1) & 0xffff;
    out.sequence = (out.sequence + 1) & 0xffff;
    this.lastSequence = out.sequence;
    return out;
  }

  private isBehind(timestamp: number): boolean {
    const ticks = this.newest === undefined ? 0 : (timestamp - this.newest) | 0;
    // A larger step back is a source that began anew.
    if (ticks < 0 && ticks > -BEHIND_SECONDS_MAX * this.clockRate) {
      if (timestamp !== this.behindTimestamp) this.framesBehind++;
      this.behindTimestamp = timestamp;
      this.framesInOrder = 0;
      return true;
    }
    if (ticks !== 0 && ++this.framesInOrder >= IN_ORDER_FRAMES) this.framesBehind = 0;
    this.newest = timestamp;
    return false;
  }

  /** Pins sequence numbers and timestamps at the first packet of a run; returns the shift of timestamps. */
  private begin(packet: RtpView, nowSeconds: number): number {
    this.sequenceShift = (this.lastSequence + 1 - packet.sequence) & 0xffff;
    const declared = this.declaredSeconds(packet.timestamp) ?? nowSeconds;
    const placed = this.timeline.place(declared, nowSeconds);
    const wanted = Math.round(placed * this.clockRate) % TIMESTAMP_RANGE;
    return (wanted - packet.timestamp + TIMESTAMP_RANGE) % TIMESTAMP_RANGE;
  }

  /** The source's own time of a timestamp, by its sender report. */
  private declaredSeconds(timestamp: number): number | undefined {
    if (this.report === undefined) return undefined;
    const ticks = (timestamp - this.report.rtpTimestamp) | 0;
    return this.report.unixSeconds + ticks / this.clockRate;
  }

  /** The time on our clock, closest to now, that has this outgoing timestamp. */
  private secondsNear(timestamp: number, nowSeconds: number): number {
    const now = Math.round(nowSeconds * this.clockRate);
    return (now + ((timestamp - (now % TIMESTAMP_RANGE)) | 0)) / this.clockRate;
  }
}
