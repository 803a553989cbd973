/** The frame that all dashboards share: variables, marks of alerts, links to each other, refresh. */
import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { METRICS } from "../../src/metrics/names.ts";
import { BAD, DATASOURCE } from "./panels.ts";

/** Of Grafana 11.3, which is older than what the builders are made for. */
const SCHEMA_VERSION = 39;
const TAG = "dragonfork";

/** Label matchers of what is chosen at the top of a dashboard. */
export const CORE = 'core=~"$core"';
export const STREAM = 'core=~"$core",stream_id=~"$stream_id"';
/** For rate(): wide enough for the scrape interval and the width of the graph. */
export const RATE = "$__rate_interval";

export interface Frame {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
}

/** A dashboard whose rows and panels are added by `rows`, in order. */
export function dashboard(
  frame: Frame,
  rows: readonly ((builder: DashboardBuilder) => void)[],
): Dashboard {
  const builder = new DashboardBuilder(frame.title)
    .uid(frame.uid)
    .description(frame.description)
    .tags([TAG, ...frame.tags])
    .timezone("browser")
    .time({ from: "now-1h", to: "now" })
    .refresh("30s")
    .tooltip(DashboardCursorSync.Crosshair)
    .editable()
    .link(toTheOthers())
    .withVariable(variable("core", "Core", METRICS.activeStreams.name))
    .withVariable(variable("stream_id", "Stream", `${METRICS.whepRequests.name}{${CORE}}`))
    .annotation(alertMarks());
  for (const row of rows) row(builder);
  const built = { ...builder.build(), schemaVersion: SCHEMA_VERSION };
  built.panels?.forEach((panel, index) => {
    panel.id = index + 1;
  });
  return built;
}

/** The share-quantile of a histogram over `window`, by one more label or by none. */
export function quantile(
  share: number,
  series: { histogram: string; matchers: string; by?: string; window?: string },
): string {
  const by = series.by === undefined ? "le" : `le, ${series.by}`;
  const rate = `rate(${series.histogram}_bucket{${series.matchers}}[${series.window ?? RATE}])`;
  return `histogram_quantile(${share}, sum by (${by}) (${rate}))`;
}

/** How often something was counted, for bars. Prometheus extrapolates: without round() one event may come out as 1.3. */
export function counted(counter: string, { by, matchers }: { by: string; matchers: string }) {
  return `round(sum by (${by}) (increase(${counter}{${matchers}}[${RATE}])))`;
}

/** A label's values to choose from; all of them at first. */
function variable(label: string, title: string, series: string): QueryVariableBuilder {
  return new QueryVariableBuilder(label)
    .label(title)
    .datasource(DATASOURCE)
    .query({
      qryType: 1,
      query: `label_values(${series},${label})`,
      refId: "PrometheusVariableQueryEditor-VariableQuery",
    })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(".*")
    .current({ selected: true, text: "All", value: "$__all" });
}

/** Marks the times at which an alert fired: those of the chosen streams, and those of none. */
function alertMarks(): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name("Alerts")
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor(BAD)
    .expr(`ALERTS{alertstate="firing",stream_id=~"|$stream_id"}`);
}

function toTheOthers(): DashboardLinkBuilder {
  return new DashboardLinkBuilder("Dragon Fork")
    .type(DashboardLinkType.Dashboards)
    .tags([TAG])
    .includeVars(true)
    .keepTime(true);
}
