/** Makes the metrics that a description names. */
import { Counter, Gauge, Histogram } from "prom-client";
import type { MetricDescription } from "./names.ts";
import type { MetricsRegistry } from "./registry.ts";

export function counter<L extends string>(
  registry: MetricsRegistry,
  { name, help, labels }: MetricDescription<L>,
): Counter<L> {
  return new Counter({ name, help, labelNames: [...labels], registers: [registry] });
}

export function gauge<L extends string>(
  registry: MetricsRegistry,
  { name, help, labels }: MetricDescription<L>,
): Gauge<L> {
  return new Gauge({ name, help, labelNames: [...labels], registers: [registry] });
}

export function histogram<L extends string>(
  registry: MetricsRegistry,
  { name, help, labels }: MetricDescription<L>,
  buckets: readonly number[],
): Histogram<L> {
  const labelNames = [...labels];
  return new Histogram({ name, help, labelNames, buckets: [...buckets], registers: [registry] });
}

/** The label of an exemplar: which session a sample is of. OpenMetrics only. */
type WithSession<L extends string> = L | "session_id";

/** A counter whose samples name the last session that they counted. */
export function sessionCounter<L extends string>(
  registry: MetricsRegistry,
  { name, help, labels }: MetricDescription<L>,
): Counter<WithSession<L>> {
  const labelNames: WithSession<L>[] = [...labels];
  return new Counter({ name, help, labelNames, registers: [registry], enableExemplars: true });
}

/** A histogram whose buckets name the last session that fell into them. */
export function sessionHistogram<L extends string>(
  registry: MetricsRegistry,
  { name, help, labels }: MetricDescription<L>,
  bounds: readonly number[],
): Histogram<WithSession<L>> {
  const labelNames: WithSession<L>[] = [...labels];
  const buckets = [...bounds];
  const registers = [registry];
  return new Histogram({ name, help, labelNames, buckets, registers, enableExemplars: true });
}
