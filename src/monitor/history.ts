/** The last minutes of every series, at fixed intervals. Bounded by the number of series and of points. */
import { seriesKey, type Value } from "./value.ts";

/** More series are not kept; their current values can still be asked for. */
export const SERIES_MAX = 10_000;

export interface HistoryOptions {
  readonly rangeSeconds: number;
  readonly intervalSeconds: number;
}

export interface Series extends Pick<Value, "name" | "labels"> {
  /** Unix seconds and value, oldest first. */
  readonly points: readonly (readonly [number, number])[];
}

interface Kept extends Pick<Value, "name" | "labels"> {
  /** A ring of pairs. */
  readonly ring: Float64Array;
  written: number;
}

export class History {
  readonly #pointsMax: number;
  readonly #rangeSeconds: number;
  readonly #series = new Map<string, Kept>();

  constructor({ rangeSeconds, intervalSeconds }: HistoryOptions) {
    this.#rangeSeconds = rangeSeconds;
    this.#pointsMax = Math.max(1, Math.ceil(rangeSeconds / intervalSeconds));
  }

  add(atSeconds: number, values: readonly Value[]): void {
    for (const value of values) {
      const kept = this.#find(value);
      if (kept === undefined) continue;
      const at = (kept.written % this.#pointsMax) * 2;
      kept.ring[at] = atSeconds;
      kept.ring[at + 1] = value.value;
      kept.written += 1;
    }
    for (const [key, kept] of this.#series) {
      if (lastTime(kept, this.#pointsMax) <= atSeconds - this.#rangeSeconds)
        this.#series.delete(key);
    }
  }

  /** Series with points later than `from`, at least `stepSeconds` apart. */
  since(from: number, stepSeconds: number): readonly Series[] {
    return [...this.#series.values()].flatMap((kept) => {
      const points = thinned(this.#points(kept), from, stepSeconds);
      return points.length === 0 ? [] : [{ name: kept.name, labels: kept.labels, points }];
    });
  }

  #find({ name, labels }: Value): Kept | undefined {
    const key = seriesKey({ name, labels });
    const known = this.#series.get(key);
    if (known !== undefined || this.#series.size >= SERIES_MAX) return known;
    const made = { name, labels, ring: new Float64Array(this.#pointsMax * 2), written: 0 };
    this.#series.set(key, made);
    return made;
  }

  #points({ ring, written }: Kept): (readonly [number, number])[] {
    const count = Math.min(written, this.#pointsMax);
    return Array.from({ length: count }, (_, index) => {
      const at = ((written - count + index) % this.#pointsMax) * 2;
      return [ring[at] ?? 0, ring[at + 1] ?? 0] as const;
    });
  }
}

function lastTime({ ring, written }: Kept, pointsMax: number): number {
  return ring[((written - 1) % pointsMax) * 2] ?? 0;
}

function thinned(points: readonly (readonly [number, number])[], from: number, step: number) {
  let last = Number.NEGATIVE_INFINITY;
  return points.filter(([at]) => {
    if (at <= from || at - last < step) return false;
    last = at;
    return true;
  });
}
