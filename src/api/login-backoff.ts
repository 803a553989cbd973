/**
 * Slows down who guesses passwords: after a few failures an address waits, twice as long after each further one. Only
 * failures count, nobody is made to wait while a connection is open. Bounded: the table forgets the oldest failure.
 */
import { RateLimited } from "../errors/access.ts";
import { networkOf } from "./rate-limit.ts";

/** Typing errors are free. */
const FREE_FAILURES = 5;
const WAIT_SECONDS_MAX = 60;
/** After so long without a failure an address starts anew. */
const FORGET_MS = 15 * 60_000;
export const SOURCES_MAX = 10_000;

interface Source {
  readonly failures: number;
  readonly failedMs: number;
  readonly waitMs: number;
}

export class LoginBackoff {
  private readonly nowMs: () => number;
  private readonly sources = new Map<string, Source>();

  /** `nowMs` is monotonic. */
  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  get size(): number {
    return this.sources.size;
  }

  /** Throws RateLimited with the time that this address still has to wait. */
  check(address: string): void {
    const source = this.sources.get(networkOf(address));
    if (source === undefined) return;
    const leftMs = source.failedMs + source.waitMs - this.nowMs();
    if (leftMs > 0) throw new RateLimited(leftMs / 1000);
  }

  failed(address: string): void {
    const key = networkOf(address);
    const nowMs = this.nowMs();
    const before = this.sources.get(key);
    const recent = before !== undefined && nowMs - before.failedMs < FORGET_MS;
    const failures = recent ? before.failures + 1 : 1;
    // Set anew, so that the map's order is that of the last failures.
    this.sources.delete(key);
    this.sources.set(key, { failures, failedMs: nowMs, waitMs: waitMs(failures) });
    for (const oldest of this.sources.keys()) {
      if (this.sources.size <= SOURCES_MAX) break;
      this.sources.delete(oldest);
    }
  }

  succeeded(address: string): void {
    this.sources.delete(networkOf(address));
  }
}

function waitMs(failures: number): number {
  if (failures < FREE_FAILURES) return 0;
  return Math.min(2 ** (failures - FREE_FAILURES), WAIT_SECONDS_MAX) * 1000;
}
