/**
 * Waits until the server that runs with this environment serves its demo stream, then prints where to look:
 * `bun deploy/wait-ready.ts PID`. Fails when the process ends or nothing is served in time.
 */

import { existsSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../src/config/load.ts";
import { demoId } from "../src/process/demo-record.ts";
import { localUrl, parseListenAddress } from "../src/server/listen-address.ts";

const READY_MS_MAX = 60_000;
const TRY_MS = 100;

const loaded = loadConfig({ env: process.env, readFile: (path) => readFileSync(path, "utf8") });
if ("problems" in loaded) throw new Error(loaded.problems.join("\n"));
const { config } = loaded;
const listen = parseListenAddress(config.address);
const url = localUrl(listen);
const tokenFile = join(config.db.dir, "admin-token");
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
    return readFileSync(tokenFile, "utf8").trim();
  } catch {
    return "";
  }
}

/** For other machines, where the server listens to them: its addresses, and the file of the token it made. */
function elsewhere(): string {
  if (!["", "0.0.0.0", "::"].includes(listen.host)) return "";
  const found = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const reachable = found.filter(({ internal, family }) => !internal && family === "IPv4");
  const lines = reachable.map(
    ({ address }) => `  or:      http://${address}:${listen.port}/player/${demoId}\n`,
  );
  if (config.api.token === "" && existsSync(tokenFile)) {
    lines.push(`  token:   in ${tokenFile}; the list of streams and the API ask for it\n`);
  }
  return lines.join("");
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
${elsewhere()}`);
