/**
 * A counter that is set to totals kept elsewhere. What is folded into `other` is a sum of several, which would fall
 * when one of them goes, and a counter that falls looks like one that began anew: the rate would be enormous.
 */
import type { Counter } from "prom-client";
import { counter } from "./create.ts";
import { type MetricDescription, OTHER_STREAMS } from "./names.ts";
import type { MetricsRegistry } from "./registry.ts";

type Labels<L extends string> = Readonly<Record<L, string>>;

interface Part<L extends string> {
  readonly labels: Labels<L>;
  readonly value: number;
}

export class TotalsCounter<L extends string> {
  private readonly metric: Counter<L>;
  /** By the id of what they are of, and the rest of its labels. */
  private before = new Map<string, Part<L>>();
  private now = new Map<string, Part<L>>();
  /** What those that are gone had come to, by the labels. */
  private readonly gone = new Map<string, Part<L>>();

  constructor(registry: MetricsRegistry, description: MetricDescription<L>) {
    this.metric = counter(registry, description);
  }

  /** From here on the totals of another moment are told. */
  reset(): void {
    this.metric.reset();
    this.before = this.now;
    this.now = new Map();
  }

  /** The total of one thing, which `id` names. */
  add(id: string, labels: Labels<L>, value: number): void {
    this.metric.inc(labels, value);
    if (!isFolded(labels)) return;
    const key = `${keyOf(labels)} ${id}`;
    const old = this.before.get(key);
    this.before.delete(key);
    // It is there again, after it was gone.
    if (old !== undefined && value < old.value) this.keep(old);
    this.now.set(key, { labels, value });
  }

  /** All were told: those that were not are gone. */
  end(): void {
    for (const old of this.before.values()) this.keep(old);
    this.before.clear();
    for (const { labels, value } of this.gone.values()) this.metric.inc(labels, value);
  }

  private keep({ labels, value }: Part<L>): void {
    const key = keyOf(labels);
    this.gone.set(key, { labels, value: (this.gone.get(key)?.value ?? 0) + value });
  }
}

function isFolded(labels: Readonly<Record<string, string>>): boolean {
  return labels["stream_id"] === OTHER_STREAMS;
}

function keyOf(labels: Readonly<Record<string, string>>): string {
  return Object.values(labels).join(" ");
}
