/** Sums up for how long a source that should send did not. */

/** A camera at one picture per second has no gaps. */
const GAP_MS_MIN = 1500;

export class GapMeter {
  private gapMs = 0;
  private lastMs: number | undefined;

  /** A packet came. Called for each: no more than a comparison. */
  heard(nowMs: number): void {
    if (this.lastMs !== undefined && nowMs - this.lastMs >= GAP_MS_MIN) {
      this.gapMs += nowMs - this.lastMs;
    }
    this.lastMs = nowMs;
  }

  /** From here on no packet is expected. */
  stopped(nowMs: number): void {
    this.heard(nowMs);
    this.lastMs = undefined;
  }

  /** Up to now, a gap that still lasts included. */
  seconds(nowMs: number): number {
    const open = this.lastMs === undefined ? 0 : nowMs - this.lastMs;
    return (this.gapMs + (open >= GAP_MS_MIN ? open : 0)) / 1000;
  }
}
