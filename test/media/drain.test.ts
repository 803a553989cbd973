/** The end of the server by SIGTERM, with viewers watching. */
import { afterEach, describe, expect, test } from "bun:test";
import { ffmpegsOf, isRunning } from "../support/processes.ts";
import { startServer, type TestServer, untilLive } from "../support/start-server.ts";
import { testSource } from "../support/test-sources.ts";
import { playMany, totals } from "../support/watching.ts";
import { until, WhepPlayer } from "../support/whep-player.ts";

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end();
});

const EXIT_MS_MAX = 10_000;

async function watched(viewers: number) {
  const server = await startServer({ processes: [testSource("cam")] });
  cleanUp.push(() => server.stop());
  await untilLive(server, "cam");
  const players = await playMany(viewers, { url: server.whep("cam") });
  cleanUp.push(() => players.map((player) => player.vanish()));
  return { server, players, ffmpegs: ffmpegsOf(server.pid) };
}

/** The exit code, and how long it took in ms. */
async function ends(server: TestServer): Promise<{ code: number; tookMs: number }> {
  const since = performance.now();
  process.kill(server.pid, "SIGTERM");
  const code = await server.exited;
  return { code, tookMs: performance.now() - since };
}

describe("SIGTERM", () => {
  test("tells five viewers by DTLS, ends FFmpeg, and leaves with 0", async () => {
    const { server, players, ffmpegs } = await watched(5);
    const { code, tookMs } = await ends(server);
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(EXIT_MS_MAX);
    await until(() => players.every(({ dtlsClosed }) => dtlsClosed), 10_000, "the DTLS closes");
    expect(ffmpegs.filter(isRunning)).toEqual([]);
    expect(players.map((player) => totals(player).lost)).toEqual([0, 0, 0, 0, 0]);
    expect(await offerTo(server)).toBe("refused");
    expect(server.log().filter(({ level }) => level === "error")).toEqual([]);
  }, 60_000);

  test("answers 503 while an FFmpeg that hangs is waited for, then kills it", async () => {
    const { server, players, ffmpegs } = await watched(1);
    for (const pid of ffmpegs) process.kill(pid, "SIGSTOP");
    const ending = ends(server);
    await until(() => players.every(({ dtlsClosed }) => dtlsClosed), 10_000, "the DTLS close");
    const late = await WhepPlayer.create({ url: server.whep("cam") });
    cleanUp.push(() => late.vanish());
    await late.post();
    expect(late.status).toBe(503);
    expect(JSON.parse(late.body)).toMatchObject({ type: "/problems/server-draining" });
    expect(Number(late.response?.headers.get("retry-after"))).toBeGreaterThan(0);
    const { code, tookMs } = await ending;
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(EXIT_MS_MAX);
    expect(ffmpegs.filter(isRunning)).toEqual([]);
  }, 60_000);
});

/** The status of a new offer, or that nobody listens any more. */
async function offerTo(server: TestServer): Promise<number | "refused"> {
  const player = await WhepPlayer.create({ url: server.whep("cam") });
  cleanUp.push(() => player.vanish());
  return player.post().then(
    () => player.status,
    () => "refused" as const,
  );
}
