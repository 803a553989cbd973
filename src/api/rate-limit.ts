/** A token bucket per client address. Bounded: the table forgets who was seen longest ago. */
import { isIP } from "node:net";
import { RateLimited } from "../errors/access.ts";

export interface RateLimitOptions {
  /** Tokens that come back per second; 0 switches the limit off. */
  readonly perSecond: number;
  /** Requests that may come at once. */
  readonly burst: number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/** A bucket is some 100 bytes; an attacker with more addresses than this only wins fresh buckets. */
export const BUCKETS_MAX = 10_000;

interface Bucket {
  tokens: number;
  filledMs: number;
}

export class RateLimit {
  private readonly options: RateLimitOptions;
  private readonly buckets = new Map<string, Bucket>();

  constructor(options: RateLimitOptions) {
    this.options = options;
  }

  get size(): number {
    return this.buckets.size;
  }

  /** Takes one token of this address. Throws RateLimited with the time until the next one. */
  take(address: string): void {
    const { perSecond, burst, nowMs } = this.options;
    if (perSecond <= 0) return;
    const key = networkOf(address);
    const now = nowMs();
    const old = this.buckets.get(key);
    const gained = old === undefined ? burst : ((now - old.filledMs) / 1000) * perSecond;
    const tokens = Math.min(burst, (old?.tokens ?? 0) + gained);
    // Set anew, so that the map's order is the order in which addresses were last seen.
    this.buckets.delete(key);
    this.buckets.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, filledMs: now });
    this.trim();
    if (tokens < 1) throw new RateLimited((1 - tokens) / perSecond);
  }

  private trim(): void {
    for (const key of this.buckets.keys()) {
      if (this.buckets.size <= BUCKETS_MAX) return;
      this.buckets.delete(key);
    }
  }
}

/** An IPv6 host commands its whole /64, so that is what counts as one client. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");
  if (isIP(plain) !== 6) return plain;
  const [head = "", tail] = plain.split("::", 2);
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array<string>(zeros).fill("0"), ...right].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
}
