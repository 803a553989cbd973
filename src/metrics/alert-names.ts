/** The metric by which an operator tries the way of an alert. */
import type { MetricDescription } from "./names.ts";

/** What alerts are routed by; the same words as in the alert rules. */
export const ALERT_SEVERITIES = ["critical", "warning", "info"] as const;
export type AlertSeverity = (typeof ALERT_SEVERITIES)[number];
export const ALERT_TEAMS = ["webrtc", "security", "infrastructure"] as const;
export type AlertTeam = (typeof ALERT_TEAMS)[number];

export const ALERT_METRICS = {
  test: {
    name: "dragonfork_alerts_test_active",
    help: "1 while a test alert of this severity and team is raised.",
    type: "gauge",
    labels: ["severity", "team"],
  },
} as const satisfies Record<string, MetricDescription>;
