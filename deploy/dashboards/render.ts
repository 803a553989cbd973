/** The dashboards as files: JSON in the form that the formatter leaves alone. */
import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { latency } from "./latency.ts";
import { overview } from "./overview.ts";
import { resources } from "./resources.ts";
import { security } from "./security.ts";
import { webrtcHealth } from "./webrtc-health.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Where the dashboards lie, in the repository. */
export const DASHBOARD_FOLDER = "deploy/truenas/core/grafana/dashboards";

/** File name to what is in it. */
export const DASHBOARDS: Readonly<Record<string, () => Dashboard>> = {
  "dragonfork-webrtc-health.json": webrtcHealth,
  "webrtc-overview.json": overview,
  "webrtc-latency.json": latency,
  "webrtc-security.json": security,
  "webrtc-resources.json": resources,
};

/** The text of a dashboard's file. */
export async function render(name: string, build: () => Dashboard): Promise<string> {
  const format = Bun.spawn(["bunx", "biome", "format", `--stdin-file-path=${name}`], {
    cwd: ROOT,
    stdin: new Blob([JSON.stringify(build(), null, 2)]),
    stdout: "pipe",
    stderr: "inherit",
  });
  const text = await new Response(format.stdout).text();
  if ((await format.exited) !== 0) throw new Error(`${name} could not be formatted`);
  return text;
}
