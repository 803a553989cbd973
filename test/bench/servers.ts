/** The servers a bench measures: ours, and the smallest one that Pion makes, fed with the same media. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { demoRecord } from "../../src/process/demo-record.ts";
import { ffmpegArguments, type LegTarget } from "../../src/process/ffmpeg-args.ts";
import { freePorts } from "../support/free-ports.ts";
import { startServer, untilLive } from "../support/start-server.ts";

export interface BenchServer {
  readonly name: string;
  /** WHEP endpoint. */
  readonly url: string;
  readonly pid: number;
  stop(): Promise<unknown>;
}

const LOAD_FOLDER = join(import.meta.dir, "../load");

/** Builds the Go tools of test/load into a folder of their own. Throws what to install where there is no Go. */
export async function buildLoadTools(): Promise<{ folder: string; remove: () => void }> {
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

/** Our server with the demo stream and no limits in the way. `env` are further settings. */
export async function startOurs(
  name: string,
  env: Record<string, string>,
  gopSeconds = 1,
): Promise<BenchServer> {
  const { webrtc, ...demo } = demoRecord();
  const video = { ...webrtc?.video, gop_seconds: gopSeconds };
  const server = await startServer({
    processes: [{ ...demo, webrtc: { ...webrtc, video } }],
    env: { CORE_WEBRTC_MAX_PEERS_TOTAL: "2000", CORE_WEBRTC_MAX_PEERS_PER_STREAM: "2000", ...env },
  });
  await untilLive(server, "test");
  return { name, url: server.whep("test"), pid: server.pid, stop: server.stop };
}

/** The Pion peer with an FFmpeg that runs the very arguments of our demo stream. */
export async function startPion(toolsFolder: string): Promise<BenchServer> {
  const ports = await freePorts(6);
  const [video = 0, audio = 0] = ports;
  const peer = Bun.spawn(
    [join(toolsFolder, "pionpeer"), "-video", `${video}`, "-audio", `${audio}`],
    {
      stdout: "pipe",
      stderr: "inherit",
    },
  );
  const { value } = await peer.stdout.getReader().read();
  const url = new TextDecoder().decode(value).trim();
  const ffmpeg = Bun.spawn(["ffmpeg", ...demoArguments(ports)], {
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

function demoArguments(ports: readonly number[]): string[] {
  const [video = 0, audio = 0, ...sources] = ports;
  const leg = (kind: "video" | "audio", port: number, first: number): LegTarget => ({
    kind,
    port,
    rtpSourcePort: sources[first] ?? 0,
    rtcpSourcePort: sources[first + 1] ?? 0,
    ssrc: first + 1,
  });
  const args = ffmpegArguments(demoRecord(), {
    plan: {
      video: { mode: "transcode", codec: "H264", map: "0:v:0" },
      audio: { mode: "transcode", codec: "OPUS", map: "0:a:0" },
    },
    legs: [leg("video", video, 0), leg("audio", audio, 2)],
    startTimeRealtimeUs: Date.now() * 1000,
  });
  // Pion passes packets on as they are: in the size that players get from us.
  return args.map((arg) => arg.replace(/pkt_size=\d+/, "pkt_size=1200"));
}
