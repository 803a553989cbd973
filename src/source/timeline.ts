/**
 * One clock for all legs of a source. FFmpeg's sender reports tie the timestamps of each leg to one declared
 * clock; the timeline shifts that clock so that a generation (one run of FFmpeg) starts at the time its first
 * packet arrived and never before the end of the generation before it. Outgoing timestamps are that time in
 * the units of the track, so they go on over restarts and audio and video stay in sync.
 */

/** Least pause between the last picture of one generation and the first of the next. */
const GENERATION_GAP_SECONDS = 0.02;

export class Timeline {
  private shiftSeconds: number | undefined;
  private endSeconds = 0;

  /** A new run of the source begins. */
  startGeneration(): void {
    this.shiftSeconds = undefined;
  }

  /** Seconds on our clock for a moment of the source's clock; the first call of a generation pins the two. */
  place(declaredSeconds: number, nowSeconds: number): number {
    this.shiftSeconds ??=
      Math.max(nowSeconds, this.endSeconds + GENERATION_GAP_SECONDS) - declaredSeconds;
    return declaredSeconds + this.shiftSeconds;
  }

  /** Notes how far media has come, so that the next generation starts behind it. */
  reached(seconds: number): void {
    if (seconds > this.endSeconds) this.endSeconds = seconds;
  }
}
