/**
 * What of a viewer's receiver reports is told to metrics, journal and timelines. Players send several a second, and
 * almost all say that all is well; those are summed up. The media side itself acts on each.
 */
import type { MediaKind } from "../media-kind.ts";
import type { LegReport } from "./feedback.ts";

/** Less than it takes until the next scrape. */
const INTERVAL_MS = 5000;

/** Of one leg. */
interface Digested {
  toldMs: number;
  roundTripTold: boolean;
  /** The sum of what was not told. */
  waiting: LegReport | undefined;
}

export class ReportDigest {
  private readonly tell: (report: LegReport) => void;
  private readonly legs = new Map<MediaKind, Digested>();

  constructor(tell: (report: LegReport) => void) {
    this.tell = tell;
  }

  /** Losses, the first report and the first round-trip time are told at once. `nowMs` is monotonic. */
  report(report: LegReport, nowMs: number): void {
    const leg = this.leg(report.leg);
    const firstRoundTrip = !leg.roundTripTold && report.rttSeconds !== undefined;
    const due = nowMs - leg.toldMs >= INTERVAL_MS;
    if (report.lost > 0) {
      // Apart from what came before, so that a burst shows as one.
      this.flushLeg(leg);
      leg.waiting = report;
    } else {
      leg.waiting = sum(leg.waiting, report);
      if (!due && !firstRoundTrip) return;
    }
    leg.toldMs = nowMs;
    leg.roundTripTold ||= report.rttSeconds !== undefined;
    this.flushLeg(leg);
  }

  /** The viewer ends: tells what was not told yet, so that no packet is missing from the sums. */
  flush(): void {
    for (const leg of this.legs.values()) this.flushLeg(leg);
  }

  private leg(kind: MediaKind): Digested {
    const known = this.legs.get(kind);
    if (known !== undefined) return known;
    const leg = { toldMs: Number.NEGATIVE_INFINITY, roundTripTold: false, waiting: undefined };
    this.legs.set(kind, leg);
    return leg;
  }

  private flushLeg(leg: Digested): void {
    const { waiting } = leg;
    leg.waiting = undefined;
    if (waiting !== undefined) this.tell(waiting);
  }
}

/** Counts add up; round-trip time and jitter are the newer ones. */
function sum(before: LegReport | undefined, report: LegReport): LegReport {
  if (before === undefined) return report;
  return {
    ...report,
    rttSeconds: report.rttSeconds ?? before.rttSeconds,
    lost: before.lost + report.lost,
    expected: before.expected + report.expected,
  };
}
