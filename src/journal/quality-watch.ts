/**
 * One viewer's receiver reports, boiled down: its first figures, then each half minute that was poor, and the first
 * that was good again. A server full of contented viewers writes nothing.
 */
import type { PeerEvent } from "../peer-events.ts";

export type Report = Extract<PeerEvent, { type: "report" }>;

/** Of one half minute. Figures have the names of the W3C's WebRTC statistics; times in milliseconds. */
export interface Quality {
  readonly quality: "good" | "poor";
  /** The worst; left out where no report gave one. */
  readonly roundTripTime?: number;
  readonly jitter: number;
  readonly packetsLost: number;
  /** Lost or received. */
  readonly packetsExpected: number;
}

const WINDOW_MS = 30_000;
/** From here on people notice, or a jitter buffer must grow a lot. */
const ROUND_TRIP_MS_POOR = 200;
const LOSS_POOR = 0.02;
/** Of so few packets a share says nothing. */
const EXPECTED_MIN = 50;

export class QualityWatch {
  private readonly tell: (last: Report, quality: Quality) => void;
  private startMs: number | undefined;
  private toldFirst = false;
  private wasPoor = false;
  private roundTripMs: number | undefined;
  private jitterMs = 0;
  private lost = 0;
  private expected = 0;

  constructor(tell: (last: Report, quality: Quality) => void) {
    this.tell = tell;
  }

  report(report: Report): void {
    this.startMs ??= report.atMs;
    const { rttSeconds } = report;
    if (rttSeconds !== undefined) {
      this.roundTripMs = Math.max(this.roundTripMs ?? 0, rttSeconds * 1000);
    }
    this.jitterMs = Math.max(this.jitterMs, report.jitterSeconds * 1000);
    this.lost += report.lost;
    this.expected += report.expected;
    const isFirst = !this.toldFirst && this.roundTripMs !== undefined;
    if (!isFirst && report.atMs - this.startMs < WINDOW_MS) return;
    const quality = this.quality();
    const poor = quality.quality === "poor";
    if (isFirst || poor || this.wasPoor) this.tell(report, quality);
    this.toldFirst = true;
    this.wasPoor = poor;
    this.begin(report.atMs);
  }

  private quality(): Quality {
    const { roundTripMs, jitterMs, lost, expected } = this;
    const slow = roundTripMs !== undefined && roundTripMs >= ROUND_TRIP_MS_POOR;
    const lossy = expected >= EXPECTED_MIN && lost / expected >= LOSS_POOR;
    return {
      quality: slow || lossy ? "poor" : "good",
      ...(roundTripMs !== undefined && { roundTripTime: tenths(roundTripMs) }),
      jitter: tenths(jitterMs),
      packetsLost: lost,
      packetsExpected: expected,
    };
  }

  private begin(atMs: number): void {
    this.startMs = atMs;
    this.roundTripMs = undefined;
    this.jitterMs = 0;
    this.lost = 0;
    this.expected = 0;
  }
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
