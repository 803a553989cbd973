/** The bitrate of a stream from its byte counter, without a timer: measured when somebody asks. */

/** The mean is over at least half of this, and over more where nobody asked for long. */
const WINDOW_MS = 10_000;
/** Less than this says nothing: it may be one keyframe. */
const MEASURED_MS_MIN = 2000;

interface Mark {
  readonly bytes: number;
  readonly atMs: number;
}

export class RateMeter {
  private older: Mark;
  private newer: Mark;

  constructor(bytes: number, nowMs: number) {
    this.older = { bytes, atMs: nowMs };
    this.newer = this.older;
  }

  /** Bits per second of late, undefined where that is not known yet. */
  read(bytes: number, nowMs: number): number | undefined {
    if (nowMs - this.newer.atMs >= WINDOW_MS) {
      this.older = this.newer;
      this.newer = { bytes, atMs: nowMs };
    }
    const elapsedMs = nowMs - this.older.atMs;
    if (elapsedMs < MEASURED_MS_MIN) return undefined;
    return ((bytes - this.older.bytes) * 8000) / elapsedMs;
  }
}
