/**
 * What a viewer sees in Chromium: how soon, and how far behind the source. A clock that is burnt into the picture tells
 * whether one that joined from the keyframe cache stays behind one that waited for the next keyframe.
 */
import type { Page } from "playwright-core";
import { openChromium } from "../support/browser.ts";
import { startServer, type TestServer, untilLive } from "../support/start-server.ts";
import { until } from "../support/whep-player.ts";
import type { Check } from "./checks.ts";
import { quantiles } from "./hot-path.ts";

const FIRST_FRAME_MS_MAX = 200;
const CLICKS = 9;
const ROUNDS = 3;
const FPS = 30;
/** The frame number in black and white boxes, the lowest bit first: enough for half an hour. */
const CLOCK_BITS = 16;
const BOX = 40;
const GOP_SECONDS = 4;
/** Long enough for a replayed group of pictures to be caught up with. */
const SETTLE_MS = 10_000;
const WATCH_MS = 5000;

function clockSource(cached: boolean): object {
  const boxes = Array.from({ length: CLOCK_BITS }, (_, bit) => {
    const on = `gte(mod(floor(n/${2 ** bit})\\,2)\\,1)`;
    return `drawbox=x=${bit * BOX}:y=0:w=${BOX}:h=${BOX}:c=white:t=fill:enable=${on}`;
  });
  const picture = [`color=c=black:size=640x360:rate=${FPS}`, ...boxes].join(",");
  const graph = `${picture}[out0];sine=sample_rate=48000[out1]`;
  return {
    id: "clock",
    input: [{ id: "graph", address: graph, options: ["-re", "-f", "lavfi"] }],
    output: [],
    autostart: true,
    webrtc: {
      enabled: true,
      video: { gop_seconds: GOP_SECONDS },
      gop_cache: { enabled: cached },
    },
  };
}

/** For each frame shown: when, in Unix ms, and which. */
const WATCH_CLOCK = `(async () => {
  const video = document.querySelector("video");
  const pen = Object.assign(document.createElement("canvas"), { width: 640, height: 8 })
    .getContext("2d", { willReadFrequently: true });
  const lags = [];
  const read = () => {
    pen.drawImage(video, 0, ${BOX / 2}, 640, 8, 0, 0, 640, 8);
    let frame = 0;
    for (let bit = 0; bit < ${CLOCK_BITS}; bit++) {
      if (pen.getImageData(bit * ${BOX} + ${BOX / 2}, 4, 1, 1).data[0] > 127) frame += 2 ** bit;
    }
    lags.push(Date.now() - (frame * 1000) / ${FPS});
    video.requestVideoFrameCallback(read);
  };
  video.requestVideoFrameCallback(read);
  await new Promise((done) => setTimeout(done, ${WATCH_MS}));
  return lags;
})()`;

/** Needs Chromium on the PATH. */
export async function chromiumChecks(): Promise<readonly Check[]> {
  const server = await startServer({ demo: true });
  // Both before anybody watches: the start of a browser takes the time of the one that plays.
  const browsers = [await openChromium(), await openChromium()];
  try {
    const [page, other] = browsers.map((browser) => browser.page);
    if (page === undefined || other === undefined) return [];
    return [await firstFrame(page, server), await lag(page, other, server)];
  } finally {
    for (const browser of browsers) await browser.close();
    await server.stop();
  }
}

async function play(page: Page, server: TestServer, id: string): Promise<number> {
  await page.goto(`${server.url}/player/${id}`);
  const shown = () => page.evaluate("document.documentElement.dataset.firstFrameMs");
  await until(async () => Number(await shown()) > 0, 20_000, "a first frame");
  return Number(await shown());
}

/** From the start of the session to the first frame on the screen, in our own page. */
async function firstFrame(page: Page, server: TestServer): Promise<Check> {
  const times: number[] = [];
  for (let i = 0; i <= CLICKS; i++) times.push(await play(page, server, "test"));
  // The first one compiles and loads.
  const { p50 } = quantiles(times.slice(1));
  return {
    check: "Chromium's first frame after the click, p50",
    measured: `${p50.toFixed(0)} ms`,
    target: `${FIRST_FRAME_MS_MAX} ms`,
    passed: p50 <= FIRST_FRAME_MS_MAX,
  };
}

/** In each round one page joins with the cache, then another without; both are watched at the same time. */
async function lag(page: Page, other: Page, server: TestServer): Promise<Check> {
  await write(server, "POST", "", true);
  await untilLive(server, "clock");
  const behindMs: number[] = [];
  const bufferMs = [];
  for (let round = 0; round < ROUNDS; round++) {
    await write(server, "PUT", "/clock", true);
    await play(page, server, "clock");
    await write(server, "PUT", "/clock", false);
    await play(other, server, "clock");
    await Bun.sleep(SETTLE_MS);
    const [cached, live] = await Promise.all([watch(page), watch(other)]);
    behindMs.push(cached.lagMs - live.lagMs);
    bufferMs.push(`${cached.bufferMs} and ${live.bufferMs}`);
  }
  const { p50 } = quantiles(behindMs);
  return {
    check: "how far a viewer from the cache is behind one without it; their jitter buffers",
    measured: `${p50.toFixed(0)} ms; ${bufferMs.join(", ")} ms`,
    target: "one frame (33 ms)",
    passed: p50 <= 1000 / FPS,
  };
}

async function write(server: TestServer, method: string, path: string, cached: boolean) {
  const answer = await fetch(`${server.url}/api/v3/process${path}`, {
    method,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(clockSource(cached)),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

/** Of what is on the screen: ms behind the source plus a constant, and what the jitter buffer holds. */
async function watch(page: Page): Promise<{ lagMs: number; bufferMs: string }> {
  const lags = (await page.evaluate(WATCH_CLOCK)) as number[];
  const bufferMs = await page.evaluate("document.documentElement.dataset.jitterBufferMs");
  return { lagMs: quantiles(lags).p50, bufferMs: String(bufferMs) };
}
