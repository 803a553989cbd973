/** Films in a loop: the picture goes on after the film's end, whatever the container. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runFfmpeg } from "../support/ffmpeg.ts";
import { startServer, untilLive } from "../support/start-server.ts";
import { planOf, totals, UNDISTURBED } from "../support/watching.ts";
import { until, WhepPlayer } from "../support/whep-player.ts";

const FILM_SECONDS = 2;
/** Into the third loop. */
const WATCHED_SECONDS = 2.5 * FILM_SECONDS;
const VIDEO_CLOCK_HZ = 90_000;
const FPS = 30;
const folder = mkdtempSync(join(tmpdir(), "dragonfork-films-"));

/** A film that browsers can play as it is. */
async function film(path: string): Promise<void> {
  await runFfmpeg(
    ...["-f", "lavfi", "-i", `testsrc2=size=320x180:rate=${FPS}`],
    ...["-f", "lavfi", "-i", "sine=sample_rate=48000", "-t", `${FILM_SECONDS}`],
    ...["-c:v", "libx264", "-profile:v", "baseline", "-pix_fmt", "yuv420p", "-g", `${FPS}`],
    ...["-c:a", "libopus", path],
  );
}

const path = (container: string) => join(folder, `film.${container}`);

beforeAll(async () => {
  await Promise.all(["ts", "mp4", "mkv"].map((container) => film(path(container))));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ["ts", "video copied; audio copied"],
  ["mp4", "video transcoded to H.264 because FFmpeg copies a looped file"],
  ["mkv", "video transcoded to H.264 because FFmpeg copies a looped file"],
])(
  "%s: %s",
  async (container, plan) => {
    const input = [{ id: "in", address: path(container), options: ["-stream_loop", "-1"] }];
    const server = await startServer({
      processes: [{ id: "film", input, output: [], webrtc: { enabled: true } }],
    });
    try {
      await untilLive(server, "film");
      expect(planOf(server, "film")).toContain(plan);
      const player = await WhepPlayer.play({ url: server.whep("film") });
      const seconds = () => {
        const { firstTimestamp = 0, lastTimestamp = 0 } = player.media("video") ?? {};
        // Timestamps begin anywhere, and wrap.
        return ((lastTimestamp - firstTimestamp) | 0) / VIDEO_CLOCK_HZ;
      };
      await until(() => seconds() > WATCHED_SECONDS, 30_000, "the film's third loop");
      expect(totals(player)).toMatchObject(UNDISTURBED);
      await player.close();
    } finally {
      await server.stop();
    }
  },
  60_000,
);
