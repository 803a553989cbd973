import { type MetricsRegistry, writeFamily } from "../../src/metrics/registry.ts";

/** All of a registry in the plain text format. */
export async function textOf(registry: MetricsRegistry): Promise<string> {
  const families: string[] = [];
  for (const metric of registry.getMetricsAsArray()) {
    families.push(await writeFamily(registry, metric, "text"));
  }
  return families.join("\n");
}
