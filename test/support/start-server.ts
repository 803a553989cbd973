/**
 * The real server as a process of its own: the binary named by DRAGONFORK_BINARY, or the source by Bun.
 * Every server gets free ports and a folder of its own, and leaves nothing behind.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./whep-player.ts";

export interface ServerSetup {
  readonly demo?: boolean;
  /** Process records for the configuration file. */
  readonly processes?: readonly object[];
  /** More of the configuration file. */
  readonly config?: object;
  readonly env?: Readonly<Record<string, string>>;
  /** A command that becomes the server: it gets the server's command line as its last arguments. */
  readonly wrapper?: readonly string[];
}

export interface TestServer {
  readonly url: string;
  readonly udpPort: number;
  readonly pid: number;
  readonly folder: string;
  /** JSON log lines so far. */
  readonly log: () => readonly Record<string, unknown>[];
  readonly exited: Promise<number>;
  /** The WHEP endpoint of a stream. */
  whep(id: string): string;
  /** JSON of a GET. */
  get(path: string): Promise<unknown>;
  /** One value of /metrics; 0 where there is no such series. Labels in any order. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  /** SIGTERM, then the exit code. */
  stop(): Promise<number>;
}

const ROOT = join(import.meta.dir, "../..");
/** For this long the server gives the answer it has given to /metrics before. */
export const SCRAPE_KEPT_MS = 110;
const READY_MS_MAX = 30_000;
const STOP_MS_MAX = 15_000;
/** Below those that the kernel hands out by itself: nobody else binds one by chance. */
const LEG_PORTS = { first: 20_000, last: 28_999 };
let nextLegPort = LEG_PORTS.first;

/** Leg ports that no other server of this test run uses. */
function legRange(): string {
  const first = nextLegPort;
  nextLegPort = first + 119 > LEG_PORTS.last ? LEG_PORTS.first : first + 60;
  return `${first}-${first + 59}`;
}

export async function startServer(setup: ServerSetup = {}): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), "dragonfork-test-"));
  const file = join(folder, "config.json");
  const config = { ...setup.config, processes: setup.processes ?? [] };
  writeFileSync(file, JSON.stringify(config));
  const binary = process.env["DRAGONFORK_BINARY"];
  const command = binary ? [binary] : [process.execPath, join(ROOT, "src/main.ts")];
  const child = Bun.spawn(
    [
      ...(setup.wrapper ?? []),
      ...command,
      "serve",
      "--config",
      file,
      ...(setup.demo ? ["--demo"] : []),
    ],
    {
      cwd: folder,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: folder,
        CORE_ADDRESS: "127.0.0.1:0",
        CORE_WEBRTC_UDP_PORT: "0",
        CORE_WEBRTC_LEG_PORTS: legRange(),
        CORE_WEBRTC_WHEP_RATE_PER_SECOND: "0",
        CORE_DB_DIR: join(folder, "db"),
        CORE_LOG_FORMAT: "json",
        ...setup.env,
      },
    },
  );
  const lines: string[] = [];
  void collect(child.stdout, lines);
  void collect(child.stderr, lines);
  const log = () => lines.flatMap(parseLine);
  const ready = () => log().find((line) => line["msg"] === "server ready");
  const stop = async () => {
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
    const code = await child.exited;
    clearTimeout(late);
    rmSync(folder, { recursive: true, force: true });
    return code;
  };
  try {
    await until(() => ready() !== undefined || child.exitCode !== null, READY_MS_MAX, "the server");
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
  } catch (error) {
    await stop();
    throw new Error(`${String(error)}\n${lines.join("\n")}`);
  }
  const url = String(ready()?.["url"]);
  return {
    url,
    udpPort: Number(ready()?.["udp_port"]),
    pid: child.pid,
    folder,
    log,
    exited: child.exited,
    whep: (id) => `${url}/api/v3/whep/${encodeURIComponent(id)}`,
    get: async (path) => (await fetch(url + path)).json(),
    metric: async (name, labels = {}) => {
      await Bun.sleep(SCRAPE_KEPT_MS);
      const text = await (await fetch(`${url}/metrics`)).text();
      return metricValue(text, name, labels);
    },
    stop,
  };
}

/** Waits until a stream is live. */
export async function untilLive(server: TestServer, id: string, timeoutMs = 30_000): Promise<void> {
  await until(
    async () => {
      const streams = (await server.get("/api/v3/webrtc/streams")) as {
        id: string;
        state: string;
      }[];
      return streams.some((stream) => stream.id === id && stream.state === "live");
    },
    timeoutMs,
    `stream ${id} to be live`,
  );
}

function metricValue(text: string, name: string, labels: Readonly<Record<string, string>>): number {
  const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  const line = text
    .split("\n")
    .find(
      (one) =>
        (one.startsWith(`${name}{`) || one.startsWith(`${name} `)) &&
        wanted.every((label) => one.includes(label)),
    );
  return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(" ") + 1));
}

async function collect(stream: ReadableStream<Uint8Array>, lines: string[]): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
  }
}

function parseLine(line: string): Record<string, unknown>[] {
  try {
    return [JSON.parse(line) as Record<string, unknown>];
  } catch {
    return [];
  }
}
