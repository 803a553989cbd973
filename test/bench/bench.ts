/**
 * `bun run bench`: what a viewer costs and how soon it sees a picture, side by side with a Pion server in the same
 * run, since machines differ and are shared. Prints a table, and everything as JSON with --json FILE.
 */
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type BenchServer, buildLoadTools, startOurs, startPion } from "./servers.ts";

const { values: options } = parseArgs({
  options: {
    peers: { type: "string", default: "1,10,100" },
    duration: { type: "string", default: "8" },
    /** A further WHEP endpoint to measure, with the process whose CPU time counts. */
    against: { type: "string" },
    "against-pid": { type: "string" },
    /** Measure the portable back-end too. */
    portable: { type: "boolean", default: false },
    json: { type: "string" },
  },
});

interface Quantiles {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

/** What whepload prints. */
interface Load {
  readonly peers: number;
  readonly ok: number;
  readonly lost: number;
  readonly packets_per_s: number;
  readonly answer_ms?: Quantiles;
  readonly connected_ms?: Quantiles;
  readonly first_keyframe_ms?: Quantiles;
  readonly us_per_packet_per_peer?: number;
  readonly server_core_share?: number;
  readonly server_rss_mb?: number;
}

interface Row extends Load {
  readonly server: string;
  /** CPU per packet and viewer as a share of the Pion server's in this run. */
  readonly ratio: number | undefined;
}

async function output(command: readonly string[]): Promise<string> {
  return (await new Response(Bun.spawn([...command], { stderr: "ignore" }).stdout).text()).trim();
}

async function load(tools: string, server: BenchServer, peers: number): Promise<Load> {
  const seconds = Number(options.duration);
  const text = await output([
    join(tools, "whepload"),
    ...["-url", server.url, "-n", `${peers}`, "-duration", `${seconds}s`, "-pid", `${server.pid}`],
  ]);
  return JSON.parse(text) as Load;
}

async function machine() {
  const line = async (command: string[]) => (await output(command)).split("\n")[0] ?? "";
  return {
    date: new Date().toISOString().slice(0, 10),
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? "",
    bun: Bun.version,
    ffmpeg: await line(["ffmpeg", "-version"]),
    go: await line(["go", "version"]),
  };
}

/** Time from the start of the program to its first answer, and the size of the binary. */
async function startUp() {
  const binary = process.env["DRAGONFORK_BINARY"];
  const from = performance.now();
  const server = await startOurs("start", {});
  const untilLiveMs = Math.round(performance.now() - from);
  await server.stop();
  return {
    untilPictureMs: untilLiveMs,
    binaryMb: binary ? Math.round((Bun.file(binary).size / 1e6) * 10) / 10 : undefined,
  };
}

const number = (value: number | undefined, digits = 1) => value?.toFixed(digits) ?? "–";
const times = (q: Quantiles | undefined) => (q ? `${number(q.p50)} / ${number(q.p95)}` : "–");

function table(rows: readonly Row[]): string {
  const head = [
    "| server | viewers | µs CPU per packet and viewer | ratio to Pion | core | RSS | lost | answer ms p50 / p95 | connected ms | first keyframe ms |",
    "|---|---|---|---|---|---|---|---|---|---|",
  ];
  const lines = rows.map((row) =>
    [
      "",
      row.server,
      `${row.ok}/${row.peers}`,
      number(row.us_per_packet_per_peer),
      number(row.ratio, 2),
      `${number((row.server_core_share ?? 0) * 100)} %`,
      `${number(row.server_rss_mb, 0)} MB`,
      row.lost,
      times(row.answer_ms),
      times(row.connected_ms),
      times(row.first_keyframe_ms),
      "",
    ]
      .join(" | ")
      .trim(),
  );
  return [...head, ...lines].join("\n");
}

async function measure(tools: string, servers: readonly BenchServer[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const peers of options.peers.split(",").map(Number)) {
    const loads = new Map<string, Load>();
    for (const server of servers) loads.set(server.name, await load(tools, server, peers));
    const pion = loads.get("Pion")?.us_per_packet_per_peer;
    for (const [server, one] of loads) {
      const own = one.us_per_packet_per_peer;
      rows.push({ server, ...one, ratio: own && pion ? own / pion : undefined });
    }
  }
  return rows;
}

async function main(): Promise<void> {
  const tools = await buildLoadTools();
  const servers: BenchServer[] = [];
  try {
    const start = await startUp();
    servers.push(await startOurs("Dragon Fork", {}));
    if (options.portable) {
      const env = { CORE_WEBRTC_MEDIA_BACKEND: "portable" };
      servers.push(await startOurs("Dragon Fork, portable", env));
    }
    servers.push(await startPion(tools.folder));
    if (options.against) {
      const pid = Number(options["against-pid"] ?? 0);
      servers.push({ name: options.against, url: options.against, pid, stop: async () => 0 });
    }
    const result = {
      machine: await machine(),
      start,
      rows: await measure(tools.folder, servers),
    };
    console.log(result.machine);
    console.log(start);
    console.log(table(result.rows));
    if (options.json) await Bun.write(options.json, JSON.stringify(result, undefined, 2));
  } finally {
    for (const server of servers) await server.stop();
    tools.remove();
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
