/** Writes the Grafana dashboards: `bun run dashboards`. */
import { DASHBOARD_FOLDER, DASHBOARDS, render } from "./render.ts";

for (const [name, build] of Object.entries(DASHBOARDS)) {
  const file = new URL(`../../${DASHBOARD_FOLDER}/${name}`, import.meta.url);
  await Bun.write(file, await render(name, build));
}
