/**
 * Waits until the server that runs with this environment serves its demo stream, then prints where to look:
 * `bun deploy/wait-ready.ts PID`. Fails when the process ends or nothing is served in time.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../src/config/load.ts";
import { demoId } from "../src/process/demo-record.ts";
import { localUrl, parseListenAddress } from "../src/server/listen-address.ts";

const READY_MS_MAX = 60_000;
const TRY_MS = 100;

const loaded = loadConfig({ env: process.env, readFile: (path) => readFileSync(path, "utf8") });
if ("problems" in loaded) throw new Error(loaded.problems.join("\n"));
const { config } = loaded;
const url = localUrl(parseListenAddress(config.address));
const server = Number(process.argv[2]);

function runs(): boolean {
  try {
    return process.kill(server, 0);
  } catch {
    return false;
  }
}

/** The configured one, or the one the server made for itself; none on loopback. */
function token(): string {
  if (config.api.token !== "") return config.api.token;
  try {
    return readFileSync(join(config.db.dir, "admin-token"), "utf8").trim();
  } catch {
    return "";
  }
}

async function isLive(): Promise<boolean> {
  try {
    const headers = { authorization: `Bearer ${token()}` };
    const answer = await fetch(`${url}/api/v3/webrtc/streams`, { headers });
    const streams = (await answer.json()) as { id: string; state: string }[];
    return streams.some(({ id, state }) => id === demoId && state === "live");
  } catch {
    return false;
  }
}

async function waitUntilLive(): Promise<boolean> {
  const endMs = performance.now() + READY_MS_MAX;
  while (performance.now() < endMs && runs()) {
    if (await isLive()) return true;
    await Bun.sleep(TRY_MS);
  }
  return false;
}

if (!(await waitUntilLive())) {
  console.error(
    runs() ? `${url} did not serve a picture in ${READY_MS_MAX / 1000} s` : "the server ended",
  );
  process.exit(1);
}
console.log(`
The picture is running.

  watch:   ${url}/player/${demoId}
  streams: ${url}/
  docs:    ${url}/swagger
  metrics: ${url}/metrics
`);
