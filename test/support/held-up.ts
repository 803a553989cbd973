/** Looks at a browser again where the machine held it up: its cores were given to others, or a plain timer came late. */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";

const LOOKS_MAX = 12;
const TIMER_MS = 20;
/** A browser counts a freeze where a frame comes 150 ms late. */
const LATE_MS_MAX = 75;
const STOLEN_SHARE_MAX = 0.01;

/** CPU time that the host gave to others, in 1/100 s: the eighth figure of /proc/stat's first line. Linux only. */
function stolenTicks(): number {
  return Number(readFileSync("/proc/stat", "utf8").split("\n", 1)[0]?.trim().split(/\s+/)[8]);
}

/** Does something that takes seconds, and tells whether the machine was held up meanwhile. */
async function watched<T>(something: () => Promise<T>): Promise<{ seen: T; heldUp: boolean }> {
  const stolenBefore = stolenTicks();
  const from = performance.now();
  let last = from;
  let latestMs = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    latestMs = Math.max(latestMs, now - last - TIMER_MS);
    last = now;
  }, TIMER_MS);
  try {
    const seen = await something();
    const ticks = ((performance.now() - from) / 10) * cpus().length;
    const stolenShare = (stolenTicks() - stolenBefore) / ticks;
    return { seen, heldUp: latestMs > LATE_MS_MAX || stolenShare > STOLEN_SHARE_MAX };
  } finally {
    clearInterval(timer);
  }
}

/**
 * What the last look sees: so many were good, or it is not and nothing excuses it. Bad looks while the machine was held
 * up do not count, but for the last one of all.
 */
export async function lookUndisturbed<T>(
  look: () => Promise<T>,
  isGood: (seen: T) => boolean,
  goodLooks = 1,
): Promise<T> {
  let good = 0;
  for (let looks = 1; ; looks++) {
    const { seen, heldUp } = await watched(look);
    if (isGood(seen)) good++;
    else if (!heldUp) return seen;
    if (good === goodLooks || looks === LOOKS_MAX) return seen;
  }
}
