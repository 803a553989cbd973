/** Sources over the network, as operators have them: cameras, encoders and other servers that come and go. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runFfmpeg } from "../support/ffmpeg.ts";
import { freePorts } from "../support/free-ports.ts";
import { RtspCamera } from "../support/rtsp-camera.ts";
import { startServer, type TestServer, untilLive } from "../support/start-server.ts";
import { moreMedia, planOf, totals, UNDISTURBED } from "../support/watching.ts";
import { until, WhepPlayer } from "../support/whep-player.ts";

type CleanUp = (() => unknown)[];

async function cleaned(steps: CleanUp): Promise<void> {
  for (const end of steps.splice(0).reverse()) await end();
}

const ENCODE = [
  ...[
    "-nostdin",
    "-loglevel",
    "error",
    "-re",
    "-f",
    "lavfi",
    "-i",
    "testsrc2=size=320x180:rate=30",
  ],
  ...["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-pix_fmt", "yuv420p"],
  ...["-c:v", "libx264", "-profile:v", "main", "-bf", "0", "-g", "30", "-preset", "ultrafast"],
  ...["-tune", "zerolatency", "-c:a", "aac"],
];

/** A test that ends what it began, whether it passes or not. */
function cleaning(run: (cleanUp: CleanUp) => Promise<void>): () => Promise<void> {
  return async () => {
    const cleanUp: CleanUp = [];
    try {
      await run(cleanUp);
    } finally {
      await cleaned(cleanUp);
    }
  };
}

/** An FFmpeg that sends, and does so again when who listened has left: it serves one connection only. */
function send(cleanUp: CleanUp, ...output: string[]): { away: boolean; stop: () => void } {
  const sender = { away: false, stop: () => child?.kill("SIGKILL") };
  let stopped = false;
  let child: Bun.Subprocess | undefined;
  const run = async () => {
    while (!stopped) {
      if (sender.away) {
        await Bun.sleep(100);
        continue;
      }
      child = Bun.spawn(["ffmpeg", ...ENCODE, ...output], { stdin: "ignore", stderr: "ignore" });
      await child.exited;
    }
  };
  const ended = run();
  cleanUp.push(async () => {
    stopped = true;
    sender.stop();
    await ended;
  });
  return sender;
}

function source(id: string, address: string, options: readonly string[], staleSeconds = 0) {
  return {
    id,
    input: [{ id: "in", address, options }],
    output: [],
    reconnect: true,
    reconnect_delay_seconds: 1,
    stale_timeout_seconds: staleSeconds,
    webrtc: { enabled: true },
  };
}

async function watch(server: TestServer, id: string): Promise<WhepPlayer> {
  await untilLive(server, id, 40_000);
  const player = await WhepPlayer.play({ url: server.whep(id) });
  await until(() => player.received.size === 2, 20_000, "picture and sound");
  await moreMedia(player, 100);
  return player;
}

const COPIED = "video copied; audio transcoded to Opus because browsers don't play";

describe("a picture comes from", () => {
  const cleanUp: CleanUp = [];
  let server: TestServer;

  beforeAll(async () => {
    const ports = await freePorts(5);
    const [called, calling, rtmp, udp, http] = ports.map((port) => `127.0.0.1:${port}`);
    const folder = mkdtempSync(join(tmpdir(), "dragonfork-hls-"));
    cleanUp.push(() => rmSync(folder, { recursive: true, force: true }));
    const files = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async ({ url }) => {
        const file = Bun.file(join(folder, new URL(url).pathname.slice(1)));
        return (await file.exists()) ? new Response(file) : new Response(null, { status: 404 });
      },
    });
    cleanUp.push(() => files.stop(true));
    const playlist = join(folder, "cam.m3u8");
    send(cleanUp, "-f", "mpegts", `srt://${called}?mode=listener`);
    send(cleanUp, "-f", "mpegts", `srt://${calling}?mode=caller`);
    send(cleanUp, "-f", "flv", "-listen", "1", `rtmp://${rtmp}/live/cam`);
    send(cleanUp, "-f", "mpegts", `udp://${udp}?pkt_size=1316`);
    send(cleanUp, "-f", "mpegts", "-listen", "1", `http://${http}/cam.ts`);
    send(cleanUp, "-f", "hls", "-hls_time", "1", "-hls_flags", "delete_segments", playlist);
    await until(() => Bun.file(playlist).exists(), 20_000, "a playlist");
    const quick = ["-analyzeduration", "1000000"];
    server = await startServer({
      processes: [
        source("srt-called", `srt://${called}?mode=caller`, quick),
        source("srt-listening", `srt://${calling}?mode=listener`, quick),
        source("rtmp", `rtmp://${rtmp}/live/cam`, []),
        source("udp", `udp://${udp}`, []),
        source("http", `http://${http}/cam.ts`, quick),
        source("hls", `http://127.0.0.1:${files.port}/cam.m3u8`, ["-re"]),
      ],
    });
    cleanUp.push(() => server.stop());
  }, 60_000);
  afterAll(() => cleaned(cleanUp), 30_000);

  test.each(["srt-called", "srt-listening", "rtmp", "udp", "http", "hls"])(
    "%s",
    async (id) => {
      const player = await watch(server, id);
      expect(planOf(server, id)).toContain(COPIED);
      expect(totals(player)).toMatchObject(UNDISTURBED);
      await player.close();
    },
    60_000,
  );
});

/** Sends a file to whoever connects, as fast as its media lasts. */
function sendPaced(cleanUp: CleanUp, file: Uint8Array, seconds: number): number {
  const bytesPerMs = file.length / (seconds * 1000);
  const timers = new Map<object, ReturnType<typeof setInterval>>();
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: (socket) => {
        const began = performance.now();
        let sent = 0;
        const more = () => {
          const due = Math.min(file.length, Math.floor((performance.now() - began) * bytesPerMs));
          sent += Math.max(0, socket.write(file.subarray(sent, due)));
        };
        timers.set(socket, setInterval(more, 20));
      },
      data: () => undefined,
      close: (socket) => clearInterval(timers.get(socket)),
    },
  });
  cleanUp.push(() => listener.stop(true));
  return listener.port;
}

async function watchCamera(cleanUp: CleanUp, staleSeconds = 0) {
  const camera = await RtspCamera.start("p@ss:w/ord");
  cleanUp.push(() => camera.stop());
  const processes = [source("cam", camera.url, ["-rtsp_transport", "tcp"], staleSeconds)];
  const server = await startServer({ processes });
  cleanUp.push(() => server.stop());
  const player = await watch(server, "cam");
  cleanUp.push(() => player.close());
  return { camera, server, player };
}

async function goesOn(player: WhepPlayer): Promise<void> {
  await moreMedia(player, 100, 30_000);
  expect(totals(player)).toMatchObject(UNDISTURBED);
  expect(player.dtlsClosed).toBe(false);
}

// Together, because they wait most of the time; each has a server of its own.
describe.concurrent("what comes and goes:", () => {
  test(
    "an encoder that was away is not looked at again, and its viewer stays",
    cleaning(async (cleanUp) => {
      const [port] = await freePorts(1);
      const address = `http://127.0.0.1:${port}/cam.ts`;
      const encoder = send(cleanUp, "-f", "mpegts", "-listen", "1", address);
      // FFmpeg takes longer for a transport stream than this timeout.
      const server = await startServer({ processes: [source("cam", address, [], 2)] });
      cleanUp.push(() => server.stop());
      const player = await watch(server, "cam");
      cleanUp.push(() => player.close());
      encoder.away = true;
      encoder.stop();
      const refused = () =>
        server.log().some((line) => String(line["last_line"]).includes("Connection refused"));
      await until(refused, 20_000, "a run that finds nobody");
      encoder.away = false;
      await moreMedia(player, 100, 40_000);
      expect(totals(player)).toMatchObject(UNDISTURBED);
      expect(server.log().filter((line) => line["msg"] === "source planned")).toHaveLength(1);
    }),
    120_000,
  );

  test(
    "an RTSP camera is copied, its G.711 becomes Opus, and its password is not shown",
    cleaning(async (cleanUp) => {
      const { server, player } = await watchCamera(cleanUp);
      expect(planOf(server, "cam")).toContain(COPIED);
      expect(totals(player)).toMatchObject(UNDISTURBED);
      const shown = JSON.stringify([
        server.log(),
        await server.get("/api/v3/process"),
        await server.get("/api/v3/webrtc/streams"),
      ]);
      expect(shown).not.toMatch(/w(\/|%2F)ord/i);
    }),
    90_000,
  );

  test(
    "an RTSP camera goes away and comes back: its viewer stays",
    cleaning(async (cleanUp) => {
      const { camera, player } = await watchCamera(cleanUp);
      camera.goAway();
      await Bun.sleep(4000);
      camera.comeBack();
      await goesOn(player);
    }),
    120_000,
  );

  test(
    "an RTSP camera that stands still, connected, is called again after stale_timeout_seconds",
    cleaning(async (cleanUp) => {
      const { camera, server, player } = await watchCamera(cleanUp, 3);
      camera.frozen = true;
      const recycled = () =>
        server.log().some((line) => JSON.stringify(line).includes("no progress for 3 s"));
      await until(recycled, 20_000, "FFmpeg to be stopped");
      camera.frozen = false;
      await goesOn(player);
    }),
    120_000,
  );

  test(
    "FLV that announces sound and has none is shown: FFmpeg by itself would wait 90 s for it",
    cleaning(async (cleanUp) => {
      const folder = mkdtempSync(join(tmpdir(), "dragonfork-flv-"));
      cleanUp.push(() => rmSync(folder, { recursive: true, force: true }));
      const path = join(folder, "cam.flv");
      const seconds = 60;
      await runFfmpeg(
        ...["-f", "lavfi", "-i", `testsrc2=size=320x180:rate=25:duration=${seconds}`],
        ...["-itsoffset", `${seconds - 2}`, "-f", "lavfi", "-i", "sine=duration=1"],
        ...["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "0"],
        ...["-g", "25", "-b:v", "300k", "-c:a", "aac", path],
      );
      const port = sendPaced(cleanUp, await Bun.file(path).bytes(), seconds);
      const processes = [source("cam", `tcp://127.0.0.1:${port}`, [])];
      const server = await startServer({ processes });
      cleanUp.push(() => server.stop());
      await untilLive(server, "cam", 40_000);
      expect(planOf(server, "cam")).toContain(COPIED);
      const player = await WhepPlayer.play({ url: server.whep("cam") });
      cleanUp.push(() => player.close());
      await moreMedia(player, 50);
      expect(player.media("audio")).toBeUndefined();
    }),
    120_000,
  );
});
