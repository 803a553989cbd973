/** Metrics of what the server does by itself in the background, and of what it keeps on disk. */
import type { MetricDescription } from "./names.ts";

/** Values of the label `task`. */
export const TASKS = [
  "process_supervision",
  "journal_trim",
  "storage_reconciliation",
  "certificate_check",
] as const;
export type Task = (typeof TASKS)[number];

/** Values of the label `store`: all of the database folder, and the event journal with it or apart. */
export const STORES = ["state", "journal"] as const;
export type StoreName = (typeof STORES)[number];

export const TASK_METRICS = {
  errors: {
    name: "dragonfork_background_task_errors_total",
    help: "Runs of a background task that failed.",
    type: "counter",
    labels: ["task"],
  },
  lastSuccess: {
    name: "dragonfork_background_task_last_success_timestamp_seconds",
    help: "When a background task last succeeded, in Unix time.",
    type: "gauge",
    labels: ["task"],
  },
  duration: {
    name: "dragonfork_background_task_duration_seconds",
    help: "How long the last run of a background task took.",
    type: "gauge",
    labels: ["task"],
  },
  storageBytes: {
    name: "dragonfork_storage_bytes",
    help: "Bytes on disk: `state` is the database folder, `journal` the event journal.",
    type: "gauge",
    labels: ["store"],
  },
  storageStatus: {
    name: "dragonfork_storage_reconciliation_status",
    help: "Whether the last count of the files on disk was complete (1) or not (0).",
    type: "gauge",
    labels: [],
  },
  storageTimestamp: {
    name: "dragonfork_storage_reconciliation_timestamp_seconds",
    help: "When the files on disk were last counted, in Unix time.",
    type: "gauge",
    labels: [],
  },
} as const satisfies Record<string, MetricDescription>;
