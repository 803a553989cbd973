/**
 * Five viewers of the built-in stream for a minute: nothing lost, memory flat. The ten-minute form:
 *
 *   SOAK_MINUTES=10 bun test ./test/media/soak.test.ts
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { residentBytes } from "../support/processes.ts";
import { startServer, type TestServer, untilLive } from "../support/start-server.ts";
import { playMany, totals, UNDISTURBED } from "../support/watching.ts";
import type { WhepPlayer } from "../support/whep-player.ts";

const SOAK_SECONDS = Number(process.env["SOAK_MINUTES"] ?? "1") * 60;
/** The code is compiled and the buffers have found their size after this time. */
const WARM_SECONDS = 20;
const SAMPLE_SECONDS = 2;
const MB = 1024 * 1024;
const GROWTH_BYTES_MAX = 15 * MB;
const GROWTH_SHARE_MAX = 0.1;
const VIEWERS = 5;

let server: TestServer;
let players: WhepPlayer[] = [];
beforeAll(async () => {
  server = await startServer({ demo: true });
  await untilLive(server, "test");
  players = await playMany(VIEWERS, { url: server.whep("test"), rtx: true });
});
afterAll(async () => {
  await Promise.all(players.map((player) => player.close()));
  await server.stop();
});

/** The middle one: a sample may fall just before or just after a collection. */
function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Samples the server's memory for some seconds. */
async function memoryFor(seconds: number): Promise<number[]> {
  const samples: number[] = [];
  for (let passed = 0; passed < seconds; passed += SAMPLE_SECONDS) {
    await Bun.sleep(SAMPLE_SECONDS * 1000);
    samples.push(residentBytes(server.pid));
  }
  return samples;
}

test(
  `${VIEWERS} viewers for ${SOAK_SECONDS} s lose nothing, and the server's memory stays flat`,
  async () => {
    const warming = await memoryFor(WARM_SECONDS);
    const warm = median(warming.slice(-5));
    const samples = await memoryFor(SOAK_SECONDS - WARM_SECONDS);
    const end = median(samples.slice(-5));
    const megabytes = [...warming, ...samples].map((bytes) => Math.round(bytes / MB));
    console.log(`soak: RSS in MB, each ${SAMPLE_SECONDS} s: ${megabytes.join(" ")}`);
    const seen = players.map(totals);
    expect(seen).toMatchObject(seen.map(() => UNDISTURBED));
    // About 300 packets of video and 50 of audio each second.
    for (const { packets } of seen) expect(packets).toBeGreaterThan(SOAK_SECONDS * 250);
    expect(end - warm).toBeLessThan(GROWTH_BYTES_MAX);
    expect((end - warm) / warm).toBeLessThan(GROWTH_SHARE_MAX);
    expect(players.filter(({ dtlsClosed }) => dtlsClosed)).toEqual([]);
  },
  (SOAK_SECONDS + 30) * 1000,
);
