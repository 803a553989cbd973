/**
 * One hour of each stream in memory, for owners without Prometheus: viewers, what is sent to them, what they lose,
 * what fails. Sampled by a timer of its own, off the media path.
 */
import type { PeerEvent } from "../peer-events.ts";
import { SampleRing, type Samples } from "./sample-ring.ts";

export interface HistoryOptions {
  /** What there is now; asked once per sample. */
  readonly streams: () => readonly StreamNow[];
  /** Unix milliseconds. */
  readonly unixMs: () => number;
}

export interface StreamNow {
  readonly id: string;
  readonly viewers: number;
  /** Sent to all viewers since the start; may start anew with a stream. */
  readonly bytesSent: number;
}

export interface StreamHistory extends Samples {
  readonly intervalSeconds: number;
  /** Unix milliseconds of the last sample. */
  readonly untilMs: number;
}

export const SAMPLE_SECONDS = 10;
/** An hour. */
export const SAMPLES_MAX = 360;
/** As many streams as get a history, of 6 kB each. */
export const STREAMS_MAX = 500;

interface Recorded {
  readonly ring: SampleRing;
  bytesSent: number;
  lost: number;
  expected: number;
  failures: number;
}

export class History {
  private readonly options: HistoryOptions;
  private readonly recorded = new Map<string, Recorded>();
  /** Viewers that are connected now. */
  private readonly connected = new Set<string>();
  private readonly timer: ReturnType<typeof setInterval>;
  private sampledMs: number;

  constructor(options: HistoryOptions) {
    this.options = options;
    this.sampledMs = options.unixMs();
    this.timer = setInterval(() => this.sample(), SAMPLE_SECONDS * 1000);
    this.timer.unref();
  }

  peerEvent(event: PeerEvent): void {
    if (event.type === "connected") this.connected.add(event.peerId);
    const recorded = this.recorded.get(event.streamId);
    if (event.type === "closed") {
      const neverConnected = !this.connected.delete(event.peerId);
      if (neverConnected && recorded !== undefined) recorded.failures++;
    }
    if (event.type !== "report" || recorded === undefined) return;
    recorded.lost += event.lost;
    recorded.expected += event.expected;
  }

  /** An offer was refused, or a leg failed. */
  failed(streamId: string): void {
    const recorded = this.recorded.get(streamId);
    if (recorded !== undefined) recorded.failures++;
  }

  /** Undefined for a stream that is not there, or was not there yet at the last sample. */
  of(streamId: string): StreamHistory | undefined {
    const recorded = this.recorded.get(streamId);
    if (recorded === undefined) return undefined;
    return { intervalSeconds: SAMPLE_SECONDS, untilMs: this.sampledMs, ...recorded.ring.samples() };
  }

  /** Called by the timer; tests call it themselves. */
  sample(): void {
    const nowMs = this.options.unixMs();
    const seconds = Math.max(0.001, (nowMs - this.sampledMs) / 1000);
    this.sampledMs = nowMs;
    const streams = this.options.streams();
    const there = new Set(streams.map(({ id }) => id));
    for (const id of this.recorded.keys()) if (!there.has(id)) this.recorded.delete(id);
    for (const stream of streams) this.sampleOne(stream, seconds);
  }

  close(): void {
    clearInterval(this.timer);
  }

  private sampleOne({ id, viewers, bytesSent }: StreamNow, seconds: number): void {
    const known = this.recorded.get(id);
    if (known === undefined && this.recorded.size >= STREAMS_MAX) return;
    const recorded = known ?? newRecorded(bytesSent);
    this.recorded.set(id, recorded);
    const bytes = Math.max(0, bytesSent - recorded.bytesSent);
    const { expected, failures, lost } = recorded;
    recorded.ring.add({
      viewers,
      sentKbit: (bytes * 8) / 1000 / seconds,
      lossPercent: expected > 0 ? Math.min(100, (lost / expected) * 100) : Number.NaN,
      failures,
    });
    Object.assign(recorded, { bytesSent, lost: 0, expected: 0, failures: 0 });
  }
}

function newRecorded(bytesSent: number): Recorded {
  return { ring: new SampleRing(SAMPLES_MAX), bytesSent, lost: 0, expected: 0, failures: 0 };
}
