/** The process room with the real FFmpeg: what it sends, how it ends, and that nothing is left behind. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { childEnvironment, createSpawn } from "../../src/process/child.ts";
import { demoRecord } from "../../src/process/demo-record.ts";
import type { LegTarget } from "../../src/process/ffmpeg-args.ts";
import { openProcessRoom, type ProcessRoom } from "../../src/process/open.ts";
import { ChildJournal } from "../../src/process/orphans.ts";
import { readProcStat } from "../../src/process/proc-stat.ts";
import type { ProcessRecord } from "../../src/process/record.ts";
import type { LegPlans } from "../../src/process/source-plan.ts";
import type { SupervisorHooks } from "../../src/process/supervisor.ts";
import { freePorts } from "../support/free-ports.ts";
import { holdSeconds } from "../support/socket-drops.ts";

interface Packet {
  readonly kind: "video" | "audio";
  readonly sourcePort: number;
  readonly bytes: Buffer;
  readonly isRtcp: boolean;
}

/** Legs as the server opens them, but with everything that arrives kept. */
class Legs implements SupervisorHooks {
  readonly packets: Packet[] = [];
  readonly targets: LegTarget[] = [];
  readonly events: string[] = [];
  #sockets: Bun.udp.Socket<"buffer">[] = [];
  #ssrc = 1000;

  async prepare(_record: ProcessRecord, plan: LegPlans | undefined): Promise<LegTarget[]> {
    const legs: LegTarget[] = [];
    const sources = await freePorts(4);
    for (const kind of ["video", "audio"] as const) {
      if (plan?.[kind] === undefined) continue;
      const port = await this.#open(kind);
      const [rtpSourcePort = 0, rtcpSourcePort = 0] = sources.splice(0, 2);
      this.#ssrc += 1;
      legs.push({ kind, port, rtpSourcePort, rtcpSourcePort, ssrc: this.#ssrc });
    }
    this.targets.push(...legs);
    return legs;
  }

  started(record: ProcessRecord): void {
    this.events.push(`started ${record.id}`);
  }

  exited(record: ProcessRecord, facts: { signal: string | null; willRestart: boolean }): void {
    this.events.push(`exited ${record.id} ${facts.signal} ${facts.willRestart}`);
  }

  stateChanged(): void {}

  mediaPackets(): number {
    return this.packets.length;
  }

  of(kind: "video" | "audio", isRtcp: boolean): Packet[] {
    return this.packets.filter((one) => one.kind === kind && one.isRtcp === isRtcp);
  }

  close(): void {
    for (const socket of this.#sockets.splice(0)) socket.close();
  }

  async #open(kind: "video" | "audio"): Promise<number> {
    const socket = await Bun.udpSocket({
      hostname: "127.0.0.1",
      socket: {
        data: (_socket, bytes, sourcePort) => {
          const type = bytes[1] ?? 0;
          const isRtcp = type >= 192 && type <= 223;
          this.packets.push({ kind, sourcePort, bytes: Buffer.from(bytes), isRtcp });
        },
      },
    });
    holdSeconds(socket);
    this.#sockets.push(socket);
    return socket.port;
  }
}

let folder: string;
let room: ProcessRoom | undefined;
let legs = new Legs();
const warnings: string[] = [];

function open(configRecords: readonly ProcessRecord[] = []): ProcessRoom {
  legs = new Legs();
  room = openProcessRoom({
    dbFolder: mkdtempSync(join(folder, "db-")),
    ffmpegBinary: "ffmpeg",
    environment: process.env,
    serverPid: process.pid,
    access: {
      storageFolder: folder,
      workingFolder: process.cwd(),
      databaseFolder: join(folder, "secret"),
      input: { allow: [], block: [] },
      output: { allow: [], block: [] },
    },
    maxProcesses: 0,
    configRecords,
    hooks: legs,
    onRecord: () => undefined,
    viewers: () => 0,
    supervise: (look) => look(),
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    log: { info: () => undefined, warn: (message) => warnings.push(message) },
  });
  return room;
}

async function until(what: string, condition: () => boolean, timeoutMs = 30_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await Bun.sleep(20);
  }
}

const isAlive = (pid: number) => (readProcStat(pid)?.state ?? "Z") !== "Z";

async function ffmpeg(...argv: string[]): Promise<void> {
  const child = Bun.spawn(["ffmpeg", "-hide_banner", "-loglevel", "error", "-y", ...argv], {
    stdin: "ignore",
    cwd: folder,
    stdout: "ignore",
    stderr: "pipe",
  });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(said);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "supervisor-"));
  const sources = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30"];
  sources.push("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", "4");
  const h264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "15"];
  await Promise.all([
    ffmpeg(...sources, ...h264, "-bf", "0", "-profile:v", "main", "-c:a", "aac", "plain.mp4"),
    ffmpeg(...sources, ...h264, "-bf", "2", "-profile:v", "high", "-c:a", "aac", "reordered.mp4"),
    ffmpeg(...sources, "-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus", "vp8.webm"),
  ]);
  for (const name of ["plain.mkv", "plain.flv", "plain.ts"]) {
    await ffmpeg("-i", "plain.mp4", "-c", "copy", name);
  }
});

afterEach(async () => {
  await room?.close();
  room = undefined;
  legs.close();
});

afterAll(() => rmSync(folder, { recursive: true }));

/** H.264 NAL unit types per access unit, out of RFC 6184 packets. */
function accessUnits(packets: readonly Packet[]): number[][] {
  const units = new Map<number, number[]>();
  for (const { bytes } of packets) {
    const timestamp = bytes.readUInt32BE(4);
    const types = units.get(timestamp) ?? [];
    units.set(timestamp, types);
    types.push(...nalTypes(bytes.subarray(12)));
  }
  return [...units.values()];
}

function nalTypes(payload: Buffer): number[] {
  const type = payload[0]! & 31;
  if (type === 28) return payload[1]! & 0x80 ? [payload[1]! & 31] : [];
  if (type !== 24) return [type];
  const types: number[] = [];
  for (let at = 1; at + 2 < payload.length; at += 2 + payload.readUInt16BE(at)) {
    types.push(payload[at + 2]! & 31);
  }
  return types;
}

/** The time of day in seconds that a sender report gives to an RTP timestamp (RFC 3550 section 6.4.1). */
function wallClock(report: Buffer, timestamp: number, rate: number): number {
  const ntp = report.readUInt32BE(8) - 2_208_988_800 + report.readUInt32BE(12) / 2 ** 32;
  const ticks = (timestamp - report.readUInt32BE(16)) | 0;
  return ntp + ticks / rate;
}

describe("the demo stream", () => {
  test("arrives as announced: ports, SSRC, reports first, both legs on one clock, a keyframe each second", async () => {
    const { manager } = open([demoRecord()]);
    manager.startAll();
    await until("4 s of video", () => manager.state("test").progress.frame >= 110);
    const [video, audio] = [legs.of("video", false), legs.of("audio", false)];
    for (const target of legs.targets) {
      const rtp = legs.of(target.kind, false);
      expect(new Set(rtp.map((one) => one.sourcePort))).toEqual(new Set([target.rtpSourcePort]));
      expect(new Set(rtp.map((one) => one.bytes.readUInt32BE(8)))).toEqual(new Set([target.ssrc]));
      const reports = legs.of(target.kind, true);
      expect(reports[0]?.sourcePort).toBe(target.rtcpSourcePort);
      const first = legs.packets.find((one) => one.kind === target.kind);
      expect(first?.isRtcp).toBe(true);
    }
    const startOf = (kind: "video" | "audio", rate: number) =>
      wallClock(
        legs.of(kind, true)[0]!.bytes,
        legs.of(kind, false)[0]!.bytes.readUInt32BE(4),
        rate,
      );
    // The first sound is Opus' pre-skip of 312 samples before time 0, the first picture is time 0.
    expect(startOf("video", 90_000) - startOf("audio", 48_000)).toBeCloseTo(312 / 48_000, 3);
    const units = accessUnits(video);
    // Nearly every picture comes in one datagram; the leg cuts it to the size of a network's packets.
    expect(video.length / units.length).toBeLessThan(1.2);
    const keyframes = units.flatMap((types, at) => (types.includes(5) ? [at] : []));
    expect(keyframes.slice(0, 4)).toEqual([0, 30, 60, 90]);
    for (const at of keyframes) expect(units[at]?.slice(0, 2)).toEqual([7, 8]);
    // One slice per picture.
    expect(units[1]).toEqual([1]);
    const bits = video.slice(0, -1).reduce((sum, one) => sum + one.bytes.length * 8, 0);
    expect(bits / (units.length / 30)).toBeWithin(2_000_000, 3_200_000);
    expect(audio.length / (units.length / 30)).toBeWithin(45, 55);
  }, 60_000);

  test("is described to the API: inputs, outputs, frames, CPU and memory", async () => {
    const { manager } = open([demoRecord()]);
    manager.startAll();
    await until("a usage sample", () => manager.state("test").memory_bytes > 0);
    await until("progress", () => manager.state("test").progress.frame > 30);
    const { progress, exec, command } = manager.state("test");
    expect(exec).toBe("running");
    expect(progress.inputs.map((one) => one.type)).toEqual(["video", "audio"]);
    expect(progress.outputs.map((one) => one.id)).toEqual(["webrtc_video", "webrtc_audio"]);
    expect(command).toContain("libx264");
    expect(manager.report("test").prelude.length).toBeGreaterThan(5);
    expect(manager.view("test").plan?.reason).toContain("video transcoded to H.264");
  });
});

describe("a copied file", () => {
  const names = ["plain.mp4", "plain.mkv", "plain.flv", "plain.ts"];

  test("has its parameter sets before every keyframe, whatever the container", async () => {
    const { manager } = open();
    for (const name of names) {
      const before = legs.targets.length;
      manager.add({
        id: name,
        input: [{ id: "in", address: join(folder, name) }],
        webrtc: { enabled: true, audio: { mode: "off" } },
      });
      await until(`legs of ${name}`, () => legs.targets.length > before);
    }
    await until("2 s of each", () => legs.targets.every((target) => unitsFrom(target).length > 60));
    for (const target of legs.targets) {
      const units = unitsFrom(target);
      const keyframes = units.filter((types) => types.includes(5));
      expect(keyframes.length).toBeGreaterThanOrEqual(3);
      for (const types of keyframes) {
        expect(types.indexOf(7)).toBeGreaterThanOrEqual(0);
        expect(types.indexOf(8)).toBeGreaterThan(types.indexOf(7));
        expect(types.indexOf(5)).toBeGreaterThan(types.indexOf(8));
      }
      // Length prefixes taken for NAL units would show as types that no encoder writes.
      expect(new Set(units.flat()).isSubsetOf(new Set([1, 5, 6, 7, 8, 9]))).toBe(true);
    }
    for (const name of names) expect(manager.view(name).plan?.reason).toContain("→ video copied;");
  }, 60_000);

  function unitsFrom(target: LegTarget): number[][] {
    return accessUnits(
      legs.of("video", false).filter((one) => one.sourcePort === target.rtpSourcePort),
    );
  }

  test("with B-frames is transcoded, VP8 and Opus are copied", async () => {
    const { manager } = open();
    for (const name of ["reordered.mp4", "vp8.webm"]) {
      const input = [{ id: "in", address: join(folder, name) }];
      manager.add({ id: name, input, webrtc: { enabled: true } });
    }
    const reason = (id: string) => manager.view(id).plan?.reason ?? "";
    await until("both plans", () => reason("reordered.mp4") !== "" && reason("vp8.webm") !== "");
    expect(reason("reordered.mp4")).toContain("B-frames");
    expect(reason("vp8.webm")).toMatch(/^VP8, .*; Opus, .* → video copied; audio copied\.$/);
  });
});

describe("a killed FFmpeg", () => {
  test("is back soon, and viewers' legs are asked for again", async () => {
    const { manager } = open([demoRecord()]);
    manager.startAll();
    await until("2 s of media", () => manager.state("test").progress.frame > 75);
    const pid = manager.view("test").pid!;
    process.kill(pid, "SIGKILL");
    await until("another FFmpeg", () => (manager.view("test").pid ?? pid) !== pid, 5000);
    expect(legs.events).toEqual(["started test", "exited test SIGKILL true", "started test"]);
    expect(legs.targets).toHaveLength(4);
    expect(manager.view("test").restarts).toBe(1);
    const before = legs.packets.length;
    await until("media again", () => legs.packets.length > before + 50);
  }, 60_000);

  test("that ends at once is started less and less often", async () => {
    const { manager } = open();
    manager.add({
      id: "broken",
      input: [{ id: "in", address: join(folder, "missing.mp4") }],
      output: [{ id: "out", address: "-", options: ["-f", "null"] }],
      reconnect: true,
    });
    const began = performance.now();
    await until("a third run", () => manager.report("broken").history.length === 2);
    // At 0 s, 1 s and 3 s: Core would have made thousands.
    expect(performance.now() - began).toBeGreaterThan(2900);
    expect(manager.view("broken").restarts).toBe(2);
    const lastLine = () => manager.state("broken").last_logline;
    await until("its last words", () => lastLine().includes("No such file or directory"));
  });
});

describe("stopping", () => {
  test("ends FFmpeg with a closed output, and leaves no zombie and no open file", async () => {
    const { manager } = open();
    manager.add({
      id: "recording",
      input: [
        { id: "in", address: "testsrc=size=160x120:rate=10", options: ["-re", "-f", "lavfi"] },
      ],
      output: [{ id: "out", address: join(folder, "out.mp4"), options: ["-y", "-c:v", "libx264"] }],
    });
    const files = () => readdirSync("/proc/self/fd").length;
    let before = 0;
    for (let round = 0; round < 6; round++) {
      await until("an open file", () => manager.state("recording").progress.outputs.length > 0);
      await manager.command("recording", "stop");
      expect(manager.state("recording")).toMatchObject({ order: "stop", exec: "finished" });
      if (round === 0) before = files();
      if (round < 5) await manager.command("recording", "start");
    }
    await Bun.sleep(100);
    expect(files()).toBeLessThanOrEqual(before + 1);
    expect(zombies()).toEqual([]);
    // A readable MP4 has its index, which is written at the end.
    await ffmpeg("-i", "out.mp4", "-f", "null", "-");
  }, 60_000);

  test("takes 5 s for a child that ignores SIGINT, and nobody else waits", async () => {
    const script = join(folder, "stubborn.sh");
    const lines = ["#!/bin/sh", "trap '' INT", "echo deaf >&2", "while :; do sleep 0.2; done"];
    await Bun.write(script, `${lines.join("\n")}\n`);
    await Bun.spawn(["chmod", "+x", script]).exited;
    const exits: unknown[] = [];
    const spawn = createSpawn({
      binary: script,
      setpriv: undefined,
      environment: childEnvironment(process.env),
    });
    const { Supervisor } = await import("../../src/process/supervisor.ts");
    const { systemClock } = await import("../../src/process/clock.ts");
    const supervisor = new Supervisor(demoRecord(), {
      hooks: new Legs(),
      turn: () => undefined,
      makeFolders: () => undefined,
      resolve: (record) => record,
      spawn,
      plan: async () => ({
        video: { mode: "transcode", codec: "H264", map: "0:v:0" },
        audio: undefined,
        reason: "",
        warnings: [],
        facts: { video: undefined, audio: undefined },
      }),
      usage: () => undefined,
      clock: systemClock,
      cores: 1,
      supervise: (look) => look(),
      log: { info: () => undefined, warn: (_message, fields) => exits.push(fields?.["signal"]) },
    });
    supervisor.start();
    await until("running", () => supervisor.state().last_logline === "deaf");
    const started = performance.now();
    const stop = supervisor.stop();
    expect(supervisor.state().exec).toBe("finishing");
    await stop;
    expect(performance.now() - started).toBeWithin(4900, 9000);
    expect([supervisor.state().exec, exits]).toEqual(["killed", ["SIGKILL"]]);
  }, 60_000);
});

function zombies(): string[] {
  return readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    const stat = readProcStat(Number(name));
    return stat?.state === "Z" && parentOf(name) === process.pid;
  });
}

function parentOf(pid: string): number {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  } catch {
    return 0;
  }
}

describe("a server that is killed", () => {
  /** A server that starts one FFmpeg, says its pid, and waits to be killed. */
  async function killedServer(setpriv: string | undefined, dbFolder: string): Promise<number> {
    const source = join(import.meta.dir, "../../src/process");
    const script = `
      const { createSpawn } = await import(${JSON.stringify(`${source}/child.ts`)});
      const { ChildJournal } = await import(${JSON.stringify(`${source}/orphans.ts`)});
      const spawn = new ChildJournal(${JSON.stringify(dbFolder)}, process.pid).watch(
        createSpawn({ binary: "ffmpeg", setpriv: ${JSON.stringify(setpriv)}, environment: { PATH: process.env.PATH } }));
      const nothing = () => {};
      const child = spawn(["-nostdin", "-loglevel", "quiet", "-nostats", "-re", "-f", "lavfi", "-i", "testsrc", "-f", "null", "-"],
        { onStdout: nothing, onStderr: nothing, onExit: nothing });
      console.log(child.pid);
      setInterval(nothing, 1000);`;
    const server = Bun.spawn([process.execPath, "-e", script], { stdin: "ignore", stdout: "pipe" });
    const reader = server.stdout.getReader();
    const { value } = await reader.read();
    const pid = Number(new TextDecoder().decode(value));
    await until("FFmpeg", () => readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "ffmpeg");
    server.kill("SIGKILL");
    await server.exited;
    return pid;
  }

  const setpriv = Bun.which("setpriv");

  test.if(setpriv !== null)("takes its FFmpeg with it", async () => {
    const pid = await killedServer(setpriv!, mkdtempSync(join(folder, "db-")));
    await until("FFmpeg gone", () => !isAlive(pid));
  });

  test("without setpriv has its FFmpeg ended by the next server", async () => {
    const dbFolder = mkdtempSync(join(folder, "db-"));
    const pid = await killedServer(undefined, dbFolder);
    await Bun.sleep(200);
    expect(isAlive(pid)).toBe(true);
    expect(new ChildJournal(dbFolder, process.pid).endOrphans()).toBe(1);
    await until("FFmpeg gone", () => !isAlive(pid));
  });
});

test("the probe of Core's API lists what a process would read", async () => {
  const { manager } = open();
  manager.add({
    id: "two",
    autostart: false,
    input: [
      { id: "a", address: "testsrc=size=160x120:rate=10", options: ["-f", "lavfi"] },
      { id: "b", address: join(folder, "plain.mp4") },
    ],
    output: [{ id: "out", address: "-", options: ["-f", "null"] }],
  });
  const { streams } = await manager.probe("two", new AbortController().signal);
  expect(streams.map((one) => [one.index, one.stream, one.type, one.codec])).toEqual([
    [0, 0, "video", "rawvideo"],
    [1, 0, "video", "h264"],
    [1, 1, "audio", "aac"],
  ]);
});

test("a record whose FFmpeg is missing fails with a sentence, not with a crash", async () => {
  const spawn = createSpawn({ binary: "/nowhere/ffmpeg", setpriv: undefined, environment: {} });
  const nothing = () => undefined;
  const handlers = { onStdout: nothing, onStderr: nothing, onExit: nothing };
  expect(() => spawn(["-version"], handlers)).toThrow(/nowhere|ENOENT/);
});
