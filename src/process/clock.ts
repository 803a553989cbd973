/** Time as the process room sees it. Handed in, so that tests move it by hand. */

export interface Clock {
  /** Never jumps: for durations and timeouts. */
  monotonicMs(): number;
  /** The time of day: for reports and for the clock of the legs. */
  unixMs(): number;
  /** Calls back once after a delay; the returned function calls it off. */
  after(delayMs: number, callback: () => void): () => void;
}

/** setTimeout takes no more than this, about 24 days. */
const delayMsMax = 2 ** 31 - 1;

/** The machine's clock. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  unixMs: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), delayMsMax));
    return () => clearTimeout(timer);
  },
};
