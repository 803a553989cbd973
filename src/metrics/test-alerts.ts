/** Test alerts that were asked for: a gauge that an alert rule looks at, each for a bounded time. */
import {
  ALERT_METRICS,
  ALERT_SEVERITIES,
  ALERT_TEAMS,
  type AlertSeverity,
  type AlertTeam,
} from "./alert-names.ts";
import { gauge } from "./create.ts";
import type { MetricsRegistry } from "./registry.ts";

export interface TestAlert {
  readonly severity: AlertSeverity;
  readonly team: AlertTeam;
}

export class TestAlerts {
  private readonly gauge;
  private readonly nowMs: () => number;
  /** When each ends; as many as there are severities times teams. */
  private readonly endsMs = new Map<string, number>();

  constructor(options: { registry: MetricsRegistry; nowMs: () => number }) {
    this.gauge = gauge(options.registry, ALERT_METRICS.test);
    this.nowMs = options.nowMs;
  }

  /** Shows the alert in the metrics for so many seconds from now; one that is shown already ends then instead. */
  raise(alert: TestAlert, seconds: number): void {
    this.endsMs.set(keyOf(alert), this.nowMs() + seconds * 1000);
  }

  /** Before a scrape. */
  refresh(): void {
    this.gauge.reset();
    const nowMs = this.nowMs();
    for (const severity of ALERT_SEVERITIES) {
      for (const team of ALERT_TEAMS) {
        const endMs = this.endsMs.get(keyOf({ severity, team }));
        if (endMs !== undefined && nowMs < endMs) this.gauge.set({ severity, team }, 1);
      }
    }
  }
}

function keyOf({ severity, team }: TestAlert): string {
  return `${severity} ${team}`;
}
