/** The media side of a connected viewer: its tracks in the fan-out, reports to it and from it. */
import type { SrtpCipher } from "../egress/cipher/cipher.ts";
import { Congestion } from "../egress/congestion.ts";
import type { FanOut } from "../egress/fan-out.ts";
import { senderReports } from "../egress/sender-report.ts";
import { Subscriber, type ViewerPath } from "../egress/subscriber.ts";
import type { MediaKind } from "../media-kind.ts";
import type { PlayedStream } from "../stream/played.ts";
import type { BatchSender } from "../transport/batch-sender.ts";
import type { SrtpKeys } from "../transport/dtls.ts";
import type { Endpoint } from "../transport/media-socket.ts";
import type { Srtcp } from "../transport/srtcp.ts";
import type { NegotiatedTrack } from "../wire/sdp/answer.ts";
import { Feedback, type FeedbackStatistics, type LegReport } from "./feedback.ts";
import { ReportDigest } from "./report-digest.ts";
import type { LegTotals } from "./totals.ts";

export interface TrackSsrcs {
  readonly ssrc: number;
  readonly rtxSsrc: number | undefined;
}

export interface PeerMediaOptions {
  readonly stream: PlayedStream;
  readonly tracks: readonly NegotiatedTrack[];
  readonly ssrcs: ReadonlyMap<MediaKind, TrackSsrcs>;
  readonly cname: string;
  readonly keys: SrtpKeys;
  readonly createCipher: (keys: SrtpKeys) => SrtpCipher;
  readonly createSrtcp: (keys: SrtpKeys) => Srtcp;
  readonly endpoint: Endpoint;
  readonly fanOut: FanOut;
  readonly batch: BatchSender;
  readonly randomBytes: (size: number) => Buffer;
  /** Reports that say nothing new come summed up. */
  readonly onReport: (report: LegReport) => void;
  /** Video begins. */
  readonly onVideoStart: () => void;
  /** Frames of the video were left out, because the viewer could not keep up. */
  readonly onFramesSkipped: (frames: number) => void;
}

export class PeerMedia {
  private readonly options: PeerMediaOptions;
  private readonly srtcp: Srtcp;
  private readonly path: ViewerPath;
  private readonly subscribers: readonly Subscriber[];
  private readonly feedback: Feedback;
  private readonly congestion = new Congestion();
  private readonly digest: ReportDigest;

  constructor(options: PeerMediaOptions) {
    this.options = options;
    const { keys, endpoint, createCipher, createSrtcp, batch } = options;
    this.srtcp = createSrtcp(keys);
    this.path = { endpoint, cipher: createCipher(keys) };
    this.subscribers = options.tracks.flatMap((track) => this.subscribe(track));
    this.digest = new ReportDigest(options.onReport);
    this.feedback = new Feedback(this.subscribers, batch, {
      report: (report, nowMs) => this.reported(report, nowMs),
      keyframeWanted: (subscriber) => options.fanOut.repeatKeyframe(subscriber),
    });
  }

  /** From here on packets flow. Reports go ahead of them, so that the first picture and sound are in time. */
  start(unixMs: number): void {
    this.queueReports(unixMs);
    this.options.batch.flush();
    for (const subscriber of this.subscribers) this.options.fanOut.add(subscriber);
  }

  /** Media goes to another address. */
  moveTo(endpoint: Endpoint): void {
    this.path.endpoint = endpoint;
  }

  /** An SRTCP datagram. False where it is not authentic. */
  receive(datagram: Buffer, nowMs: number, unixMs: number): boolean {
    const plain = this.srtcp.unprotect(datagram);
    if (plain === undefined) return false;
    this.feedback.receive(plain, nowMs, unixMs / 1000);
    return true;
  }

  /** Puts sender reports into the batch, which whoever asked for them flushes. */
  queueReports(unixMs: number): void {
    if (this.subscribers.length === 0) return;
    const { batch, cname } = this.options;
    const reports = senderReports(this.subscribers, unixMs / 1000, cname);
    const datagram = this.srtcp.protect(reports);
    if (datagram === undefined) return;
    datagram.copy(batch.arena, batch.next());
    batch.commit(datagram.length, this.path.endpoint);
  }

  close(): void {
    for (const subscriber of this.subscribers) this.options.fanOut.remove(subscriber);
    this.digest.flush();
    this.path.cipher.close();
    this.srtcp.close();
  }

  get statistics(): FeedbackStatistics {
    return this.feedback.statistics;
  }

  get totals(): readonly LegTotals[] {
    return this.subscribers.map(({ octetsSent, packetsSent, ssrc, track }) => ({
      streamId: this.options.stream.id,
      leg: track.kind,
      packets: packetsSent,
      bytes: octetsSent,
      ...this.feedback.counts(ssrc),
    }));
  }

  private reported(report: LegReport, nowMs: number): void {
    this.digest.report(report, nowMs);
    if (report.leg !== "video") return;
    const groups = this.congestion.report(report.fractionLost, nowMs);
    if (groups === undefined) return;
    const video = this.subscribers.find(({ track }) => track.kind === "video");
    if (video !== undefined) this.options.fanOut.thin(video, groups);
  }

  private subscribe(negotiated: NegotiatedTrack): Subscriber[] {
    const { kind, payloadType, rtxPayloadType } = negotiated;
    const { randomBytes, onVideoStart, onFramesSkipped } = this.options;
    const track = this.options.stream.track(kind);
    const ssrcs = this.options.ssrcs.get(kind);
    if (track === undefined || ssrcs === undefined) return [];
    const { ssrc, rtxSsrc } = ssrcs;
    const rtx =
      rtxPayloadType === undefined || rtxSsrc === undefined
        ? undefined
        : { payloadType: rtxPayloadType, ssrc: rtxSsrc };
    return [
      new Subscriber({
        track,
        path: this.path,
        payloadType,
        ssrc,
        rtx,
        firstSequence: 1024 + (randomBytes(2).readUInt16BE() % 31_744),
        timestampShift: randomBytes(4).readUInt32BE(),
        ...(kind === "video" ? { onStart: onVideoStart, onSkipped: onFramesSkipped } : {}),
      }),
    ];
  }
}
