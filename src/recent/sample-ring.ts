/** The last samples of one stream, in fixed memory. */

export interface Sample {
  readonly viewers: number;
  readonly sentKbit: number;
  /** NaN where nobody reported. */
  readonly lossPercent: number;
  readonly failures: number;
}

/** Oldest first, all of one length. */
export interface Samples {
  readonly viewers: readonly number[];
  readonly sentKbit: readonly number[];
  readonly lossPercent: readonly (number | undefined)[];
  readonly failures: readonly number[];
}

const FIELDS = ["viewers", "sentKbit", "lossPercent", "failures"] as const;

export class SampleRing {
  private readonly size: number;
  private readonly values: Readonly<Record<keyof Sample, Float32Array>>;
  private written = 0;

  constructor(size: number) {
    this.size = size;
    this.values = {
      viewers: new Float32Array(size),
      sentKbit: new Float32Array(size),
      lossPercent: new Float32Array(size),
      failures: new Float32Array(size),
    };
  }

  add(sample: Sample): void {
    for (const field of FIELDS) this.values[field][this.written % this.size] = sample[field];
    this.written++;
  }

  samples(): Samples {
    const { viewers, sentKbit, failures, lossPercent } = this.values;
    return {
      viewers: this.ordered(viewers),
      sentKbit: this.ordered(sentKbit).map(Math.round),
      lossPercent: this.ordered(lossPercent).map((value) =>
        Number.isNaN(value) ? undefined : Math.round(value * 100) / 100,
      ),
      failures: this.ordered(failures),
    };
  }

  private ordered(values: Float32Array): number[] {
    const first = Math.max(0, this.written - this.size);
    const count = this.written - first;
    return Array.from({ length: count }, (_, i) => values[(first + i) % this.size] ?? 0);
  }
}
