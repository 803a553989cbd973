/** FFmpeg that dies while viewers watch: they go on without a new session and without a gap. */
import { afterEach, describe, expect, test } from "bun:test";
import { ffmpegOf, ffmpegsOf } from "../support/processes.ts";
import { startServer, type TestServer, untilLive } from "../support/start-server.ts";
import { type TestSource, testSource } from "../support/test-sources.ts";
import { moreMedia, totals, UNDISTURBED, untilQuiet } from "../support/watching.ts";
import { until, WhepPlayer } from "../support/whep-player.ts";

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end();
});

async function watched(source: TestSource = {}, env: Record<string, string> = {}) {
  const server = await startServer({ processes: [testSource("cam", source)], env });
  cleanUp.push(() => server.stop());
  await untilLive(server, "cam");
  const player = await WhepPlayer.play({ url: server.whep("cam"), rtx: true });
  cleanUp.push(() => player.close());
  await moreMedia(player);
  return { server, player };
}

/** Kills FFmpeg and waits until another one feeds the same viewer. Returns ms without a frame. */
async function killFfmpeg(server: TestServer, player: WhepPlayer): Promise<number> {
  const pid = await ffmpegOf(server.pid);
  process.kill(pid, "SIGKILL");
  const killed = performance.now();
  await until(() => !ffmpegsOf(server.pid).includes(pid), 10_000, "FFmpeg to die");
  await ffmpegOf(server.pid);
  const before = player.media("video")?.packets ?? 0;
  await until(() => (player.media("video")?.packets ?? 0) > before, 20_000, "frames");
  return performance.now() - killed;
}

const command = (server: TestServer, id: string, name: string) =>
  fetch(`${server.url}/api/v3/process/${id}/command`, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ command: name }),
  });

/** A run shorter than this tells the supervisor nothing of the source's health. */
const HEALTHY_RUN_MS = 2200;
const LEG_FAILURES = "dragonfork_webrtc_ffmpeg_leg_failures_total";

describe("FFmpeg killed with -9", () => {
  test("ten times: the viewer sees one stream without gaps, going forward only", async () => {
    const { server, player } = await watched();
    const ssrcs = [player.media("video")?.ssrc, player.media("audio")?.ssrc];
    const pauses: number[] = [];
    for (let kill = 1; kill <= 10; kill++) {
      await Bun.sleep(HEALTHY_RUN_MS);
      pauses.push(await killFfmpeg(server, player));
      // After five quick deaths the supervisor takes its time; an operator's restart begins anew.
      if (kill === 5) {
        await Bun.sleep(HEALTHY_RUN_MS);
        expect((await command(server, "cam", "restart")).status).toBe(200);
        await until(() => ffmpegsOf(server.pid).length === 1, 10_000, "the restart");
      }
    }
    await moreMedia(player, 60);
    expect(totals(player)).toMatchObject(UNDISTURBED);
    expect([player.media("video")?.ssrc, player.media("audio")?.ssrc]).toEqual(ssrcs);
    expect(player.received.size).toBe(2);
    expect(player.dtlsClosed).toBe(false);
    expect(Math.max(...pauses)).toBeLessThan(5000);
    for (const leg of ["video", "audio"]) {
      expect(await server.metric(LEG_FAILURES, { stream_id: "cam", leg })).toBe(10);
    }
    // Two legs that die at once are one cause: the second waits in the flood gate for its line.
    const told = () => {
      const died = server.log().filter(({ msg }) => msg === "leg failed");
      return died.reduce((sum, { folded }) => sum + 1 + Number(folded ?? 0), 0);
    };
    await until(() => told() === 20, 10_000, "twenty failed legs in the log");
    expect(await server.metric("dragonfork_webrtc_active_peers", { stream_id: "cam" })).toBe(1);
  }, 90_000);

  test("a new viewer waits for the next run instead of being turned away", async () => {
    const env = { CORE_WEBRTC_SOURCE_WAIT_SECONDS: "20" };
    const { server, player } = await watched({ reconnectDelaySeconds: 3 }, env);
    await Bun.sleep(HEALTHY_RUN_MS);
    process.kill(await ffmpegOf(server.pid), "SIGKILL");
    await until(
      async () => (await stateOf(server)) === "starting",
      10_000,
      "the death to be noticed",
    );
    const late = await WhepPlayer.play({ url: server.whep("cam") });
    cleanUp.push(() => late.close());
    await moreMedia(late);
    await moreMedia(player);
    expect(totals(late)).toMatchObject(UNDISTURBED);
  }, 60_000);

  test("a stop while the restart is due takes the stream down and frees its ports", async () => {
    const { server } = await watched({ reconnectDelaySeconds: 30 });
    process.kill(await ffmpegOf(server.pid), "SIGKILL");
    await until(
      async () => (await stateOf(server)) === "starting",
      10_000,
      "the death to be noticed",
    );
    expect(await server.metric("dragonfork_webrtc_udp_ports_in_use")).toBe(6);
    expect((await command(server, "cam", "stop")).status).toBe(200);
    expect(await stateOf(server)).toBe("down");
    expect(await server.metric("dragonfork_webrtc_udp_ports_in_use")).toBe(0);
  }, 60_000);
});

describe("a source that is stopped and started by its operator", () => {
  test("goes on for the viewer who stayed, and counts no failure", async () => {
    const { server, player } = await watched();
    expect((await command(server, "cam", "stop")).status).toBe(200);
    expect(ffmpegsOf(server.pid)).toEqual([]);
    await untilQuiet(player);
    const paused = totals(player).packets;
    await Bun.sleep(500);
    expect(totals(player).packets).toBe(paused);
    expect((await command(server, "cam", "start")).status).toBe(200);
    await moreMedia(player);
    expect(totals(player)).toMatchObject(UNDISTURBED);
    expect(await server.metric(LEG_FAILURES, { stream_id: "cam", leg: "video" })).toBe(0);
  }, 60_000);
});

async function stateOf(server: TestServer): Promise<string | undefined> {
  const streams = (await server.get("/api/v3/webrtc/streams")) as { id: string; state: string }[];
  return streams.find(({ id }) => id === "cam")?.state;
}
