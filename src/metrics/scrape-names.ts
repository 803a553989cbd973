/** Metrics of a scrape itself. */
import type { MetricDescription } from "./names.ts";

export const SCRAPE_METRICS = {
  duration: {
    name: "dragonfork_metrics_scrape_duration_seconds",
    help: "How long it took to write this answer, including other work in between.",
    type: "gauge",
    labels: [],
  },
  longestTurn: {
    name: "dragonfork_metrics_scrape_longest_turn_seconds",
    help: "The longest time that the main thread did nothing but write this answer.",
    type: "gauge",
    labels: [],
  },
  busy: {
    name: "dragonfork_metrics_scrape_busy_seconds",
    help: "How long the main thread worked on this answer.",
    type: "gauge",
    labels: [],
  },
  series: {
    name: "dragonfork_metrics_series",
    help: "Series in this answer.",
    type: "gauge",
    labels: [],
  },
  leftOut: {
    name: "dragonfork_metrics_families_left_out",
    help: "Metrics missing from this answer because it took too long or got too large.",
    type: "gauge",
    labels: [],
  },
} as const satisfies Record<string, MetricDescription>;
