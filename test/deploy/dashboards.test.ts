/**
 * The Grafana dashboards: their form, and every query of every panel answered by a real Prometheus that scrapes a real
 * server. Needs prometheus.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Dashboard, Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { DASHBOARD_FILE, renderDashboard } from "../../deploy/dashboards/render.ts";
import { METRICS } from "../../src/metrics/names.ts";
import { ffmpegOf } from "../support/processes.ts";
import { startServer, type TestServer, untilLive } from "../support/start-server.ts";
import { until, WhepPlayer } from "../support/whep-player.ts";
import { CORE, ROOT, yaml } from "./support/bundle.ts";
import { Prometheus } from "./support/prometheus.ts";

type QueryPanel = Omit<Panel, "targets"> & {
  readonly targets: readonly { readonly expr: string; readonly range?: boolean }[];
};

const dashboard = JSON.parse(readFileSync(join(ROOT, DASHBOARD_FILE), "utf8")) as Dashboard;
const rows = dashboard.panels?.filter((panel) => panel.type === "row") ?? [];
const panels = (dashboard.panels ?? []).filter(
  (panel) => panel.type !== "row",
) as unknown as QueryPanel[];

describe("dashboard", () => {
  test("the file is what `bun run dashboards` writes", async () => {
    expect(readFileSync(join(ROOT, DASHBOARD_FILE), "utf8")).toBe(await renderDashboard());
  });

  test("five rows, their panels, two variables, refreshed every 30 s", () => {
    expect(rows.map((row) => row.title)).toEqual([
      "WHEP API health",
      "ICE establishment",
      "What's flowing",
      "Capacity headroom",
      "Silent degradation",
    ]);
    expect(panels.map((panel) => panel.type).join(" ")).toBe(
      "stat timeseries timeseries gauge timeseries table stat timeseries table gauge timeseries timeseries stat",
    );
    expect(panels.filter((panel) => !panel.description)).toEqual([]);
    const [source] = yaml("grafana/provisioning/datasources/prometheus.yml").datasources;
    expect([...new Set(panels.map((panel) => panel.datasource?.uid))]).toEqual([source.uid]);
    expect(dashboard.templating?.list?.map(({ name }) => name)).toEqual(["core", "stream_id"]);
    expect(dashboard.refresh).toBe("30s");
    expect(new Set(dashboard.panels?.map(({ id }) => id)).size).toBe(rows.length + panels.length);
  });

  test("the lines stand where the alerts fire", () => {
    const steps = (title: string) =>
      panels
        .find((panel) => panel.title === title)
        ?.fieldConfig?.defaults.thresholds?.steps.map(({ value }) => value);
    expect(steps("Error rate by code")).toEqual([null, 0.5]);
    expect(steps("ICE establishment p50 and p95")).toEqual([null, 3]);
    expect(steps("UDP ports available")).toEqual([null, 10]);
  });

  test("all metrics are shown but the used ports, of which the free ones are the rest", () => {
    const text = JSON.stringify(panels);
    const known = Object.values(METRICS).map(({ name }) => name as string);
    const shown = [...text.matchAll(/dragonfork_webrtc_\w+?(?=(_bucket|_count)?\W)/g)];
    expect([...new Set(shown.map(([name]) => name))].toSorted()).toEqual(
      known.filter((name) => name !== METRICS.udpPortsInUse.name).toSorted(),
    );
  });
});

describe("a real Prometheus that scrapes a real server", () => {
  let server: TestServer;
  let viewer: WhepPlayer;
  let prometheus: Prometheus;

  /** One of each request that a panel counts: a viewer that plays, and the errors. */
  async function traffic(): Promise<void> {
    await (await WhepPlayer.play({ url: server.whep("test") })).close();
    const post = async (stream: string, options: { videoCodec?: "VP8" } = {}) => {
      const player = await WhepPlayer.create({ url: server.whep(stream), ...options });
      await player.post();
      return player;
    };
    const nobody = await post("no-such-stream");
    const mismatch = await post("test", { videoCodec: "VP8" });
    const silent = await post("test");
    const tooMany = await post("test");
    expect([nobody, mismatch, silent, tooMany].map(({ status }) => status)).toEqual([
      404, 406, 201, 503,
    ]);
    for (const player of [nobody, mismatch, silent, tooMany]) player.vanish();
    await until(
      async () => (await server.metric(METRICS.activePeers.name, { stream_id: "test" })) === 1,
      10_000,
      "the silent player to be given up",
    );
  }

  beforeAll(async () => {
    server = await startServer({
      demo: true,
      env: {
        CORE_ID: CORE,
        CORE_WEBRTC_MAX_PEERS_PER_STREAM: "2",
        CORE_WEBRTC_ICE_TIMEOUT_SECONDS: "1",
      },
    });
    prometheus = await Prometheus.start(new URL(server.url).host);
    await untilLive(server, "test");
    await prometheus.nextScrapes();
    viewer = await WhepPlayer.play({ url: server.whep("test") });
    // Twice: rate() sees a series that appears with its first event only from the second on.
    await traffic();
    await prometheus.nextScrapes();
    await traffic();
    process.kill(await ffmpegOf(server.pid), "SIGKILL");
    await untilLive(server, "test");
    await prometheus.nextScrapes();
  }, 50_000);

  afterAll(async () => {
    await viewer?.close();
    await prometheus?.stop();
    await server?.stop();
  });

  test("it scrapes without an error and all series carry the core label", async () => {
    const { data } = await prometheus.get("targets");
    expect(data.activeTargets).toMatchObject([
      { labels: { job: "dragonfork-core" }, health: "up", lastError: "" },
      { labels: { job: "prometheus" }, health: "up", lastError: "" },
    ]);
    const { data: strangers } = await prometheus.get("query", {
      query: `{__name__=~"dragonfork_.+",core!="${CORE}"}`,
    });
    expect(strangers.result).toEqual([]);
  });

  const filled = (expr: string) =>
    expr
      .replaceAll("$__rate_interval", "20s")
      .replaceAll("$__range", "1m")
      .replaceAll("$core", CORE)
      .replaceAll("$stream_id", ".*");

  for (const panel of panels) {
    test(`the panel "${panel.title}" has data`, async () => {
      const end = Date.now() / 1000;
      for (const { expr, range } of panel.targets) {
        const parameters = { query: filled(expr) };
        const answer = range
          ? await prometheus.get("query_range", {
              ...parameters,
              start: String(end - 30),
              end: String(end),
              step: "1",
            })
          : await prometheus.get("query", parameters);
        expect(answer.error ?? "").toBe("");
        expect(filled(expr)).not.toContain("$");
        const numbers = answer.data.result.flatMap(
          ({ value, values }: { value?: [number, string]; values?: [number, string][] }) =>
            [value ?? [], ...(values ?? [])].map(([, text]) => Number(text)),
        );
        expect(numbers.some((number: number) => number > 0)).toBe(true);
      }
    });
  }

  test("the variables have values", async () => {
    const values = async (label: string) =>
      (await prometheus.get(`label/${label}/values`, {})).data;
    expect(await values("core")).toContain(CORE);
    expect(await values("stream_id")).toEqual(["test", "unknown"]);
  });

  test("the killed FFmpeg fires its alert, which the dashboard marks", async () => {
    const legs = async () =>
      (await prometheus.firing("WebRTCFFmpegLegFailure")).map((labels) => labels["leg"]);
    await until(async () => (await legs()).length > 1, 5000, "the alert to fire");
    expect((await legs()).toSorted()).toEqual(["audio", "video"]);
    const marks = dashboard.annotations?.list?.[0]?.expr ?? "";
    const { data: marked } = await prometheus.get("query", { query: filled(marks) });
    expect(marked.result.length).toBeGreaterThanOrEqual(2);
  });
});
