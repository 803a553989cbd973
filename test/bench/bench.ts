/**
 * `bun run bench`: what a viewer costs and how soon it sees a picture, side by side with a Pion server in the same
 * run, since machines differ and are shared. Prints a table, and everything as JSON with --json FILE.
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { demoId } from "../../src/process/demo-record.ts";
import { startServer, untilLive } from "../support/start-server.ts";
import { checksTable, runChecks } from "./checks.ts";
import { quantiles } from "./hot-path.ts";
import { type Load, load, output, type Quantiles } from "./load.ts";
import { type BenchServer, prepareBench, startOurs, startPion } from "./servers.ts";

const { values: options } = parseArgs({
  options: {
    peers: { type: "string", default: "1,10,100" },
    duration: { type: "string", default: "8" },
    /** Runs of each row; the table shows the median of each figure. */
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

/** Time from the start of the program until the demo stream has a picture, and the size of the binary. */
async function startUp() {
  const binary = process.env["DRAGONFORK_BINARY"];
  const from = performance.now();
  const server = await startServer({ demo: true });
  await untilLive(server, demoId);
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
    const rounds = new Map<string, Load[]>(servers.map(({ name }) => [name, []]));
    for (let round = 0; round < Number(options.rounds); round++) {
      for (const server of servers) {
        const seconds = Number(options.duration);
        rounds.get(server.name)?.push(await load(tools, server, { peers, seconds }));
      }
    }
    const pion = median(rounds.get("Pion") ?? [], (one) => one.us_per_packet_per_peer);
    for (const [server, loads] of rounds) rows.push(row(server, loads, pion));
  }
  return rows;
}

/** The median of each figure over the rounds; of viewers the fewest, of lost packets all. */
function row(server: string, loads: readonly Load[], pion: number | undefined): Row {
  const middle = (pick: (one: Load) => number | undefined) => median(loads, pick);
  const times = (pick: (one: Load) => Quantiles | undefined): Quantiles | undefined => {
    const [p50, p95, max] = [
      middle((one) => pick(one)?.p50),
      middle((one) => pick(one)?.p95),
      middle((one) => pick(one)?.max),
    ];
    return p50 === undefined || p95 === undefined || max === undefined
      ? undefined
      : { p50, p95, max };
  };
  const cost = middle((one) => one.us_per_packet_per_peer);
  return {
    server,
    peers: loads[0]?.peers ?? 0,
    ok: Math.min(...loads.map((one) => one.ok)),
    lost: loads.reduce((sum, one) => sum + one.lost, 0),
    packets_per_s: middle((one) => one.packets_per_s) ?? 0,
    answer_ms: times((one) => one.answer_ms),
    connected_ms: times((one) => one.connected_ms),
    first_keyframe_ms: times((one) => one.first_keyframe_ms),
    us_per_packet_per_peer: cost,
    server_core_share: middle((one) => one.server_core_share),
    server_rss_mb: middle((one) => one.server_rss_mb),
    ratio: cost && pion ? cost / pion : undefined,
  };
}

/** Undefined where a round has no such figure. */
function median(
  loads: readonly Load[],
  pick: (one: Load) => number | undefined,
): number | undefined {
  const values = loads.map(pick).filter((value) => value !== undefined);
  if (values.length < loads.length) return undefined;
  return quantiles(values).p50;
}

async function main(): Promise<void> {
  const tools = await prepareBench();
  const servers: BenchServer[] = [];
  try {
    const start = await startUp();
    servers.push(await startOurs("Dragon Fork", tools.source(1)));
    if (options.portable) {
      const env = { CORE_WEBRTC_MEDIA_BACKEND: "portable" };
      servers.push(await startOurs("Dragon Fork, portable", tools.source(1), env));
    }
    servers.push(await startPion(tools));
    if (options.against) {
      const pid = Number(options["against-pid"] ?? 0);
      servers.push({ name: options.against, url: options.against, pid, stop: async () => 0 });
    }
    const rows = await measure(tools.folder, servers);
    for (const server of servers.splice(0)) await server.stop();
    const checks = options.checks ? await runChecks(tools) : [];
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
