/** Writes the Grafana dashboard: `bun run dashboards`. */
import { DASHBOARD_FILE, renderDashboard } from "./render.ts";

await Bun.write(new URL(`../../${DASHBOARD_FILE}`, import.meta.url), await renderDashboard());
