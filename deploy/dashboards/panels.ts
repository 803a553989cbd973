/** Panels of one look: every panel of the dashboards is made here. */
import {
  BigValueColorMode,
  BigValueTextMode,
  GraphDrawStyle,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
} from "@grafana/grafana-foundation-sdk/common";
import {
  type DataSourceRef,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder as GaugePanel } from "@grafana/grafana-foundation-sdk/gauge";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatPanel } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TablePanel } from "@grafana/grafana-foundation-sdk/table";
import { PanelBuilder as TimeseriesPanel } from "@grafana/grafana-foundation-sdk/timeseries";

/** The uid in grafana/provisioning/datasources/prometheus.yml. */
export const DATASOURCE: DataSourceRef = { type: "prometheus", uid: "prometheus" };

export interface Query {
  readonly expr: string;
  readonly legend?: string;
}

export interface Look {
  readonly title: string;
  readonly description: string;
  readonly queries: readonly Query[];
  /** Columns of the 24 that a row has. */
  readonly width: number;
  readonly unit?: string;
  /** Colours from below; the first counts from minus infinity. */
  readonly thresholds?: readonly Threshold[];
}

export const GOOD = "green";
export const POOR = "orange";
export const BAD = "red";

const HEIGHT = 8;

/** Good below a value, and `colour` from there on. */
export function badFrom(value: number, colour = BAD): Threshold[] {
  return [
    { value: null, color: GOOD },
    { value, color: colour },
  ];
}

/** Bad below a value, good from there on. */
export function goodFrom(value: number): Threshold[] {
  return [
    { value: null, color: BAD },
    { value, color: GOOD },
  ];
}

/**
 * Of bars, which count events. $__rate_interval is a scrape longer than this, and four scrapes at least: with narrower bars
 * one event would stand in several of them.
 */
const BAR = "1m";

export function timeseries(look: Look, form: { stacked?: boolean; bars?: boolean } = {}) {
  const panel = withLook(new TimeseriesPanel(), look, "range")
    .min(0)
    .fillOpacity(form.stacked ? 40 : 10)
    .lineWidth(1)
    .drawStyle(form.bars ? GraphDrawStyle.Bars : GraphDrawStyle.Line);
  if (form.bars) panel.interval(BAR);
  if (form.stacked) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal));
  if (look.thresholds) {
    panel.thresholdsStyle(
      new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Line),
    );
  }
  return panel;
}

export function stat(look: Look) {
  return withLook(new StatPanel(), look, "instant")
    .colorMode(BigValueColorMode.Value)
    .textMode(look.queries[0]?.legend ? BigValueTextMode.ValueAndName : BigValueTextMode.Auto)
    .reduceOptions(lastValue());
}

export function gauge(look: Look, range: { min: number; max: number }) {
  return withLook(new GaugePanel(), look, "instant")
    .min(range.min)
    .max(range.max)
    .showThresholdMarkers(true)
    .reduceOptions(lastValue());
}

/** A table of one query; `columns` names its labels, in order, and then its value. */
export function table(look: Look, columns: Readonly<Record<string, string>>) {
  return withLook(new TablePanel(), look, "table").withTransformation({
    id: "organize",
    options: {
      excludeByName: { Time: true },
      indexByName: Object.fromEntries(Object.keys(columns).map((name, index) => [name, index])),
      renameByName: columns,
    },
  });
}

type AnyPanel = TimeseriesPanel | StatPanel | GaugePanel | TablePanel;

function withLook<Panel extends AnyPanel>(
  panel: Panel,
  look: Look,
  kind: "range" | "instant" | "table",
): Panel {
  panel
    .title(look.title)
    .description(look.description)
    .datasource(DATASOURCE)
    .span(look.width)
    .height(HEIGHT)
    .unit(look.unit ?? "short")
    .thresholds(
      new ThresholdsConfigBuilder()
        .mode(ThresholdsMode.Absolute)
        .steps([...(look.thresholds ?? [{ value: null, color: GOOD }])]),
    );
  look.queries.forEach((query, index) => {
    const target = new DataqueryBuilder()
      .refId(String.fromCharCode(65 + index))
      .datasource(DATASOURCE)
      .expr(query.expr);
    if (query.legend) target.legendFormat(query.legend);
    if (kind === "range") target.range();
    else target.instant();
    if (kind === "table") target.format(PromQueryFormat.Table);
    panel.withTarget(target);
  });
  return panel;
}

function lastValue(): ReduceDataOptionsBuilder {
  return new ReduceDataOptionsBuilder().calcs(["lastNotNull"]).values(false);
}
