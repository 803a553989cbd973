/**
 * The registry, and one metric of it as text. It is one of OpenMetrics, because only those keep exemplars; the plain
 * text format of Prometheus is what is left without them.
 */
import { type OpenMetricsContentType, Registry } from "prom-client";
import { CORE_LABEL } from "./names.ts";

export type MetricsRegistry = Registry<OpenMetricsContentType>;
export type Format = "text" | "openmetrics";

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  text: Registry.PROMETHEUS_CONTENT_TYPE,
  openmetrics: Registry.OPENMETRICS_CONTENT_TYPE,
};

/** A registry that puts the constant label on every series. */
export function createRegistry(core: string): MetricsRegistry {
  const registry: MetricsRegistry = new Registry();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  registry.setDefaultLabels({ [CORE_LABEL]: core });
  return registry;
}

/** As prom-client writes those of create.ts; a quote in a label's value would have a backslash before it. */
const EXEMPLAR = / # \{session_id="[\w-]*"\} \S+ \S+$/gm;

/** One family of series: its help, its type and its samples, ending with a line feed. */
export async function writeFamily(
  registry: MetricsRegistry,
  { name, type }: { readonly name: string; readonly type: unknown },
  format: Format,
): Promise<string> {
  const written = `${await registry.getSingleMetricAsString(name)}\n`;
  const isCounter = String(type) === "counter" && name.endsWith("_total");
  const named = isCounter ? withCounterName(written, name, format) : written;
  return format === "text" ? named.replace(EXEMPLAR, "") : named;
}

/** prom-client adds the suffix to samples whose name has it already; OpenMetrics wants the family without it. */
function withCounterName(written: string, name: string, format: Format): string {
  const samples = written.replaceAll(`\n${name}_total`, `\n${name}`);
  if (format === "text") return samples;
  const family = name.slice(0, -"_total".length);
  return samples
    .replace(`# HELP ${name} `, `# HELP ${family} `)
    .replace(`# TYPE ${name} `, `# TYPE ${family} `);
}
