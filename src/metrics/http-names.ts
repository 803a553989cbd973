/** Metrics of HTTP. A route is a pattern of ours, never a path that a client sent. */
import type { MetricDescription } from "./names.ts";

/** Seconds. Coarse: there are as many histograms as routes in use. */
export const HTTP_BUCKETS: readonly number[] = [0.005, 0.05, 0.5, 5];

/** Values of the label `api`: WHEP, the admin routes, what monitoring asks, and the pages with all else. */
export const HTTP_APIS = ["whep", "admin", "monitoring", "public"] as const;
export type HttpApi = (typeof HTTP_APIS)[number];

/** Stands for every path that is no route, and every method that no route has. */
export const OTHER = "other";
export const HTTP_METHODS: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
]);

export const HTTP_METRICS = {
  inProgress: {
    name: "dragonfork_http_requests_in_progress",
    help: "HTTP requests that are being answered: whep, admin, monitoring or public.",
    type: "gauge",
    labels: ["api"],
  },
  requests: {
    name: "dragonfork_http_requests_total",
    help: "HTTP requests by the pattern of their route; `other`: paths without a route.",
    type: "counter",
    labels: ["api", "method", "route", "code"],
  },
  duration: {
    name: "dragonfork_http_request_duration_seconds",
    help: "Seconds from an HTTP request to its answer, by the pattern of its route.",
    type: "histogram",
    labels: ["api", "route"],
  },
} as const satisfies Record<string, MetricDescription>;
