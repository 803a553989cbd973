/**
 * What a load table does not show: that memory comes back, that a long group of pictures does not keep viewers
 * waiting, that a crowd at the door stops nobody's picture, that many viewers lose nothing, how long a packet
 * stays in the server, and what Chromium makes of it.
 */
import { readFileSync } from "node:fs";
import { startServer, untilLive } from "../support/start-server.ts";
import { WhepPlayer } from "../support/whep-player.ts";
import { chromiumChecks } from "./chromium.ts";
import { relayHop, serverHop } from "./hop.ts";
import { quantiles } from "./hot-path.ts";
import { load } from "./load.ts";
import { type BenchServer, type BenchTools, startOurs } from "./servers.ts";
import { sourceRecord } from "./source.ts";

export interface Check {
  readonly check: string;
  readonly measured: string;
  readonly target: string;
  readonly passed: boolean;
}

const CROWD = 100;
const ROUNDS = 10;
const CROWDS = 5;
const STREAMS = 4;
const HOP_US_MAX = 240;
/** A slower machine is measured by what a bare relay takes on it. */
const HOP_TO_RELAY_MAX = 1.5;

/** Runs all checks on servers of their own. */
export async function runChecks({ folder, source }: BenchTools): Promise<readonly Check[]> {
  return [
    ...(await withServer(source(1), (server) => memory(folder, server))),
    ...(await withServer(source(4), (server) => longGop(folder, server))),
    ...(await withServer(source(1), (server) => crowdAtTheDoor(folder, server))),
    ...(await withServer(source(1), (server) => manyViewers(folder, server))),
    await manyStreams(folder, source(1)),
    await hop(),
    ...(await chromiumChecks()),
  ];
}

async function withServer(
  source: string,
  run: (server: BenchServer) => Promise<readonly Check[]>,
): Promise<readonly Check[]> {
  const server = await startOurs("check", source);
  try {
    return await run(server);
  } finally {
    await server.stop();
  }
}

/** RSS after each of ten crowds has left, against that after the first, when all code is compiled. */
async function memory(tools: string, server: BenchServer): Promise<readonly Check[]> {
  const after: number[] = [];
  let top = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const crowd = await load(tools, server, { peers: CROWD, seconds: 1, gapMs: 5 });
    top = Math.max(top, crowd.server_rss_mb ?? 0);
    await Bun.sleep(1000);
    after.push(residentMb(server.pid));
  }
  const [first = 0, last = 0] = [after[0], after.at(-1)];
  return [
    {
      check: `RSS with ${CROWD} viewers`,
      measured: `${top.toFixed(0)} MB`,
      target: "150 MB",
      passed: top <= 150,
    },
    {
      check: `RSS when crowd ${ROUNDS} of ${CROWD} viewers has left, against the first`,
      measured: `${last.toFixed(0)} MB, ${first.toFixed(0)} MB`,
      target: "15 % more",
      passed: last <= first * 1.15,
    },
  ];
}

async function longGop(tools: string, server: BenchServer): Promise<readonly Check[]> {
  await load(tools, server, { peers: 20, seconds: 2 });
  const { first_keyframe_ms: times } = await load(tools, server, {
    peers: 50,
    seconds: 2,
    gapMs: 100,
  });
  const [p50 = Number.POSITIVE_INFINITY, p95 = Number.POSITIVE_INFINITY] = [times?.p50, times?.p95];
  return [
    {
      check: "first keyframe with one every 4 s, p50 / p95",
      measured: `${p50.toFixed(1)} / ${p95.toFixed(1)} ms`,
      target: "40 / 100 ms",
      passed: p50 <= 40 && p95 <= 100,
    },
  ];
}

/** How much longer than usual a viewer waits for the next packet while crowds of 50 join, each within a second. */
async function crowdAtTheDoor(tools: string, server: BenchServer): Promise<readonly Check[]> {
  const crowd = () => load(tools, server, { peers: 50, seconds: 1, gapMs: 20 });
  await crowd();
  const player = await WhepPlayer.play({ url: server.url });
  const stalls: number[] = [];
  for (let round = 0; round < CROWDS; round++) {
    const usual = await longestPauseMs(player, Bun.sleep(2000));
    stalls.push(Math.max(0, (await longestPauseMs(player, crowd())) - usual));
    await Bun.sleep(500);
  }
  await player.close();
  const stall = quantiles(stalls).p50;
  return [
    {
      check: "how much longer a viewer waits for a packet while 50 join in a second",
      measured: `${stall.toFixed(1)} ms`,
      target: "20 ms",
      passed: stall <= 20,
    },
  ];
}

async function longestPauseMs(player: WhepPlayer, during: Promise<unknown>): Promise<number> {
  let last = performance.now();
  let longest = 0;
  player.loses = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    return false;
  };
  await during;
  player.loses = () => false;
  return longest;
}

async function manyViewers(tools: string, server: BenchServer): Promise<readonly Check[]> {
  await load(tools, server, { peers: 100, seconds: 5, gapMs: 10 });
  const at200 = await load(tools, server, { peers: 200, seconds: 6, gapMs: 10 });
  const at300 = await load(tools, server, { peers: 300, seconds: 6, gapMs: 10 });
  const share = (at200.server_core_share ?? 1) * 100;
  return [
    {
      check: "CPU at 200 viewers",
      measured: `${share.toFixed(0)} % of a core`,
      target: "45 %",
      passed: share <= 45,
    },
    {
      check: "packets lost at 300 viewers",
      measured: `${at300.lost} of ${Math.round(at300.packets_per_s * 6)}`,
      target: "0",
      passed: at300.lost === 0 && at300.ok === 300,
    },
  ];
}

/** CPU of a server with as many viewers on each of its streams, as a share of a core. */
async function shareWith(tools: string, source: string, streams: number): Promise<number> {
  const ids = Array.from({ length: streams }, (_, i) => `stream-${i}`);
  const server = await startServer({
    processes: ids.map((id) => ({ ...sourceRecord(source), id })),
  });
  try {
    for (const id of ids) await untilLive(server, id);
    const loads = () =>
      Promise.all(
        ids.map((id) =>
          load(tools, { ...server, name: id, url: server.whep(id) }, { peers: 10, seconds: 6 }),
        ),
      );
    await loads();
    return Math.max(...(await loads()).map((one) => one.server_core_share ?? Number.NaN));
  } finally {
    await server.stop();
  }
}

async function manyStreams(tools: string, source: string): Promise<Check> {
  const one = await shareWith(tools, source, 1);
  const many = await shareWith(tools, source, STREAMS);
  return {
    check: `CPU of ${STREAMS} streams with ten viewers each, against one`,
    measured: `${(many / one).toFixed(1)} times`,
    target: `${STREAMS} times`,
    passed: many <= one * STREAMS,
  };
}

async function hop(): Promise<Check> {
  const [ours, relay] = [await serverHop(1), await relayHop(1)];
  const most = Math.max(HOP_US_MAX, HOP_TO_RELAY_MAX * relay.p95);
  return {
    check:
      "from FFmpeg's send of a frame to its last packet's to a viewer, p95, against a bare relay",
    measured: `${ours.p95.toFixed(0)} µs, ${relay.p95.toFixed(0)} µs`,
    target: `${HOP_US_MAX} µs or ${HOP_TO_RELAY_MAX} times the relay's`,
    passed: ours.p95 <= most,
  };
}

function residentMb(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1]) / 1024;
}

export function checksTable(checks: readonly Check[]): string {
  const lines = checks.map(
    (one) => `| ${one.check} | ${one.measured} | ${one.target} | ${one.passed ? "yes" : "no"} |`,
  );
  return ["| check | measured | at most | met |", "|---|---|---|---|", ...lines].join("\n");
}
