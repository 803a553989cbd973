/** The contract's metrics as a markdown table. */

import { ALERT_METRICS } from "../../src/metrics/alert-names.ts";
import { CERTIFICATE_METRICS } from "../../src/metrics/certificate-names.ts";
import { HTTP_METRICS } from "../../src/metrics/http-names.ts";
import { MEDIA_METRICS } from "../../src/metrics/media-names.ts";
import { CORE_LABEL, METRICS } from "../../src/metrics/names.ts";
import { PROCESS_METRICS } from "../../src/metrics/process-names.ts";
import { SCRAPE_METRICS } from "../../src/metrics/scrape-names.ts";
import { TASK_METRICS } from "../../src/metrics/task-names.ts";
import { VIEWER_METRICS } from "../../src/metrics/viewer-names.ts";

/** One row per metric. */
export function describeMetrics(): string {
  const rooms = [
    METRICS,
    VIEWER_METRICS,
    MEDIA_METRICS,
    PROCESS_METRICS,
    HTTP_METRICS,
    TASK_METRICS,
    SCRAPE_METRICS,
    ALERT_METRICS,
    CERTIFICATE_METRICS,
  ];
  const all = rooms.flatMap((some) => Object.values(some));
  const rows = all.map(({ name, type, labels, help }) => {
    const names = [CORE_LABEL, ...labels].map((label) => `\`${label}\``).join(", ");
    return `| \`${name}\` | ${type} | ${names} | ${help} |`;
  });
  return ["| Metric | Type | Labels | Meaning |", "| --- | --- | --- | --- |", ...rows].join("\n");
}
