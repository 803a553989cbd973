/** Pictures that browsers would show wrong, or that encoders refuse: what FFmpeg is told to make of them. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runFfmpeg } from "../support/ffmpeg.ts";
import { startServer, type TestServer, untilLive } from "../support/start-server.ts";
import { planOf } from "../support/watching.ts";
import { until } from "../support/whep-player.ts";

const folder = mkdtempSync(join(tmpdir(), "dragonfork-shapes-"));
const path = (name: string) => join(folder, name);
const picture = (size: string) => [
  "-f",
  "lavfi",
  "-i",
  `testsrc2=size=${size}:rate=25:duration=12`,
];
const x264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "0"];
let server: TestServer;

function source(id: string, file: string, options: string[] = [], webrtc: object = {}): object {
  return {
    id,
    input: [{ id: "in", address: path(file), options }],
    output: [],
    reconnect: true,
    webrtc: { enabled: true, ...webrtc },
  };
}

beforeAll(async () => {
  const fields = "tinterlace=interleave_top,setsar=64/45,fieldorder=tff";
  await runFfmpeg(
    ...[...picture("720x576"), "-vf", fields, "-flags", "+ildct+ilme", "-x264opts", "tff=1"],
    ...[...x264, path("pal.ts")],
  );
  await runFfmpeg(...picture("352x288"), "-vf", "setsar=16/11", ...x264, path("wide.ts"));
  await runFfmpeg(...picture("320x180"), ...x264, path("upright.mp4"));
  await runFfmpeg(
    ...["-i", path("upright.mp4"), "-c", "copy", "-metadata:s:v:0", "rotate=90"],
    path("phone.mp4"),
  );
  await runFfmpeg(
    ...[...picture("640x480"), "-vf", "format=rgb24,crop=301:201:exact=1"],
    ...["-frames:v", "1", path("odd.png")],
  );
  const transcode = { video: { mode: "transcode" }, audio: { mode: "transcode" } };
  server = await startServer({
    processes: [
      source("pal", "pal.ts"),
      source("pal-vp8", "pal.ts", [], { ...transcode, video: { mode: "transcode", codec: "vp8" } }),
      source("wide", "wide.ts"),
      source("phone", "phone.mp4"),
      source("odd", "odd.png", ["-loop", "1"]),
      source("silent", "upright.mp4", [], transcode),
    ],
  });
}, 60_000);

afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

/** What FFmpeg says it sends, and by which filters; nothing where its run has only just begun. */
async function sent(id: string) {
  const report = (await server.get(`/api/v3/process/${id}/report`)) as {
    prelude: string[];
    log: [string, string][];
  };
  const lines = [...report.prelude, ...report.log.map(([, line]) => line)];
  const output = lines.findIndex((line) => line.startsWith("Output #"));
  if (output < 0) return undefined;
  const state = (await server.get(`/api/v3/process/${id}/state`)) as { command: string[] };
  return {
    stream: lines.slice(output).find((line) => line.includes(": Video: ")),
    command: state.command.join(" "),
  };
}

test.each([
  ["pal", "1024x576 [SAR 1:1", "browsers don't deinterlace", true],
  ["pal-vp8", "1024x576 [SAR 1:1", "webrtc.video.mode says so", true],
  ["wide", "512x288 [SAR 1:1", "browsers show every pixel as a square", false],
  ["phone", "180x320 [SAR 1:1", "viewers would not be told to turn the picture", false],
  ["odd", "302x202 [SAR 1:1", "browsers don't play PNG over WebRTC", false],
  ["silent", "320x180 [SAR 1:1", "audio missing in the source", false],
])(
  "%s: %s because %s",
  async (id, size, why, deinterlaced) => {
    await untilLive(server, id);
    expect(planOf(server, id)).toContain(why);
    let seen: Awaited<ReturnType<typeof sent>>;
    const hasOutput = async () => {
      seen = await sent(id);
      return seen?.stream !== undefined;
    };
    // The films are short, so FFmpeg may be starting again.
    await until(hasOutput, 20_000, "FFmpeg's output");
    expect(seen?.stream).toContain(size);
    expect(seen?.command.includes("yadif")).toBe(deinterlaced);
  },
  60_000,
);
