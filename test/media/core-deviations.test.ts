/**
 * Where datarhei Core's behaviour hurts its operators and ours is another one on purpose. One server, real FFmpeg; in the
 * order of the list: signals, waiting, reconnect, restart, progress, failed writes, metadata, and nobody else is called.
 */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storeFileName } from "../../src/process/store.ts";
import { childrenOf, commandLine, ffmpegOf, ffmpegsOf, isRunning } from "../support/processes.ts";
import { socketsOf } from "../support/socket-drops.ts";
import { startServer, type TestServer } from "../support/start-server.ts";
import { until } from "../support/whep-player.ts";

const folder = mkdtempSync(join(tmpdir(), "deviations-"));
const db = join(folder, "db");
/** FFmpeg, but where a record asks for it one that no signal but SIGKILL ends. */
const ffmpeg = join(folder, "ffmpeg");
writeFileSync(
  ffmpeg,
  `#!/bin/sh\ncase "$*" in *comment=stubborn*) trap '' INT TERM; exec sleep 60;; esac\nexec ffmpeg "$@"\n`,
);
chmodSync(ffmpeg, 0o755);

let server: TestServer;
/** Remote ends of the server's and its FFmpegs' sockets that are not of this machine. */
const strangers = new Set<string>();
let watch: ReturnType<typeof setInterval>;

const start = () => startServer({ env: { CORE_DB_DIR: db, CORE_FFMPEG_BINARY: ffmpeg } });

beforeAll(async () => {
  server = await start();
  watch = setInterval(() => noteStrangers(server.pid), 50);
}, 60_000);
afterAll(async () => {
  clearInterval(watch);
  await server.stop();
  rmSync(folder, { recursive: true });
});

async function send(method: string, path: string, body?: unknown): Promise<Response> {
  const headers = { "content-type": "application/json" };
  const text = body === undefined ? null : JSON.stringify(body);
  return fetch(`${server.url}/api/v3${path}`, { method, headers, body: text });
}

const tone = { id: "in", address: "sine=frequency=440", options: ["-re", "-f", "lavfi"] };
const picture = { ...tone, address: "testsrc=size=160x120:rate=10" };
const nowhere = { id: "out", address: "-", options: ["-f", "null"] };

async function add(id: string, more: object = {}): Promise<void> {
  const record = { id, input: [picture], output: [nowhere], ...more };
  expect((await send("POST", "/process", record)).status).toBe(200);
}

const command = (id: string, name: string) =>
  send("PUT", `/process/${id}/command`, { command: name });

interface State {
  readonly exec: string;
  readonly order: string;
  readonly runtime_seconds: number;
  readonly progress: { readonly frame: number; readonly time: number };
}
const state = async (id: string) =>
  (await (await send("GET", `/process/${id}/state`)).json()) as State;
const untilState = (id: string, exec: string, timeoutMs = 10_000) =>
  until(async () => (await state(id)).exec === exec, timeoutMs, `${id} to be ${exec}`);

/** How often FFmpeg was started for a process: its runs so far and the present one. */
async function runs(id: string): Promise<number> {
  const logged = server
    .log()
    .filter((line) => line["msg"] === "process ended" && line["id"] === id);
  return logged.length + ((await state(id)).exec === "running" ? 1 : 0);
}

test("a stop that takes 5 s holds up nobody", async () => {
  await add("stubborn", { options: ["-metadata", "comment=stubborn"] });
  await untilState("stubborn", "running");
  // From then on it hears no signal.
  const isDeaf = () => childrenOf(server.pid).some((pid) => commandLine(pid)[0] === "sleep");
  await until(isDeaf, 10_000, "the shell to become its sleep");
  const began = performance.now();
  const stop = command("stubborn", "stop");
  await untilState("stubborn", "finishing", 4000);
  let slowest = 0;
  while ((await state("stubborn")).exec === "finishing") {
    const asked = performance.now();
    expect((await send("GET", "/process")).status).toBe(200);
    await add("meanwhile", { autostart: false });
    expect((await send("DELETE", "/process/meanwhile")).status).toBe(200);
    slowest = Math.max(slowest, performance.now() - asked);
    await Bun.sleep(100);
  }
  expect((await stop).status).toBe(200);
  expect(performance.now() - began).toBeGreaterThan(4500);
  // Who had to wait for it would have waited for 5 s.
  expect(slowest).toBeLessThan(4000);
}, 60_000);

test("a reconnect delay of 0 starts a broken process ever less often, not a thousand times", async () => {
  await add("broken", {
    input: [{ id: "in", address: "rtsp://127.0.0.1:9/nothing" }],
    reconnect: true,
    reconnect_delay_seconds: 0,
  });
  await Bun.sleep(3800);
  const restarts = await runs("broken");
  // At 0 s, 1 s and 3 s.
  expect(restarts).toBeGreaterThanOrEqual(2);
  expect(restarts).toBeLessThanOrEqual(3);
  await command("broken", "stop");
}, 60_000);

test("restart brings a process back that has no reconnect, and start one that has ended by itself", async () => {
  await add("once", { reconnect: false, reconnect_delay_seconds: 60 });
  await untilState("once", "running");
  expect((await command("once", "restart")).status).toBe(200);
  await until(async () => (await runs("once")) === 2, 10_000, "the second run");
  await untilState("once", "running");
  for (const pid of ffmpegsOf(server.pid)) process.kill(pid, "SIGKILL");
  await untilState("once", "killed");
  await Bun.sleep(1200);
  expect(await state("once")).toMatchObject({ exec: "killed", order: "start" });
  expect((await command("once", "start")).status).toBe(200);
  await untilState("once", "running");
  await command("once", "stop");
}, 60_000);

test("what is healthy is not taken for stale: sound only, log levels, no log at all, RTP", async () => {
  const stale = { stale_timeout_seconds: 4 };
  await add("sound", { ...stale, input: [tone] });
  await add("levels", { ...stale, options: ["-loglevel", "level+info"] });
  await add("quiet", { ...stale, options: ["-loglevel", "quiet"] });
  const webrtc = { enabled: true, video: { bitrate_kbit: 100 } };
  // Its standard output is taken and its log is off, so only its RTP says that it lives.
  const taken = { id: "out", address: "-", options: ["-f", "mpegts"] };
  await add("stream", { ...stale, webrtc, output: [taken], options: ["-loglevel", "quiet"] });
  const ids = ["sound", "levels", "quiet", "stream"];
  for (const id of ids) await untilState(id, "running");
  await Bun.sleep(9000);
  for (const id of ids) expect([id, await runs(id)]).toEqual([id, 1]);
  expect((await state("sound")).progress.time).toBeGreaterThan(3);
  expect((await state("levels")).progress.frame).toBeGreaterThan(20);
  // And what is stale is found out.
  for (const one of ffmpegsOf(server.pid)) process.kill(one, "SIGSTOP");
  await until(async () => (await state("sound")).exec !== "running", 20_000, "the stale to end");
  for (const one of ffmpegsOf(server.pid)) process.kill(one, "SIGCONT");
  for (const id of ids) await command(id, "stop");
}, 60_000);

test("a write that fails is no OK, and changes nothing", async () => {
  await add("kept", { autostart: false, reference: "before" });
  const other = new Database(join(db, storeFileName));
  other.run("BEGIN IMMEDIATE");
  const refused = [
    await send("POST", "/process", { id: "lost", input: [picture], output: [nowhere] }),
    await send("PUT", "/process/kept", { reference: "after" }),
    await send("PUT", "/process/kept/metadata/k", 1),
    await send("DELETE", "/process/kept"),
  ];
  other.run("ROLLBACK");
  other.close();
  expect(refused.map(({ status }) => status)).toEqual([500, 500, 500, 500]);
  expect(await refused[0]?.json()).toMatchObject({ code: 500, message: "Not stored" });
  expect((await send("GET", "/process/lost")).status).toBe(404);
  const kept = await (await send("GET", "/process/kept")).json();
  expect(kept).toMatchObject({ reference: "before", metadata: null });
  expect((await send("PUT", "/process/kept", { reference: "after" })).status).toBe(200);
}, 60_000);

test("SIGTERM ends every FFmpeg and the server; the server's metadata outlive its last process", async () => {
  expect((await send("PUT", "/metadata/ui", { theme: "dark" })).status).toBe(200);
  for (const { id } of (await (await send("GET", "/process")).json()) as { id: string }[]) {
    expect((await send("DELETE", `/process/${id}`)).status).toBe(200);
  }
  await add("last");
  await untilState("last", "running");
  const ffmpeg = await ffmpegOf(server.pid);
  process.kill(server.pid, "SIGTERM");
  expect(await server.exited).toBe(0);
  expect(isRunning(ffmpeg)).toBe(false);
  server = await start();
  await untilState("last", "running");
  expect((await send("DELETE", "/process/last")).status).toBe(200);
  process.kill(server.pid, "SIGTERM");
  await server.exited;
  server = await start();
  expect(await (await send("GET", "/metadata/ui")).json()).toEqual({ theme: "dark" });
}, 60_000);

test("nobody outside was called in all this time", () => {
  expect([...strangers]).toEqual([]);
  // Else it would be proven of a look that sees nothing.
  expect(looks).toBeGreaterThan(100);
  expect(ownSockets).toBeGreaterThan(100);
});

let looks = 0;
let ownSockets = 0;

/** Reads the sockets of the server and its children from the kernel. */
function noteStrangers(pid: number): void {
  looks++;
  const inodes = new Set([pid, ...ffmpegsOf(pid)].flatMap(socketsOf));
  for (const table of ["tcp", "tcp6", "udp", "udp6"]) {
    for (const line of readFileSync(`/proc/net/${table}`, "utf8").split("\n").slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (!inodes.has(fields[9] ?? "")) continue;
      ownSockets++;
      const remote = fields[2] ?? "";
      if (!isHere(remote)) strangers.add(`${table} ${remote}`);
    }
  }
}

/** Nobody (0.0.0.0), or 127.0.0.0/8, also in IPv6's form of it; the kernel prints addresses as words of the host's order. */
function isHere(remote: string): boolean {
  const [address = ""] = remote.split(":");
  return (
    /^0+$/.test(address) || /7F$/.test(address) || address === "00000000000000000000000001000000"
  );
}
