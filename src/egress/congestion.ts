/**
 * Whether one viewer can keep up, from its receiver reports alone: every player sends them. A path that drops a good
 * part of the packets for two seconds is full; more packets only make it worse. The viewer then gets whole groups of
 * pictures or single pictures, and with each failure more of the latter.
 */

/** Share of packets lost that no resend makes good within the frame. */
const FULL_LOSS = 0.2;
/** Below this the path is fine again. */
const FINE_LOSS = 0.05;
const WINDOWS_FULL = 2;
/**
 * Loss is judged over so long. Browsers report with each NACK, so right after a loss and over a few packets: random loss
 * that resends make good looks like a full path there.
 */
const WINDOW_MS = 1000;
/** So long must it go well until an old failure is forgotten. */
const FORGET_MS = 20_000;
const GROUPS_THINNED_MAX = 8;

export class Congestion {
  private fullWindows = 0;
  private windowMs: number | undefined;
  private reportedMs = 0;
  /** Share lost, times the milliseconds for which it was reported. */
  private lostMs = 0;
  private failures = 0;
  private fineSinceMs: number | undefined;

  /**
   * Takes the share of packets lost of one report, 0 to 1. Returns how many groups of pictures should be thinned before
   * the viewer gets a whole one again, undefined where it can go on.
   */
  report(fractionLost: number, nowMs: number): number | undefined {
    if (this.windowMs === undefined) this.windowMs = this.reportedMs = nowMs - WINDOW_MS;
    this.lostMs += fractionLost * (nowMs - this.reportedMs);
    this.reportedMs = nowMs;
    const spanMs = nowMs - this.windowMs;
    if (spanMs < WINDOW_MS) return undefined;
    const share = this.lostMs / spanMs;
    this.windowMs = nowMs;
    this.lostMs = 0;
    return this.judge(share, nowMs);
  }

  private judge(share: number, nowMs: number): number | undefined {
    if (share > FINE_LOSS) this.fineSinceMs = undefined;
    else this.fineSinceMs ??= nowMs;
    if (this.fineSinceMs !== undefined && nowMs - this.fineSinceMs >= FORGET_MS) this.failures = 0;
    this.fullWindows = share >= FULL_LOSS ? this.fullWindows + 1 : 0;
    if (this.fullWindows < WINDOWS_FULL) return undefined;
    this.fullWindows = 0;
    this.failures++;
    return Math.min(2 ** (this.failures - 1), GROUPS_THINNED_MAX) - 1;
  }
}
