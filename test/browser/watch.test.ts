/** Real FFmpeg → the real server → real browsers with our own player page: what a viewer sees and hears. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openChromium, openFirefox } from "../support/browser.ts";
import { runFfmpeg } from "../support/ffmpeg.ts";
import { lookUndisturbed } from "../support/held-up.ts";
import { ffmpegOf } from "../support/processes.ts";
import { startServer, type TestServer, untilLive } from "../support/start-server.ts";
import { testSource } from "../support/test-sources.ts";
import { until } from "../support/whep-player.ts";

/** Also where the machine is held up in every look but the last. */
const TIMEOUT_MS = 300_000;
const LOOK_MS = 5000;
const GOOD_LOOKS = 2;
/** Sound that is later than this is noticed (ITU-R BT.1359-1 §2: 125 ms late, 45 ms early). */
const SKEW_MS_MAX = 125;

/** The part of both browsers' pages that is used here. */
interface Page {
  goto(url: string): Promise<unknown>;
  evaluate(script: string): Promise<unknown>;
}

const folder = mkdtempSync(join(tmpdir(), "dragonfork-watch-"));
let server: TestServer;
const closers: (() => Promise<unknown>)[] = [];

/** A file; `video` are the encoder's options. */
async function film(name: string, video: readonly string[], seconds = 6): Promise<string> {
  const path = join(folder, name);
  const inputs = ["-f", "lavfi", "-i", `testsrc2=size=640x360:rate=30:duration=${seconds}`];
  const tone = ["-f", "lavfi", "-i", `sine=frequency=440:duration=${seconds}:sample_rate=44100`];
  await runFfmpeg(...inputs, ...tone, ...video, "-g", "30", "-shortest", path);
  return path;
}

const LOOP = ["-stream_loop", "-1"];

/** A film, started when a test asks for it. */
function filmSource(id: string, address: string, options: readonly string[]): object {
  return {
    id,
    input: [{ id: "film", address, options: [...options, "-re"] }],
    output: [],
    reconnect: true,
    autostart: false,
    webrtc: { enabled: true },
  };
}

/** Longer than any test watches it: in a loop it would not be copied. */
const LONG_SECONDS = 60;
const X264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "ultrafast"];

beforeAll(async () => {
  const plain = await film("plain.mp4", [...X264, "-bf", "0", "-c:a", "aac"], LONG_SECONDS);
  const bFrames = await film("b-frames.mkv", [
    ...["-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "fast", "-bf", "3", "-c:a", "aac"],
  ]);
  const webm = await film("film.webm", [
    ...["-c:v", "libvpx", "-deadline", "realtime", "-b:v", "800k", "-c:a", "libopus"],
  ]);
  const stopped = { autostart: false };
  server = await startServer({
    demo: true,
    processes: [
      filmSource("plain", plain, []),
      filmSource("b-frames", bFrames, LOOP),
      filmSource("webm", webm, LOOP),
      testSource("vp8", { codec: "vp8", ...stopped }),
      testSource("picture", { only: "video", ...stopped }),
      testSource("sound", { only: "audio", ...stopped }),
    ],
  });
  await untilLive(server, "test");
}, TIMEOUT_MS);

afterAll(async () => {
  for (const close of closers) await close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
}, TIMEOUT_MS);

async function command(id: string, word: "start" | "stop"): Promise<void> {
  const answer = await fetch(`${server.url}/api/v3/process/${id}/command`, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ command: word }),
  });
  expect(answer.status).toBe(200);
}

/** Starts a stream for the time of a test. */
async function withStream(id: string, use: () => Promise<void>): Promise<void> {
  await command(id, "start");
  try {
    await untilLive(server, id);
    await use();
  } finally {
    await command(id, "stop");
  }
}

async function planOf(id: string): Promise<string> {
  const streams = (await server.get("/api/v3/webrtc/streams")) as {
    id: string;
    process: { plan: string };
  }[];
  return streams.find((stream) => stream.id === id)?.process.plan ?? "";
}

/** The data-* attributes that the player page keeps for tests. */
async function facts(page: Page): Promise<Record<string, string>> {
  const json = await page.evaluate("JSON.stringify({ ...document.documentElement.dataset })");
  return JSON.parse(String(json)) as Record<string, string>;
}

async function fact(page: Page, name: string): Promise<number> {
  return Number((await facts(page))[name] ?? 0);
}

/** Opens the player and waits for a running picture or sound, with the sound on. */
async function watch(page: Page, id: string): Promise<void> {
  await page.goto(`${server.url}/player/${id}`);
  await until(
    async () =>
      (await facts(page))["state"] === "playing" && (await fact(page, "samplesReceived")) >= 0,
    40_000,
    `${id} to play`,
  );
  await page.evaluate("document.querySelector('video').muted = false");
  await page.evaluate("document.querySelector('video').play()");
}

/** 30 frames per second, less what a slow machine holds back at the ends. */
const FRAMES_MIN = (LOOK_MS / 1000) * 30 * 0.85;

/** Watches on and expects a running picture without a freeze or a loss, and sound. */
async function expectSmooth(page: Page): Promise<void> {
  await Bun.sleep(1500);
  const look = async () => {
    const before = await facts(page);
    await Bun.sleep(LOOK_MS);
    const after = await facts(page);
    const grown = (name: string) => Number(after[name] ?? 0) - Number(before[name] ?? 0);
    expect(grown("audioEnergy")).toBeGreaterThan(0);
    const [frames, freezes, lost] = ["framesDecoded", "freezes", "packetsLost"].map(grown);
    return { frames: Number(frames), freezes: Number(freezes), lost: Number(lost) };
  };
  const seen = await lookUndisturbed(
    look,
    ({ frames, freezes, lost }) => frames > FRAMES_MIN && freezes + lost === 0,
    GOOD_LOOKS,
  );
  expect(seen).toMatchObject({ freezes: 0, lost: 0 });
  expect(seen.frames).toBeGreaterThan(FRAMES_MIN);
}

/** Frames that are decoded in so many seconds; looked at again where the machine held up what would have had enough. */
function framesIn(page: Page, seconds: number, enough: number): Promise<number> {
  const look = async () => {
    const before = await fact(page, "framesDecoded");
    await Bun.sleep(seconds * 1000);
    return (await fact(page, "framesDecoded")) - before;
  };
  return lookUndisturbed(look, (frames) => frames > enough);
}

/** How far sound and picture are apart at the play-out, over seven seconds: one sample is off by a frame. */
async function medianSkewMs(page: Page): Promise<number> {
  const samples: number[] = [];
  while (samples.length < 7) {
    await Bun.sleep(1000);
    const { skewMs } = await facts(page);
    expect(skewMs).toBeDefined();
    samples.push(Math.abs(Number(skewMs)));
  }
  return samples.sort((a, b) => a - b)[3] ?? Number.NaN;
}

async function expectInTime(page: Page): Promise<void> {
  const skewMs = await lookUndisturbed(
    () => medianSkewMs(page),
    (skew) => skew < SKEW_MS_MAX,
  );
  expect(skewMs).toBeLessThan(SKEW_MS_MAX);
}

describe("Chromium", () => {
  let page: Page;

  beforeAll(async () => {
    const chromium = await openChromium();
    closers.push(chromium.close);
    page = chromium.page;
  }, TIMEOUT_MS);

  test(
    "plays the demo without a freeze or a loss, with sound in time with the picture",
    async () => {
      await watch(page, "test");
      await expectSmooth(page);
      await expectInTime(page);
      const { videoCodec, audioCodec } = await facts(page);
      expect([videoCodec?.split(" ")[0], audioCodec]).toEqual(["H264", "opus"]);
    },
    TIMEOUT_MS,
  );

  test(
    "goes on with the same session when FFmpeg is killed, twice",
    async () => {
      await watch(page, "test");
      for (let round = 0; round < 2; round++) {
        const old = await ffmpegOf(server.pid);
        process.kill(old, "SIGKILL");
        await until(async () => (await ffmpegOf(server.pid)) !== old, 20_000, "a new FFmpeg");
        const restarted = await fact(page, "framesDecoded");
        const enough = async () => (await fact(page, "framesDecoded")) > restarted + 90;
        await until(enough, 30_000, "the picture to go on");
      }
      await expectInTime(page);
      const after = await facts(page);
      expect(after["sessions"]).toBe("1");
      expect(after["state"]).toBe("playing");
      expect(
        await server.metric("dragonfork_webrtc_ffmpeg_leg_failures_total", {
          stream_id: "test",
          leg: "video",
        }),
      ).toBeGreaterThanOrEqual(2);
    },
    TIMEOUT_MS,
  );

  test(
    "plays a copied H.264 film without parameter sets in the stream, its AAC as Opus",
    () =>
      withStream("plain", async () => {
        await watch(page, "plain");
        expect(await planOf("plain")).toMatch(
          /^H\.264 .* → video copied; audio transcoded to Opus/,
        );
        await Bun.sleep(1500);
        const energy = await fact(page, "audioEnergy");
        expect(await framesIn(page, 3, 60)).toBeGreaterThan(60);
        expect(await fact(page, "audioEnergy")).toBeGreaterThan(energy);
      }),
    TIMEOUT_MS,
  );

  test(
    "plays a film with B-frames, which the server transcodes and says so",
    () =>
      withStream("b-frames", async () => {
        await watch(page, "b-frames");
        expect(await planOf("b-frames")).toMatch(/video transcoded to H\.264 because .*B-frames/);
        const before = await fact(page, "framesDecoded");
        await until(
          async () => (await fact(page, "framesDecoded")) > before + 60,
          20_000,
          "frames of the film",
        );
      }),
    TIMEOUT_MS,
  );

  test(
    "plays a copied VP8 and Opus film for longer than its picture IDs last",
    () =>
      withStream("webm", async () => {
        await watch(page, "webm");
        expect(await planOf("webm")).toMatch(/^VP8.*; Opus.* → video copied; audio copied/);
        // FFmpeg's picture IDs start over after 128 frames.
        expect(await framesIn(page, 8, 180)).toBeGreaterThan(180);
        expect((await facts(page))["videoCodec"]).toContain("VP8");
      }),
    TIMEOUT_MS,
  );

  test(
    "plays a stream that has only a picture, and one that has only sound",
    async () => {
      await withStream("picture", async () => {
        await watch(page, "picture");
        await until(async () => (await fact(page, "framesDecoded")) > 60, 20_000, "the picture");
      });
      await withStream("sound", async () => {
        await watch(page, "sound");
        await until(async () => (await fact(page, "audioEnergy")) > 0, 20_000, "the sound");
      });
    },
    TIMEOUT_MS,
  );
});

describe("Firefox", () => {
  let page: Page;

  beforeAll(async () => {
    const firefox = await openFirefox();
    closers.push(firefox.close);
    page = firefox.page;
  }, TIMEOUT_MS);

  test(
    "plays a VP8 stream without a freeze, with sound",
    () =>
      withStream("vp8", async () => {
        await watch(page, "vp8");
        await expectSmooth(page);
      }),
    TIMEOUT_MS,
  );

  test(
    "without H.264 is told in words which codec the stream has",
    async () => {
      const labels = { stream_id: "test", kind: "video" };
      const metric = "dragonfork_webrtc_codec_mismatches_total";
      const before = await server.metric(metric, labels);
      await page.goto(`${server.url}/player/test`);
      await until(
        async () => (await facts(page))["failure"] === "codec-mismatch",
        30_000,
        "the player to say what is wrong",
      );
      const words = String(await page.evaluate("document.querySelector('main').innerText"));
      expect(words).toContain("H264");
      expect(words).toContain("VP8");
      expect(await server.metric(metric, labels)).toBe(before + 1);
    },
    TIMEOUT_MS,
  );
});
