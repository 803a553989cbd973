/**
 * Which attempts of one process are written down: the first ones that end soon, then one an hour, until one lasts. A
 * camera that is away is tried twice a minute, for weeks, which would leave no room for anything else. Pure.
 */

/** Attempts one after the other that end soon, each written down in full. */
export const SHORT_RUNS_MAX = 5;
export const REMINDER_MS = 3_600_000;

export class ShortRuns {
  private count = 0;
  private folded = 0;
  private writtenMs = Number.NEGATIVE_INFINITY;
  private silent = false;

  /** An attempt begins; `nowMs` is monotonic. */
  begin(nowMs: number): void {
    this.silent = this.count >= SHORT_RUNS_MAX && nowMs - this.writtenMs < REMINDER_MS;
    if (!this.silent) this.writtenMs = nowMs;
  }

  ended(): void {
    this.count++;
  }

  /** The attempt is a good one, so what follows is news again. True where nothing of it was written down. */
  lasts(): boolean {
    const wasSilent = this.silent;
    this.count = 0;
    this.silent = false;
    return wasSilent;
  }

  /** For each event: how many it stands for besides itself, undefined where it is counted only. */
  pass(): number | undefined {
    if (this.silent) {
      this.folded++;
      return undefined;
    }
    const { folded } = this;
    this.folded = 0;
    return folded;
  }
}
