/** Makes the metrics that a description names. */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { MetricDescription } from "./names.ts";

export function counter<L extends string>(
  registry: Registry,
  { name, help, labels }: MetricDescription<L>,
): Counter<L> {
  return new Counter({ name, help, labelNames: [...labels], registers: [registry] });
}

export function gauge<L extends string>(
  registry: Registry,
  { name, help, labels }: MetricDescription<L>,
): Gauge<L> {
  return new Gauge({ name, help, labelNames: [...labels], registers: [registry] });
}

export function histogram<L extends string>(
  registry: Registry,
  { name, help, labels }: MetricDescription<L>,
  buckets: readonly number[],
): Histogram<L> {
  const labelNames = [...labels];
  return new Histogram({ name, help, labelNames, buckets: [...buckets], registers: [registry] });
}
