/** The metric of the certificate that viewers' browsers see. */
import type { MetricDescription } from "./names.ts";

export const CERTIFICATE_METRICS = {
  notAfter: {
    name: "dragonfork_tls_certificate_not_after_timestamp_seconds",
    help: "When the certificate in CORE_METRICS_CERTIFICATE_FILE expires, in Unix time.",
    type: "gauge",
    labels: [],
  },
} as const satisfies Record<string, MetricDescription>;
