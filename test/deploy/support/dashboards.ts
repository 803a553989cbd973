/** The committed dashboards as the tests look at them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Dashboard, Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { DASHBOARD_FOLDER, DASHBOARDS } from "../../../deploy/dashboards/render.ts";
import { ROOT } from "./bundle.ts";

export type QueryPanel = Omit<Panel, "targets"> & {
  readonly targets: readonly {
    readonly expr: string;
    readonly range?: boolean;
    readonly legendFormat?: string;
  }[];
};

export interface Shown {
  readonly file: string;
  readonly dashboard: Dashboard;
  readonly rows: readonly string[];
  readonly panels: readonly QueryPanel[];
}

export const SHOWN: readonly Shown[] = Object.keys(DASHBOARDS).map((file) => {
  const text = readFileSync(join(ROOT, DASHBOARD_FOLDER, file), "utf8");
  const dashboard = JSON.parse(text) as Dashboard;
  const all = dashboard.panels ?? [];
  return {
    file,
    dashboard,
    rows: all.filter(({ type }) => type === "row").map(({ title }) => title ?? ""),
    panels: all.filter(({ type }) => type !== "row") as unknown as QueryPanel[],
  };
});

/** The dashboard of this file. */
export function shown(file: string): Shown {
  const found = SHOWN.find((one) => one.file === file);
  if (found === undefined) throw new Error(`${file} is not there`);
  return found;
}
