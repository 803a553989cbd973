/** What our player tells of its picture, from a real Chromium to the metrics of a real server. */
import { afterEach, expect, test } from "bun:test";
import { openChromium } from "../support/browser.ts";
import { ffmpegOf } from "../support/processes.ts";
import { startServer, untilLive } from "../support/start-server.ts";
import { until } from "../support/whep-player.ts";

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end();
});

test("the first picture and a freeze are counted where the operator asked for it", async () => {
  const server = await startServer({ demo: true, env: { CORE_WEBRTC_PLAYER_REPORTS: "true" } });
  cleanUp.push(() => server.stop());
  await untilLive(server, "test");
  const browser = await openChromium();
  cleanUp.push(() => browser.close());
  const { page } = browser;
  await page.goto(`${server.url}/player/test`);
  const metric = (name: string) =>
    server.metric(`dragonfork_player_${name}`, { stream_id: "test" });
  await until(async () => (await metric("first_frame_seconds_count")) === 1, 20_000, "a report");
  const seconds = await metric("first_frame_seconds_sum");
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThan(10);
  // Long enough for Chromium to call it a freeze.
  await Bun.sleep(3000);
  process.kill(await ffmpegOf(server.pid), "SIGSTOP");
  await Bun.sleep(2500);
  process.kill(await ffmpegOf(server.pid), "SIGCONT");
  await until(async () => (await metric("freeze_seconds_total")) > 0, 20_000, "the freeze");
  expect(await metric("freezes_total")).toBeGreaterThan(0);
}, 90_000);
