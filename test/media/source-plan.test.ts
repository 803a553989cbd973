/** What becomes of sources that browsers can't play as they are: files of the real FFmpeg, to a viewer. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runFfmpeg } from "../support/ffmpeg.ts";
import { startServer, type TestServer, untilLive } from "../support/start-server.ts";
import { moreMedia, totals, UNDISTURBED } from "../support/watching.ts";
import { until, WhepPlayer } from "../support/whep-player.ts";

const folder = mkdtempSync(join(tmpdir(), "source-plan-"));
const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end();
});
afterAll(() => rmSync(folder, { recursive: true }));

const path = (name: string) => join(folder, name);

/** H.264 and AAC at 25 frames per second. */
function encode(name: string, seconds: number, ...video: string[]): Promise<void> {
  const sources = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"];
  sources.push("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100");
  const h264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", ...video];
  return runFfmpeg(
    ...[...sources, "-t", String(seconds), ...h264],
    ...["-c:a", "aac", "-ac", "2", path(name)],
  );
}

const longGop = ["-g", "250", "-keyint_min", "250", "-sc_threshold", "0"];

beforeAll(async () => {
  await encode("reordered.mp4", 12, "-profile:v", "high", "-bf", "2", ...longGop);
  await encode("long.mp4", 12, "-profile:v", "main", "-bf", "0", ...longGop);
  await encode("refreshed.ts", 30, "-bf", "0", "-x264-params", "intra-refresh=1:keyint=25");
  await encode("plain.ts", 14, "-profile:v", "main", "-bf", "0", "-g", "25");
  await encode("late.ts", 14, "-profile:v", "main", "-bf", "2", "-g", "25");
  await runFfmpeg(
    "-i",
    `concat:${path("plain.ts")}|${path("late.ts")}`,
    "-c",
    "copy",
    path("turns.ts"),
  );
}, 60_000);

interface State {
  readonly webrtc: {
    readonly plan: string;
    readonly video: { readonly mode: string };
    readonly audio: { readonly mode: string };
    readonly warnings: readonly string[];
  };
}

async function play(file: string, options: readonly string[] = [], webrtc: object = {}) {
  const input = [{ id: "in", address: path(file), options }];
  const block = { enabled: true, ...webrtc };
  const processes = [{ id: "cam", input, reconnect: true, webrtc: block }];
  const server = await startServer({ processes });
  cleanUp.push(() => server.stop());
  await untilLive(server, "cam");
  const player = await WhepPlayer.play({ url: server.whep("cam") });
  cleanUp.push(() => player.close());
  await moreMedia(player, 100);
  return { server, player };
}

const stateOf = async (server: TestServer) =>
  (await server.get("/api/v3/process/cam/state")) as State;

function reasons(server: TestServer, message: string): unknown[] {
  const lines = server.log().filter(({ msg }) => msg === message);
  return lines.map((line) => line["plan"] ?? line["warning"]);
}

describe("a source", () => {
  test("with B-frames, AAC and a long GOP is transcoded, and everybody is told why", async () => {
    const { server, player } = await play("reordered.mp4");
    const { webrtc } = await stateOf(server);
    expect(webrtc.plan).toBe(
      "H.264 High with B-frames, 320x180, 25 fps, keyframes every 10 s; AAC, 44.1 kHz, stereo → video transcoded to H.264 because WebRTC can't put B-frames in order; audio transcoded to Opus because browsers don't play AAC over WebRTC.",
    );
    expect(webrtc).toMatchObject({ video: { mode: "transcode" }, warnings: [] });
    expect(reasons(server, "source planned")).toEqual([webrtc.plan]);
    expect(await server.get("/api/v3/webrtc/streams")).toMatchObject([
      { process: { plan: webrtc.plan, warnings: [] } },
    ]);
    expect(await server.get("/api/v3/process/cam/report")).toMatchObject({
      prelude: expect.arrayContaining([`Plan: ${webrtc.plan}`]),
    });
    expect(totals(player)).toMatchObject(UNDISTURBED);
    for (const kind of ["video", "audio"] as const) {
      const packets = () => player.media(kind)?.packets ?? 0;
      await until(() => packets() > 50, 20_000, `50 packets of ${kind}`);
    }
  }, 60_000);

  test("with a long GOP and no B-frames is copied with a warning", async () => {
    const { server, player } = await play("long.mp4");
    const { webrtc } = await stateOf(server);
    expect(webrtc).toMatchObject({ video: { mode: "copy" }, audio: { mode: "transcode" } });
    expect(webrtc.plan).toContain("keyframes every 10 s; AAC, 44.1 kHz, stereo → video copied;");
    expect(webrtc.warnings).toEqual([expect.stringContaining("Long GOP, keyframes every 10 s: ")]);
    expect(reasons(server, "source plan")).toEqual([...webrtc.warnings]);
    expect(totals(player)).toMatchObject(UNDISTURBED);
  }, 60_000);

  test("with B-frames that is to be copied by force is transcoded with a warning", async () => {
    const copy = { video: { mode: "copy" }, audio: { mode: "copy" } };
    const { server, player } = await play("reordered.mp4", [], copy);
    const { webrtc } = await stateOf(server);
    expect(webrtc).toMatchObject({ video: { mode: "transcode" }, audio: { mode: "transcode" } });
    expect(webrtc.warnings).toHaveLength(2);
    expect(totals(player)).toMatchObject(UNDISTURBED);
  }, 60_000);

  test("that begins to send B-frames while it is copied is transcoded from there on", async () => {
    const { server, player } = await play("turns.ts", ["-readrate", "4"]);
    expect((await stateOf(server)).webrtc.video.mode).toBe("copy");
    const mode = async () => (await stateOf(server)).webrtc.video.mode;
    await until(async () => (await mode()) === "transcode", 20_000, "the other plan");
    expect((await stateOf(server)).webrtc.plan).toContain("H.264 Main with B-frames");
    await moreMedia(player, 100);
    expect(totals(player)).toMatchObject({ duplicates: 0, timestampsBackwards: 0 });
    expect([player.dtlsClosed, player.received.size]).toEqual([false, 2]);
  }, 60_000);

  test("that is refreshed bit by bit, without IDR frames, is transcoded as soon as that shows", async () => {
    const { server, player } = await play("refreshed.ts");
    const mode = async () => (await stateOf(server)).webrtc.video.mode;
    await until(async () => (await mode()) === "transcode", 20_000, "the other plan");
    expect((await stateOf(server)).webrtc.plan).toContain("viewers can start at IDR frames only");
    await moreMedia(player, 100);
    expect(player.dtlsClosed).toBe(false);
  }, 60_000);
});
