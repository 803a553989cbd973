/**
 * `bun run bench`: what a viewer costs and how soon it sees a picture, side by side with a Pion server in the same
 * run, since machines differ and are shared. Prints a table, and everything as JSON with --json FILE.
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { checksTable, runChecks } from "./checks.ts";
import { type Load, load, output, type Quantiles } from "./load.ts";
import { type BenchServer, buildLoadTools, startOurs, startPion } from "./servers.ts";

const { values: options } = parseArgs({
  options: {
    peers: { type: "string", default: "1,10,100" },
    duration: { type: "string", default: "8" },
    /** Runs of each cell; the table shows the one with the median cost. */
    rounds: { type: "string", default: "3" },
    /** Also: memory, long groups of pictures, crowds. */
    checks: { type: "boolean", default: false },
    /** A further WHEP endpoint to measure, with the process whose CPU time counts. */
    against: { type: "string" },
    "against-pid": { type: "string" },
    /** Measure the portable back-end too. */
    portable: { type: "boolean", default: false },
    json: { type: "string" },
  },
});

interface Row extends Load {
  readonly server: string;
  /** CPU per packet and viewer as a share of the Pion server's in this run. */
  readonly ratio: number | undefined;
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

/** Rounds of all servers in turn, so that what else the machine does meets each of them. */
async function measure(tools: string, servers: readonly BenchServer[]): Promise<Row[]> {
  // Long enough that the hot code of each is compiled: a server runs for weeks.
  for (const server of servers) await load(tools, server, { peers: 100, seconds: 30, gapMs: 10 });
  const rows: Row[] = [];
  for (const peers of options.peers.split(",").map(Number)) {
    const loads = new Map<string, Load[]>(servers.map(({ name }) => [name, []]));
    for (let round = 0; round < Number(options.rounds); round++) {
      for (const server of servers) {
        const seconds = Number(options.duration);
        loads.get(server.name)?.push(await load(tools, server, { peers, seconds }));
      }
    }
    const pion = median(loads.get("Pion") ?? [])?.us_per_packet_per_peer;
    for (const [server, all] of loads) {
      const one = median(all);
      const own = one?.us_per_packet_per_peer;
      if (one === undefined) continue;
      const lost = all.reduce((sum, run) => sum + run.lost, 0);
      rows.push({ server, ...one, lost, ratio: own && pion ? own / pion : undefined });
    }
  }
  return rows;
}

function median(loads: readonly Load[]): Load | undefined {
  const cost = (one: Load) => one.us_per_packet_per_peer ?? 0;
  return loads.toSorted((a, b) => cost(a) - cost(b))[Math.floor(loads.length / 2)];
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
    const rows = await measure(tools.folder, servers);
    for (const server of servers.splice(0)) await server.stop();
    const checks = options.checks ? await runChecks(tools.folder) : [];
    const result = { machine: await machine(), start, rows, checks };
    console.log(result.machine);
    console.log(start);
    console.log(table(rows));
    if (options.checks) console.log(checksTable(checks));
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
