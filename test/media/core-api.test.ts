/** Core's routes against the real server and the real FFmpeg. */
import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readArguments } from "../../src/process/access/arguments.ts";
import { startServer, type TestServer, untilLive } from "../support/start-server.ts";
import { testSource } from "../support/test-sources.ts";
import { until, WhepPlayer } from "../support/whep-player.ts";

let server: TestServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

/** Ports stay the same over a reload only where they are fixed; so this one reads the newest from the log. */
function newestUrl({ log }: TestServer): string {
  return String(log().findLast((line) => line["msg"] === "server ready")?.["url"]);
}

const json = async (url: string) => (await (await fetch(url)).json()) as Record<string, unknown>;

describe("the server", () => {
  test("says what its FFmpeg can do", async () => {
    server = await startServer();
    const skills = await server.get("/api/v3/skills");
    expect(skills).toMatchObject({ ffmpeg: { version: expect.stringMatching(/^\d+\.\d+\.\d+$/) } });
    expect(JSON.stringify(skills)).toContain('"libx264"');
    expect(await server.get("/api/v3/skills/reload")).toEqual(skills);
  }, 60_000);

  test("counts a viewer as a session, and the process in numbers over time", async () => {
    const env = { CORE_METRICS_ENABLE: "true", CORE_METRICS_INTERVAL_SECONDS: "1" };
    const running = await startServer({ processes: [testSource("cam")], env });
    server = running;
    await untilLive(running, "cam");
    const player = await WhepPlayer.play({ url: running.whep("cam") });
    const active = async () => {
      const { whep } = (await running.get("/api/v3/session/active?collectors=whep")) as {
        whep: Record<string, number | string>[];
      };
      return whep;
    };
    const kbit = async () => Number((await active())[0]?.["bandwidth_tx_kbit"]);
    await until(async () => (await kbit()) > 10, 10_000, "its bandwidth");
    expect(await active()).toMatchObject([{ local: "cam", extra: "H264 OPUS" }]);
    expect(await running.get("/api/v3/widget/process/cam")).toMatchObject({
      current_sessions: 1,
      total_sessions: 1,
    });
    await player.close();
    const left = async () =>
      ((await running.get("/api/v3/widget/process/cam")) as { current_sessions: number })
        .current_sessions;
    await until(async () => (await left()) === 0, 10_000, "the viewer to be gone");
    const labels = { processid: "^cam$", name: "^frame$" };
    const samples = async () => {
      const answer = await fetch(`${running.url}/api/v3/metrics`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          timerange_sec: 60,
          metrics: [{ name: "restream_process", labels }],
        }),
      });
      const { metrics } = (await answer.json()) as {
        metrics: { labels: object; values: number[][] }[];
      };
      const isRunning = (one: object) => "state" in one && one.state === "running";
      return metrics.find((metric) => isRunning(metric.labels))?.values ?? [];
    };
    const grow = async () => {
      const frames = await samples();
      return frames.length > 2 && (frames.at(-1)?.[1] ?? 0) > (frames[0]?.[1] ?? 0);
    };
    await until(grow, 20_000, "three samples of ever more frames");
  }, 60_000);

  test("takes and gives a large file without holding it", async () => {
    const running = await startServer({ env: { CORE_STORAGE_DISK_MAX_UPLOAD_MBYTES: "200" } });
    server = running;
    const url = `${running.url}/api/v3/fs/disk/film/large.ts`;
    const rss = () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${running.pid}/status`, "utf8"))?.[1]);
    const chunk = new Uint8Array(1024 * 1024).fill(7);
    const megabytes = (count: number) => {
      let left = count;
      return new ReadableStream({
        pull: (controller) => {
          left -= 1;
          if (left >= 0) controller.enqueue(chunk);
          else controller.close();
        },
      });
    };
    const before = rss();
    expect((await fetch(url, { method: "PUT", body: megabytes(180) })).status).toBe(201);
    const sizes = [];
    for await (const part of (await fetch(url)).body ?? []) sizes.push(part.length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(180 * 1024 * 1024);
    // In KiB; the file has 180 MiB.
    expect(rss() - before).toBeLessThan(90 * 1024);
    const head = await fetch(url, { method: "HEAD" });
    expect(head.headers.get("content-length")).toBe(String(180 * 1024 * 1024));
    const refused = await fetch(url, { method: "PUT", body: megabytes(201) }).catch(
      () => undefined,
    );
    expect(refused?.status ?? 413).toBe(413);
    expect((await fetch(url, { method: "DELETE" })).status).toBe(200);
  }, 60_000);

  test("starts anew with a changed configuration, and goes on with a wrong one", async () => {
    const running = await startServer({
      processes: [testSource("cam")],
      config: { address: "127.0.0.1:0" },
      env: { CORE_ADDRESS: "" },
    });
    server = running;
    await untilLive(running, "cam");
    const file = join(running.folder, "config.json");
    const config = JSON.parse(readFileSync(file, "utf8"));
    const count = (message: string) =>
      running.log().filter((line) => line["msg"] === message).length;

    writeFileSync(file, JSON.stringify({ ...config, name: 5 }));
    expect(await running.get("/api/v3/config/reload")).toMatchObject({
      status: 400,
      message: "Configuration not reloaded",
      details: [expect.stringContaining("name (file ")],
    });
    const taken = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    writeFileSync(file, JSON.stringify({ ...config, address: `127.0.0.1:${taken.port}` }));
    expect(await running.get("/api/v3/config/reload")).toMatchObject({
      status: 400,
      details: [expect.stringMatching(/^HTTP address: 127\.0\.0\.1:\d+: .*Choose another/)],
    });
    await taken.stop(true);
    await until(() => count("configuration not reloaded") === 2, 10_000, "the refusals");
    expect(await running.get("/api")).toMatchObject({ name: "Dragon Fork" });

    writeFileSync(file, JSON.stringify({ ...config, name: "other" }));
    expect(await running.get("/api/v3/config/reload")).toBe("OK");
    await until(() => count("server ready") === 2, 15_000, "the second start");
    const url = newestUrl(running);
    expect(await json(`${url}/api`)).toMatchObject({ name: "other" });
    const hasStarted = async () =>
      (await json(`${url}/api/v3/process/cam/state`))["exec"] === "running";
    await until(hasStarted, 15_000, "FFmpeg of the second start");
    const lines = await (await fetch(`${url}/api/v3/log`)).text();
    expect(lines).toContain("configuration reload");
    expect(running.log().filter((line) => line["level"] === "error")).toHaveLength(2);
  }, 60_000);
});

/** FFmpeg's help leaves out that these take a value. */
const VALUED = new Set([
  ...["filter_threads", "filter_complex_threads", "vsync", "frame_drop_threshold", "async"],
  ...["vstats_version", "seek_timestamp", "apad", "reinit_filter", "discard", "disposition"],
  ...["copypriorss", "thread_queue_size", "top", "fps_mode", "guess_layout_max", "isync"],
]);

test("every option of this FFmpeg without a value is known, so that no output hides behind one", () => {
  const help = Bun.spawnSync(["ffmpeg", "-hide_banner", "-h", "full"]).stdout.toString();
  // The options of codecs and formats, which follow, all take one.
  const own = help.slice(0, help.search(/^[\w ]+ AVOptions:/m));
  const flags = [...own.matchAll(/^-(\w+)\s{2,}/gm)].map(([, name]) => name ?? "");
  expect(flags.length).toBeGreaterThan(40);
  const unknown = flags.filter((name) => readArguments([`-${name}`, "out"])[0]?.output !== "out");
  expect(unknown.filter((name) => !VALUED.has(name))).toEqual([]);
});
