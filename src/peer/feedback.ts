/** RTCP from one viewer: NACKs become resends, report blocks become its statistics. */
import { Resend } from "../egress/resend.ts";
import type { Subscriber } from "../egress/subscriber.ts";
import type { MediaKind } from "../media-kind.ts";
import type { BatchSender } from "../transport/batch-sender.ts";
import { type ReportBlock, type RtcpHandler, readRtcp } from "../wire/rtcp/receive.ts";
import { compactNtp } from "../wire/rtcp/sender-report.ts";
import type { LegCounts } from "./totals.ts";

/** What the viewer last reported. */
export interface FeedbackStatistics {
  rttMs: number | null;
  lossPercent: number | null;
  jitterMs: number | null;
}

/** One report block of the viewer. `lost` and `expected` count packets since the report before. */
export interface LegReport {
  readonly leg: MediaKind;
  readonly rttSeconds: number | undefined;
  readonly jitterSeconds: number;
  readonly lost: number;
  readonly expected: number;
  /** The viewer's own figure, 0 to 1, since its report before. */
  readonly fractionLost: number;
}

export interface FeedbackListener {
  report(report: LegReport, nowMs: number): void;
  /** The viewer can show nothing without a keyframe. */
  keyframeWanted(subscriber: Subscriber): void;
}

/** What the last report of a leg said, for the differences. */
interface Reported {
  cumulativeLost: number;
  highestSequence: number;
}

/** One RTCP datagram may ask for this many packets; what is beyond is not looked at. */
const NACK_ENTRIES_MAX = 64;
/** Between two keyframes for one viewer that are sent on its request. */
const KEYFRAME_INTERVAL_MS = 500;

export class Feedback implements RtcpHandler {
  readonly statistics: FeedbackStatistics = {
    rttMs: null,
    lossPercent: null,
    jitterMs: null,
  };
  private readonly resends = new Map<number, Resend>();
  private readonly subscribers = new Map<number, Subscriber>();
  private readonly batch: BatchSender;
  private readonly listener: FeedbackListener;
  /** By SSRC of ours, so as bounded as the legs. */
  private readonly nacks = new Map<number, number>();
  private readonly keyframeRequests = new Map<number, number>();
  private readonly reported = new Map<number, Reported>();
  private nowMs = 0;
  private unixSeconds = 0;
  private nackEntries = 0;
  private keyframeMs = Number.NEGATIVE_INFINITY;

  constructor(subscribers: readonly Subscriber[], batch: BatchSender, listener: FeedbackListener) {
    this.batch = batch;
    this.listener = listener;
    for (const subscriber of subscribers) {
      this.subscribers.set(subscriber.ssrc, subscriber);
      this.resends.set(subscriber.ssrc, new Resend(subscriber, batch));
    }
  }

  /** Of the leg with this SSRC. */
  counts(ssrc: number): Pick<LegCounts, "packetsResent" | "nacks" | "keyframeRequests"> {
    return {
      packetsResent: this.resends.get(ssrc)?.packetsResent ?? 0,
      nacks: this.nacks.get(ssrc) ?? 0,
      keyframeRequests: this.keyframeRequests.get(ssrc) ?? 0,
    };
  }

  /** Takes plain RTCP. `nowMs` is monotonic, `unixSeconds` the clock of the sender reports. */
  receive(packet: Uint8Array, nowMs: number, unixSeconds: number): void {
    this.nowMs = nowMs;
    this.unixSeconds = unixSeconds;
    this.nackEntries = 0;
    readRtcp(packet, this);
    if (this.nackEntries > 0) this.batch.flush();
  }

  report(block: ReportBlock): void {
    const subscriber = this.subscribers.get(block.ssrc);
    if (subscriber === undefined) return;
    const jitterSeconds = block.jitter / subscriber.track.clockRate;
    const rttSeconds = this.roundTrip(block);
    this.statistics.lossPercent = block.fractionLost * 100;
    this.statistics.jitterMs = jitterSeconds * 1000;
    if (rttSeconds !== undefined) this.statistics.rttMs = rttSeconds * 1000;
    const leg = subscriber.track.kind;
    const { fractionLost } = block;
    this.listener.report(
      { leg, rttSeconds, jitterSeconds, fractionLost, ...this.sinceLast(block, subscriber) },
      this.nowMs,
    );
  }

  /** RFC 3550 §6.4.1: RTT = now - LSR - DLSR, in units of 1/65536 s. */
  private roundTrip(block: ReportBlock): number | undefined {
    if (block.lastSenderReport === 0) return undefined;
    const now = compactNtp(this.unixSeconds);
    const units = (now - block.lastSenderReport - block.delaySinceLastSenderReport) | 0;
    return units >= 0 ? units / 65536 : undefined;
  }

  /**
   * RFC 3550 §A.3. Nothing is known to be lost before the first report; a repaired loss may count down. Some players
   * report before they have a packet (GStreamer: 0xffffffff): a number that nobody sent is no number to count from.
   */
  private sinceLast({ ssrc, cumulativeLost, highestSequence }: ReportBlock, to: Subscriber) {
    const last = this.reported.get(ssrc);
    if (last === undefined && to.heldIndexOf(highestSequence & 0xffff) === undefined) {
      return { lost: 0, expected: 0 };
    }
    this.reported.set(ssrc, { cumulativeLost, highestSequence });
    if (last === undefined) return { lost: Math.max(0, cumulativeLost), expected: 0 };
    return {
      lost: Math.max(0, cumulativeLost - last.cumulativeLost),
      expected: Math.max(0, (highestSequence - last.highestSequence) | 0),
    };
  }

  nack(mediaSsrc: number, packetId: number, bitmask: number): void {
    if (this.nackEntries++ >= NACK_ENTRIES_MAX) return;
    const resend = this.resends.get(mediaSsrc);
    if (resend === undefined) return;
    this.nacks.set(mediaSsrc, (this.nacks.get(mediaSsrc) ?? 0) + 1);
    const rttMs = this.statistics.rttMs ?? undefined;
    resend.nack(packetId, bitmask, this.nowMs, rttMs);
  }

  /** Browsers ask again and again until a keyframe comes. */
  keyframeRequest(mediaSsrc: number): void {
    const subscriber = this.subscribers.get(mediaSsrc);
    if (subscriber === undefined) return;
    this.keyframeRequests.set(mediaSsrc, (this.keyframeRequests.get(mediaSsrc) ?? 0) + 1);
    if (this.nowMs - this.keyframeMs < KEYFRAME_INTERVAL_MS) return;
    this.keyframeMs = this.nowMs;
    this.listener.keyframeWanted(subscriber);
  }
}
