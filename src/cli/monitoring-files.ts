/** The Grafana dashboards and alert rules of this version, inside the binary. */
import healthJson from "../../deploy/truenas/core/grafana/dashboards/dragonfork-webrtc-health.json" with {
  type: "file",
};
import latencyJson from "../../deploy/truenas/core/grafana/dashboards/webrtc-latency.json" with {
  type: "file",
};
import overviewJson from "../../deploy/truenas/core/grafana/dashboards/webrtc-overview.json" with {
  type: "file",
};
import resourcesJson from "../../deploy/truenas/core/grafana/dashboards/webrtc-resources.json" with {
  type: "file",
};
import securityJson from "../../deploy/truenas/core/grafana/dashboards/webrtc-security.json" with {
  type: "file",
};
import securityYml from "../../deploy/truenas/core/prom/rules/security.yml" with { type: "file" };
import serverYml from "../../deploy/truenas/core/prom/rules/server.yml" with { type: "file" };
import testAlertYml from "../../deploy/truenas/core/prom/rules/test-alert.yml" with {
  type: "file",
};
import viewersYml from "../../deploy/truenas/core/prom/rules/viewers.yml" with { type: "file" };
import webrtcAlertsYml from "../../deploy/truenas/core/prom/rules/webrtc-alerts.yml" with {
  type: "file",
};

export type MonitoringKind = "dashboards" | "rules";

/** Where each file can be read, by its name outside. */
export const MONITORING_FILES: Readonly<Record<MonitoringKind, Readonly<Record<string, string>>>> =
  {
    dashboards: {
      "dragonfork-webrtc-health.json": pathOf(healthJson),
      "webrtc-latency.json": pathOf(latencyJson),
      "webrtc-overview.json": pathOf(overviewJson),
      "webrtc-resources.json": pathOf(resourcesJson),
      "webrtc-security.json": pathOf(securityJson),
    },
    rules: {
      "security.yml": securityYml,
      "server.yml": serverYml,
      "test-alert.yml": testAlertYml,
      "viewers.yml": viewersYml,
      "webrtc-alerts.yml": webrtcAlertsYml,
    },
  };

/** TypeScript takes what ends in .json for its content, whatever the import says. */
function pathOf(embedded: unknown): string {
  return String(embedded);
}
