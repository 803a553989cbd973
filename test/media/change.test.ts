/** A process that is changed while it is watched: what a dry run says before is what the viewer then sees. */
import { afterEach, describe, expect, test } from "bun:test";
import { lookUndisturbed } from "../support/held-up.ts";
import { ffmpegOf } from "../support/processes.ts";
import { startServer, type TestServer, untilLive } from "../support/start-server.ts";
import { testSource } from "../support/test-sources.ts";
import { moreMedia, totals, UNDISTURBED } from "../support/watching.ts";
import { until, WhepPlayer } from "../support/whep-player.ts";

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end();
});

async function send(server: TestServer, method: "POST" | "PUT", path: string, body: object) {
  const answer = await fetch(`${server.url}/api/v3/process${path}`, {
    method,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(200);
  return {
    effect: answer.headers.get("dragonfork-effect"),
    body: (await answer.json()) as Record<string, unknown>,
  };
}

async function watched() {
  const server = await startServer();
  cleanUp.push(() => server.stop());
  const dry = await send(server, "POST", "?dry_run=1", testSource("cam"));
  expect(dry.body).toMatchObject({ dry_run: true, id: "cam", process: "start" });
  expect(await server.get("/api/v3/process")).toEqual([]);
  await send(server, "POST", "", testSource("cam"));
  await untilLive(server, "cam");
  const player = await WhepPlayer.play({ url: server.whep("cam") });
  cleanUp.push(() => player.close());
  await moreMedia(player);
  return { server, player };
}

/** Tries the change dry, sees that FFmpeg goes on, makes it, and holds the one against the other. */
async function change(server: TestServer, block: object) {
  const pid = await ffmpegOf(server.pid);
  const dry = await send(server, "PUT", "/cam?dry_run=1", { webrtc: block });
  expect(await ffmpegOf(server.pid)).toBe(pid);
  const done = await send(server, "PUT", "/cam", { webrtc: block });
  const { process, viewers, viewers_affected: affected } = dry.body;
  expect(done.effect).toBe(`process=${process}, viewers=${viewers}, affected=${affected}`);
  expect(dry.body["config"]).toEqual(done.body);
  expect((await ffmpegOf(server.pid)) === pid).toBe(process === "none");
  const logged = server.log().findLast(({ msg }) => msg === "process changed");
  expect(logged).toMatchObject({ id: "cam", process, viewers, viewers_affected: affected });
  return { process, viewers, affected };
}

describe("the webrtc block of a watched process", () => {
  test("takes limits at once, a bit rate with a still picture, a codec with an end", async () => {
    const { server, player } = await watched();
    const limits = { max_peers: 1, gop_cache: { enabled: false } };
    expect(await change(server, limits)).toEqual({ process: "none", viewers: "none", affected: 0 });
    const second = await WhepPlayer.create({ url: server.whep("cam") });
    cleanUp.push(() => second.close());
    await second.post();
    expect(second.status).toBe(503);
    await moreMedia(player);

    const rate = { video: { bitrate_kbit: 300 } };
    expect(await change(server, rate)).toEqual({
      ...{ process: "restart", viewers: "freeze", affected: 1 },
    });
    await moreMedia(player, 60);
    expect(totals(player)).toMatchObject(UNDISTURBED);
    expect([player.dtlsClosed, player.received.size]).toEqual([false, 2]);

    const codec = { video: { codec: "vp8" } };
    expect(await change(server, codec)).toEqual({
      ...{ process: "restart", viewers: "end", affected: 1 },
    });
    await until(() => player.dtlsClosed, 10_000, "the viewer's end");
  }, 60_000);

  test("without the cache a viewer that joins starts at the next keyframe, with it at the last", async () => {
    const { server } = await watched();
    const firstFrameMs = async () => {
      const player = await WhepPlayer.play({ url: server.whep("cam"), audio: false });
      cleanUp.push(() => player.close());
      const connected = performance.now();
      await until(() => (player.media("video")?.packets ?? 0) > 0, 20_000, "a picture");
      return performance.now() - connected;
    };
    await change(server, { video: { gop_seconds: 6 }, gop_cache: { enabled: false } });
    await untilLive(server, "cam");
    // Past the keyframe that made it live, so that the next one is seconds away.
    await Bun.sleep(1000);
    expect(await firstFrameMs()).toBeGreaterThan(1500);
    expect(await change(server, { gop_cache: { enabled: true } })).toMatchObject({
      process: "none",
    });
    await Bun.sleep(500);
    const soon = (ms: number) => ms < 1000;
    expect(await lookUndisturbed(firstFrameMs, soon)).toBeLessThan(1000);
  }, 60_000);
});
