/**
 * The legs of one stream and what their packets say of it: live, silent, failed. The supervisor of the process
 * room runs FFmpeg; this file only hands it ports to send to, and knows nothing of viewers.
 */
import type { MediaKind } from "../media-kind.ts";
import type { LegTarget } from "../process/ffmpeg-args.ts";
import type { CopyFault, LegPlans } from "../process/source-plan.ts";
import type { Stream, TrackDescription } from "../stream/stream.ts";
import { GapMeter } from "./gap-meter.ts";
import { SilenceWatch } from "./leg/silence-watch.ts";
import { Leg } from "./leg.ts";
import type { LegPortPool, LegPorts } from "./leg-ports.ts";
import { Timeline } from "./timeline.ts";

/** Silence of a leg, while FFmpeg runs, that counts as a failure. */
const SILENCE_MS_MAX = 5000;
/** A camera may take this long until its first packet. */
const FIRST_PACKET_MS_MAX = 15_000;
/** A stream whose other leg stays silent goes live without it after this time. */
const SECOND_LEG_MS_MAX = 2000;
const WATCH_INTERVAL_MS = 500;

export type LegFailure = "port_unavailable" | "no_rtp" | "process_died";

export interface FfmpegSourceOptions {
  readonly stream: Stream;
  readonly ports: LegPortPool;
  readonly randomBytes: (size: number) => Buffer;
  /** Unix milliseconds on a clock that does not jump. */
  readonly nowMs: () => number;
  readonly onLegFailure: (leg: MediaKind, failure: LegFailure) => void;
  /** FFmpeg copies video that no viewer can play as it is. B-frames are not passed on. */
  readonly onCopyFault: (fault: CopyFault) => void;
}

export interface SourceFaults {
  /** In which nothing came although it should. */
  readonly gapSeconds: number;
  /** Runs of FFmpeg that sent B-frames. */
  readonly bFrameRuns: number;
}

/** A leg with what is known of it in the current run. */
interface RunningLeg {
  readonly leg: Leg;
  /** Head of the ring when the run began: what is newer came from this run. */
  startIndex: number;
  silence: SilenceWatch;
}

export class FfmpegSource {
  readonly stream: Stream;
  private readonly options: FfmpegSourceOptions;
  private readonly timeline = new Timeline();
  private legs: RunningLeg[] = [];
  private running = false;
  /** This run of FFmpeg has been live. */
  private delivered = false;
  private firstPlayableMs: number | undefined;
  private packets = 0;
  private readonly gaps = new GapMeter();
  private bFrameRuns = 0;
  private readonly watchTimer: ReturnType<typeof setInterval>;

  constructor(options: FfmpegSourceOptions) {
    this.options = options;
    this.stream = options.stream;
    this.watchTimer = setInterval(() => this.watch(), WATCH_INTERVAL_MS);
  }

  /** RTP packets accepted so far: the supervisor's sign of progress. */
  get packetsReceived(): number {
    return this.packets;
  }

  /** What has been wrong with what FFmpeg sends. */
  get faults(): SourceFaults {
    const { bFrameRuns, gaps } = this;
    return { gapSeconds: gaps.seconds(this.options.nowMs()), bFrameRuns };
  }

  /**
   * Gets the legs ready for a run of FFmpeg and returns where it must send. Legs of the same tracks stay open,
   * so viewers go on; throws NoLegPort where the pool is empty.
   */
  async prepare(plan: LegPlans): Promise<readonly LegTarget[]> {
    this.stream.sourceStarted(describe(plan));
    if (!this.fitsStream()) await this.openLegs();
    this.timeline.startGeneration();
    this.firstPlayableMs = undefined;
    this.delivered = false;
    this.running = true;
    const nowMs = this.options.nowMs();
    return this.legs.map((running) => {
      // 31 bits: FFmpeg reads the option as a signed number.
      const ssrc = this.options.randomBytes(4).readUInt32BE() >>> 1 || 1;
      running.leg.startGeneration(ssrc);
      running.startIndex = running.leg.track.ring.head;
      running.silence = new SilenceWatch(FIRST_PACKET_MS_MAX, nowMs);
      const { receive, rtpSource, rtcpSource } = running.leg.ports;
      return {
        kind: running.leg.track.kind,
        port: receive,
        rtpSourcePort: rtpSource,
        rtcpSourcePort: rtcpSource,
        ssrc,
      };
    });
  }

  /** The supervisor begins a start: the source is probed, then FFmpeg runs. */
  starting(): void {
    this.stream.sourceStarting();
  }

  /** The start came to nothing, or FFmpeg ended and stays so. */
  stopped(): void {
    this.running = false;
    this.stream.sourceStopped();
  }

  /**
   * FFmpeg ended. `failed` says that nobody asked it to. Where it will be started again, and did deliver, the
   * stream counts as starting and the legs stay; otherwise the stream is down, and the ports go back.
   */
  exited(facts: { failed: boolean; willRestart: boolean }): void {
    if (facts.failed) this.failAll("process_died");
    this.stopped();
    if (facts.willRestart && this.delivered) this.starting();
    if (facts.willRestart) return;
    this.gaps.stopped(this.options.nowMs());
    this.closeLegs();
  }

  close(): void {
    clearInterval(this.watchTimer);
    this.closeLegs();
  }

  private fitsStream(): boolean {
    const { tracks } = this.stream;
    return (
      this.legs.length === tracks.length && this.legs.every(({ leg }) => tracks.includes(leg.track))
    );
  }

  private async openLegs(): Promise<void> {
    this.closeLegs();
    try {
      for (const track of this.stream.tracks) this.legs.push(await this.openLeg(track));
    } catch (error) {
      for (const track of this.stream.tracks) {
        this.options.onLegFailure(track.kind, "port_unavailable");
      }
      this.closeLegs();
      this.stream.sourceStopped();
      throw error;
    }
  }

  private async openLeg(track: Leg["track"]): Promise<RunningLeg> {
    const { ports, nowMs, randomBytes } = this.options;
    let opened: Leg | undefined;
    const { nextSequence } = track.ring;
    const firstSequence = nextSequence < 0 ? randomBytes(2).readUInt16BE() : nextSequence;
    const running = { startIndex: 0, silence: new SilenceWatch(SILENCE_MS_MAX, nowMs()) };
    await ports.take(async (candidate) => {
      if (!(await canBind(candidate.rtpSource)) || !(await canBind(candidate.rtcpSource))) {
        return false;
      }
      opened = await Leg.open({
        track,
        ports: candidate,
        timeline: this.timeline,
        firstSequence,
        nowMs,
        onPacket: () => this.packetArrived(running),
        onCopyFault: (fault) => {
          if (fault === "b-frames") this.bFrameRuns++;
          this.options.onCopyFault(fault);
        },
      }).catch(() => undefined);
      return opened !== undefined;
    });
    if (opened === undefined) throw new Error("a leg port was taken without a leg");
    return Object.assign(running, { leg: opened });
  }

  private packetArrived(running: { silence: SilenceWatch }): void {
    this.packets++;
    const nowMs = this.options.nowMs();
    running.silence.heard(nowMs);
    this.gaps.heard(nowMs);
    if (this.stream.state === "starting" && this.running) this.noticeLive(nowMs);
  }

  private noticeLive(nowMs: number): void {
    const playable = this.legs.filter((running) => playsThisRun(running));
    if (playable.length === 0) return;
    this.firstPlayableMs ??= nowMs;
    const waitedEnough = nowMs - this.firstPlayableMs >= SECOND_LEG_MS_MAX;
    if (playable.length === this.legs.length || waitedEnough) {
      for (const running of this.legs) running.silence = new SilenceWatch(SILENCE_MS_MAX, nowMs);
      this.delivered = true;
      this.stream.sourceLive();
    }
  }

  private watch(): void {
    if (!this.running) return;
    const nowMs = this.options.nowMs();
    for (const { leg, silence } of this.legs) {
      if (silence.failed(nowMs)) this.options.onLegFailure(leg.track.kind, "no_rtp");
    }
    if (this.stream.state === "live" && this.legs.every(({ silence }) => silence.silent(nowMs))) {
      this.stall();
    }
  }

  /** FFmpeg runs and nothing comes: new viewers wait until there is a picture again, the others stay. */
  private stall(): void {
    this.firstPlayableMs = undefined;
    for (const running of this.legs) running.startIndex = running.leg.track.ring.head;
    this.stream.sourceStarting();
  }

  private failAll(failure: LegFailure): void {
    for (const { leg } of this.legs) this.options.onLegFailure(leg.track.kind, failure);
  }

  private closeLegs(): void {
    for (const { leg } of this.legs) {
      leg.close();
      this.options.ports.release(leg.ports);
    }
    this.legs = [];
  }
}

function describe(plan: LegPlans): readonly TrackDescription[] {
  const tracks: TrackDescription[] = [];
  if (plan.video) tracks.push({ kind: "video", codec: plan.video.codec, channels: 0 });
  if (plan.audio) tracks.push({ kind: "audio", codec: plan.audio.codec, channels: 2 });
  return tracks;
}

/** True where a decoder could start with what this run of FFmpeg has sent. */
function playsThisRun({ leg, startIndex }: RunningLeg): boolean {
  const { ring, kind } = leg.track;
  return kind === "video" ? ring.keyframeIndex >= startIndex : ring.head > startIndex;
}

async function canBind(port: LegPorts["receive"]): Promise<boolean> {
  try {
    const socket = await Bun.udpSocket({ hostname: "127.0.0.1", port });
    socket.close();
    return true;
  } catch {
    return false;
  }
}
