/** The dashboards as files: JSON in the form that the formatter leaves alone. */
import { webrtcHealth } from "./webrtc-health.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Where the dashboard lies, in the repository. */
export const DASHBOARD_FILE =
  "deploy/truenas/core/grafana/dashboards/dragonfork-webrtc-health.json";

export async function renderDashboard(): Promise<string> {
  const format = Bun.spawn(["bunx", "biome", "format", `--stdin-file-path=${DASHBOARD_FILE}`], {
    cwd: ROOT,
    stdin: new Blob([JSON.stringify(webrtcHealth(), null, 2)]),
    stdout: "pipe",
    stderr: "inherit",
  });
  const text = await new Response(format.stdout).text();
  if ((await format.exited) !== 0) throw new Error("the dashboard could not be formatted");
  return text;
}
