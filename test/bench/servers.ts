/** The servers a bench measures: ours, and the smallest one that Pion makes, fed with the same media. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { demoId } from "../../src/process/demo-record.ts";
import { ffmpegArguments, type LegTarget } from "../../src/process/ffmpeg-args.ts";
import { freePorts } from "../support/free-ports.ts";
import { startServer, untilLive } from "../support/start-server.ts";
import { encodeSource, sourceRecord } from "./source.ts";

export interface BenchServer {
  readonly name: string;
  /** WHEP endpoint. */
  readonly url: string;
  readonly pid: number;
  stop(): Promise<unknown>;
}

const LOAD_FOLDER = join(import.meta.dir, "../load");

/** Between two keyframes of the sources that a bench can use, in seconds. */
export type GopSeconds = 1 | 4;

/** The load client and the Pion peer, in a folder of their own. */
export interface LoadTools {
  readonly folder: string;
  remove(): void;
}

export interface BenchTools extends LoadTools {
  /** The file that the servers send. */
  source(gopSeconds: GopSeconds): string;
}

/** Builds the Go tools of test/load. Throws what to install where there is no Go. */
export async function buildLoadTools(): Promise<LoadTools> {
  if (Bun.which("go") === null) {
    throw new Error(
      "The load client is written in Go: install Go 1.25 or later and run this again.",
    );
  }
  const folder = mkdtempSync(join(tmpdir(), "dragonfork-load-"));
  const build = Bun.spawn(["go", "build", "-o", `${folder}/`, "./..."], {
    cwd: LOAD_FOLDER,
    stdout: "inherit",
    stderr: "inherit",
  });
  if ((await build.exited) !== 0)
    throw new Error("test/load does not build; the lines above say why");
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Builds the Go tools and encodes the sources beside them. */
export async function prepareBench(): Promise<BenchTools> {
  const tools = await buildLoadTools();
  const source = (gopSeconds: GopSeconds) => join(tools.folder, `source-${gopSeconds}.ts`);
  await Promise.all(([1, 4] as const).map((gop) => encodeSource(source(gop), gop)));
  return { ...tools, source };
}

/** Our server with one stream of the file `source` and no limits in the way. `env` are further settings. */
export async function startOurs(
  name: string,
  source: string,
  env: Record<string, string> = {},
): Promise<BenchServer> {
  const server = await startServer({
    processes: [sourceRecord(source)],
    env: { CORE_WEBRTC_MAX_PEERS_TOTAL: "2000", CORE_WEBRTC_MAX_PEERS_PER_STREAM: "2000", ...env },
  });
  await untilLive(server, demoId);
  return { name, url: server.whep(demoId), pid: server.pid, stop: server.stop };
}

/** The Pion peer with an FFmpeg that runs the very arguments of ours. */
export async function startPion(tools: BenchTools): Promise<BenchServer> {
  const ports = await freePorts(6);
  const [video = 0, audio = 0] = ports;
  const peer = Bun.spawn(
    [join(tools.folder, "pionpeer"), "-video", `${video}`, "-audio", `${audio}`],
    {
      stdout: "pipe",
      stderr: "inherit",
    },
  );
  const { value } = await peer.stdout.getReader().read();
  const url = new TextDecoder().decode(value).trim();
  const ffmpeg = Bun.spawn(["ffmpeg", ...copyArguments(tools.source(1), ports)], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  await Bun.sleep(2000);
  const stop = async () => {
    ffmpeg.kill("SIGKILL");
    peer.kill("SIGKILL");
    await Promise.all([ffmpeg.exited, peer.exited]);
  };
  return { name: "Pion", url, pid: peer.pid, stop };
}

function copyArguments(source: string, ports: readonly number[]): string[] {
  const [video = 0, audio = 0, ...sources] = ports;
  const leg = (kind: "video" | "audio", port: number, first: number): LegTarget => ({
    kind,
    port,
    rtpSourcePort: sources[first] ?? 0,
    rtcpSourcePort: sources[first + 1] ?? 0,
    ssrc: first + 1,
  });
  const args = ffmpegArguments(sourceRecord(source), {
    plan: {
      video: { mode: "copy", codec: "H264", map: "0:v:0", looped: true },
      audio: { mode: "copy", codec: "OPUS", map: "0:a:0" },
    },
    legs: [leg("video", video, 0), leg("audio", audio, 2)],
    startTimeRealtimeUs: Date.now() * 1000,
  });
  // Pion passes packets on as they are: in the size that players get from us.
  return args.map((arg) => arg.replace(/pkt_size=\d+/, "pkt_size=1200"));
}
