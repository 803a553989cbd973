/** How long to wait before FFmpeg is started again. Pure but for its own counters. */
import type { RestState } from "../state.ts";

export interface RunEnd {
  readonly runMs: number;
  /** Media was seen to flow during the run. */
  readonly progressed: boolean;
  readonly state: RestState;
}

/** A delay of 0 made Core start 1131 processes in 2 s. */
const delayMsMin = 1000;
const delayMsMax = 30_000;
/** Viewers of a live stream hardly notice this. */
const quickDelayMs = 200;
/** Shorter runs tell nothing of the source's health. */
const flowedMsMin = 2000;
/** A run of this length wipes out what went wrong before. */
const healthyMsMin = 30_000;
/** After so many quick restarts the source isn't healthy, it flaps. */
const quickRestartsMax = 5;
/** A configured delay above this is meant; up to this it only means "soon". */
const soonSecondsMax = 1;

export class RestartDelay {
  #failures = 0;
  #quickRestarts = 0;

  reset(): void {
    this.#failures = 0;
    this.#quickRestarts = 0;
  }

  /** The delay in milliseconds after a run that ended by itself. */
  next(end: RunEnd, record: { delaySeconds: number; live: boolean }): number {
    if (end.runMs >= healthyMsMin) this.reset();
    const configuredMs = Math.max(delayMsMin, record.delaySeconds * 1000);
    if (this.#isFlowing(end)) {
      return record.live && record.delaySeconds <= soonSecondsMax ? quickDelayMs : configuredMs;
    }
    this.#failures += 1;
    const backoffMs = Math.min(delayMsMin * 2 ** (this.#failures - 1), delayMsMax);
    return Math.max(configuredMs, backoffMs);
  }

  #isFlowing(end: RunEnd): boolean {
    if (!end.progressed || end.runMs < flowedMsMin) return false;
    // A file that was played to its end is no trouble, however often.
    if (end.state === "finished") return true;
    this.#quickRestarts += 1;
    return this.#quickRestarts <= quickRestartsMax;
  }
}

/** The delay after a restart that the operator asked for. */
export const commandedDelayMs = quickDelayMs;

/** True if a run's plan proved itself, so that the next start needs no new probe. */
export function hasFlowed(end: RunEnd): boolean {
  return end.progressed && end.runMs >= flowedMsMin;
}
