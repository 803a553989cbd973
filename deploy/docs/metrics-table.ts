/** The contract's metrics as a markdown table. */

import { CORE_LABEL, METRICS } from "../../src/metrics/names.ts";

/** One row per metric, in the order of src/metrics/names.ts. */
export function describeMetrics(): string {
  const rows = Object.values(METRICS).map(({ name, type, labels, help }) => {
    const all = [CORE_LABEL, ...labels].map((label) => `\`${label}\``).join(", ");
    return `| \`${name}\` | ${type} | ${all} | ${help} |`;
  });
  return ["| Metric | Type | Labels | Meaning |", "| --- | --- | --- | --- |", ...rows].join("\n");
}
