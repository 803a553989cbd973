/** Two hundred processes whose FFmpegs end at random, under random commands: nothing may be left of them. */
import { afterAll, expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../src/config/load.ts";
import { configuredRules } from "../../src/process/access/configured.ts";
import { openProcessRoom, type ProcessRoom } from "../../src/process/open.ts";
import { canMove, type ExecState, isAlive } from "../../src/process/state.ts";
import { StreamSources } from "../../src/server/stream-sources.ts";
import { LegPortPool } from "../../src/source/leg-ports.ts";
import { StreamRegistry } from "../../src/stream/registry.ts";
import { fixedRandom } from "../support/fixed-random.ts";
import { memoryFolder } from "../support/memory-folder.ts";
import { childrenOf } from "../support/processes.ts";

const PROCESSES = 200;
/** Half of them are streams of one or two legs, of three ports each. */
const PORTS = { first: 17_000, last: 17_000 + PROCESSES * 6 - 1 };
/** A minute shows nothing more: TORTURE_SECONDS=60 for those who want to see it. */
const TORTURE_MS = Number(process.env["TORTURE_SECONDS"] ?? 10) * 1000;

/** However slow the machine is: less would be no torture. */
const COMMANDS_MIN = 150;
const STARTS_MIN = 2 * PROCESSES;

const folder = memoryFolder("torture-");
afterAll(() => rmSync(folder, { recursive: true }));

function rules() {
  const loaded = loadConfig({ file: undefined, env: { CORE_DB_DIR: folder }, readFile: () => "" });
  if ("problems" in loaded) throw new Error(loaded.problems.join());
  return configuredRules(loaded.config);
}

/** The process room and the sources of its streams as the server puts them together, without viewers. */
function setUp() {
  const streams = new StreamRegistry();
  const ports = new LegPortPool(PORTS.first, PORTS.last);
  const quiet = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };
  const nothing = () => undefined;
  const sources = new StreamSources({
    streams,
    ports,
    peers: { addStream: nothing, removeStream: nothing },
    gopCache: { packets: 0, bytes: 0, seconds: 0 },
    randomBytes: (size) => Buffer.from(crypto.getRandomValues(new Uint8Array(size))),
    unixMs: () => performance.timeOrigin + performance.now(),
    onLegFailure: nothing,
    onCopyFault: nothing,
    lifecycle: {
      streamStarting: nothing,
      streamStopping: nothing,
      processStarted: nothing,
      processEnded: nothing,
    },
    logger: quiet,
  });
  const illegal: string[] = [];
  const starts = { count: 0 };
  const states = new Map<string, ExecState>();
  const { hooks } = sources;
  const room = openProcessRoom({
    dbFolder: folder,
    ffmpegBinary: join(import.meta.dir, "../support/unruly-ffmpeg.sh"),
    environment: process.env,
    serverPid: process.pid,
    maxProcesses: 0,
    configRecords: [],
    access: rules(),
    viewers: () => 0,
    supervise: (look) => look(),
    onRecord: sources.onRecord,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    log: quiet,
    hooks: {
      ...hooks,
      stateChanged: (record, state) => {
        const before = states.get(record.id) ?? "finished";
        if (!canMove(before, state)) illegal.push(`${record.id}: ${before} to ${state}`);
        if (state === "running") starts.count++;
        states.set(record.id, state);
        hooks.stateChanged(record, state);
      },
    },
  });
  return { room, sources, streams, ports, illegal, starts, states };
}

function record(index: number): object {
  const graph = index % 4 === 0 ? "testsrc2[out0];sine[out1]" : "testsrc2";
  const isStream = index % 2 === 0;
  return {
    id: `p${index}`,
    input: [{ id: "in", address: graph, options: ["-f", "lavfi"] }],
    output: isStream ? [] : [{ id: "out", address: "-", options: ["-f", "null"] }],
    reconnect: index % 5 !== 0,
    stale_timeout_seconds: index % 7 === 0 ? 2 : 0,
    limits: index % 11 === 0 ? { memory_mbytes: 1, waitfor_seconds: 1 } : null,
    ...(isStream && { webrtc: { enabled: true } }),
  };
}

const openFiles = () => readdirSync("/proc/self/fd").length;

const zombies = () =>
  childrenOf(process.pid).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
    } catch {
      return false;
    }
  });

/** Random commands until the time is over; what they answer is looked at by those who get it. */
async function torture({ manager }: ProcessRoom, starts: { count: number }): Promise<void> {
  const random = fixedRandom(2);
  const end = performance.now() + TORTURE_MS;
  const pending = new Set<Promise<unknown>>();
  let commands = 0;
  const isOver = () =>
    performance.now() > end && commands >= COMMANDS_MIN && starts.count >= STARTS_MIN;
  while (!isOver()) {
    const index = random.below(PROCESSES);
    const id = `p${index}`;
    const start = (): Promise<unknown> => {
      const kind = random.below(8);
      if (kind < 2) return manager.command(id, "restart");
      if (kind < 4) return manager.command(id, "stop");
      if (kind < 6) return manager.command(id, "start");
      if (kind < 7) return manager.update(id, { stale_timeout_seconds: random.below(3) });
      return manager.delete(id).then(() => manager.add(record(index)));
    };
    // One that is not there at the moment is being deleted by an earlier command.
    const promise = start().catch((error: unknown) => {
      if (!/unknown process|already exists/i.test(JSON.stringify(error) + String(error)))
        throw error;
    });
    pending.add(promise);
    void promise.then(() => pending.delete(promise));
    commands++;
    for (const { id: one } of manager.list()) void manager.state(one);
    await Bun.sleep(25);
  }
  await Promise.all(pending);
}

test("random ends and commands leave no zombie, no open file, no port and no illegal state", async () => {
  const filesBefore = openFiles();
  const { room, sources, streams, ports, illegal, starts, states } = setUp();
  for (let index = 0; index < PROCESSES; index++) room.manager.add(record(index));
  await torture(room, starts);
  const alive = [...states.values()].filter(isAlive).length;
  expect(alive).toBeGreaterThan(PROCESSES / 10);
  await room.close();
  expect(illegal).toEqual([]);
  expect([...states.values()].filter(isAlive)).toEqual([]);
  expect(childrenOf(process.pid).filter((pid) => !zombies().includes(pid))).toEqual([]);
  expect(zombies()).toEqual([]);
  expect(ports.inUse).toBe(0);
  expect(streams.list().every(({ state }) => state === "down")).toBe(true);
  sources.close();
  await Bun.sleep(200);
  expect(openFiles()).toBeLessThanOrEqual(filesBefore + 2);
}, 120_000);
