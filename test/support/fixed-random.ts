/** A small seeded generator (mulberry32), so that fuzz loops repeat exactly. */
export interface FixedRandom {
  below(limit: number): number;
  bytes(length: number): Buffer;
}

export function fixedRandom(seed: number): FixedRandom {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  return {
    below: (limit) => next() % limit,
    bytes: (length) => Buffer.from(Array.from({ length }, () => next() & 0xff)),
  };
}
