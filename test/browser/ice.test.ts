/** Trickle and ICE restart by PATCH, as a player with its own WHEP client does them, in real browsers. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { hasFirefox, openChromium, openFirefox } from "../support/browser.ts";
import { startServer, type TestServer, untilLive } from "../support/start-server.ts";
import { testSource } from "../support/test-sources.ts";

const TIMEOUT_MS = 60_000;

let server: TestServer;

beforeAll(async () => {
  server = await startServer({ processes: [testSource("cam", { codec: "vp8", only: "video" })] });
  await untilLive(server, "cam");
}, TIMEOUT_MS);
afterAll(() => server?.stop());

interface Page {
  goto(url: string): Promise<unknown>;
  evaluate(script: string): Promise<unknown>;
}

async function expectRestart(page: Page): Promise<void> {
  await page.goto(server.url);
  const script = await Bun.file(new URL("ice-restart.js", import.meta.url)).text();
  const run = `playAndRestart(${JSON.stringify(server.whep("cam"))})`;
  const told = (await page.evaluate(
    `(() => { ${script.replace("export ", "")}; return ${run}; })()`,
  )) as { readonly pairs: readonly [string, string] };
  expect(told).toMatchObject({
    ...{ playedFirst: true, playedAgain: true, state: "connected" },
    statuses: [201, 204, 200, 204, 204],
  });
  expect(told.pairs[1]).not.toBe(told.pairs[0]);
}

test(
  "Chromium goes on over an ICE restart by PATCH",
  async () => {
    const { page, close } = await openChromium();
    await expectRestart(page).finally(close);
  },
  TIMEOUT_MS,
);

test.skipIf(!hasFirefox())(
  "Firefox goes on over an ICE restart by PATCH",
  async () => {
    const { page, close } = await openFirefox();
    await expectRestart(page).finally(close);
  },
  TIMEOUT_MS,
);
