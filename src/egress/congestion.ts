/**
 * Whether one viewer can keep up, from its receiver reports alone: every player sends them. A path that drops a good
 * part of the packets for two reports is full; more packets only make it worse. The viewer then gets whole groups of
 * pictures or single pictures, and with each failure more of the latter.
 */

/** Share of packets lost that no resend makes good within the frame. */
const FULL_LOSS = 0.2;
/** Below this the path is fine again. */
const FINE_LOSS = 0.05;
const REPORTS_FULL = 2;
/** So long must it go well until an old failure is forgotten. */
const FORGET_MS = 20_000;
const GROUPS_THINNED_MAX = 8;

export class Congestion {
  private fullReports = 0;
  private failures = 0;
  private fineSinceMs: number | undefined;

  /**
   * Takes the share of packets lost of one report, 0 to 1. Returns how many groups of pictures should be thinned before
   * the viewer gets a whole one again, undefined where it can go on.
   */
  report(fractionLost: number, nowMs: number): number | undefined {
    if (fractionLost > FINE_LOSS) this.fineSinceMs = undefined;
    else this.fineSinceMs ??= nowMs;
    if (this.fineSinceMs !== undefined && nowMs - this.fineSinceMs >= FORGET_MS) this.failures = 0;
    this.fullReports = fractionLost >= FULL_LOSS ? this.fullReports + 1 : 0;
    if (this.fullReports < REPORTS_FULL) return undefined;
    this.fullReports = 0;
    this.failures++;
    return Math.min(2 ** (this.failures - 1), GROUPS_THINNED_MAX) - 1;
  }
}
