/**
 * The monitoring bundle in deploy/truenas/core: its files hold together, its rules fire and stay quiet, and every query
 * of the dashboard is answered by a real Prometheus that scrapes a real server. Needs prometheus and promtool.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Dashboard, Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { parse } from "yaml";
import { DASHBOARD_FILE, renderDashboard } from "../../deploy/dashboards/render.ts";
import { METRICS } from "../../src/metrics/names.ts";
import { freePorts } from "../support/free-ports.ts";
import { ffmpegOf } from "../support/processes.ts";
import { startServer, type TestServer, untilLive } from "../support/start-server.ts";
import { until, WhepPlayer } from "../support/whep-player.ts";

const ROOT = join(import.meta.dir, "../..");
const BUNDLE = join(ROOT, "deploy/truenas/core");
const RULES = join(BUNDLE, "prom/rules/webrtc-alerts.yml");
const PROMETHEUS = join(BUNDLE, "prom/prometheus.yml");
const CORE = "dragonfork-truenas";

type QueryPanel = Omit<Panel, "targets"> & {
  readonly targets: readonly { readonly expr: string; readonly range?: boolean }[];
};

const dashboard = JSON.parse(readFileSync(join(ROOT, DASHBOARD_FILE), "utf8")) as Dashboard;
const rows = dashboard.panels?.filter((panel) => panel.type === "row") ?? [];
const panels = (dashboard.panels ?? []).filter(
  (panel) => panel.type !== "row",
) as unknown as QueryPanel[];

// biome-ignore lint/suspicious/noExplicitAny: files of other programs, whose shape is what is tested.
const yaml = (path: string): any => parse(readFileSync(join(BUNDLE, path), "utf8"));

async function run(...command: string[]): Promise<{ code: number; output: string }> {
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, output: out + err };
}

async function succeeds(...command: string[]): Promise<void> {
  const { code, output } = await run(...command);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}:\n${output}`);
}

describe("files of the bundle", () => {
  const compose = yaml("docker-compose.yml");

  test("promtool accepts the configuration and the rules", async () => {
    await succeeds("promtool", "check", "config", PROMETHEUS);
    await succeeds("promtool", "check", "rules", RULES);
  });

  test("each alert fires and stays quiet where it should", () =>
    succeeds("promtool", "test", "rules", join(import.meta.dir, "webrtc-alerts.rules.test.yml")));

  test("scrape configuration", () => {
    const config = yaml("prom/prometheus.yml");
    expect(config.global).toEqual({
      scrape_interval: "15s",
      scrape_timeout: "10s",
      evaluation_interval: "15s",
      external_labels: { core: CORE },
    });
    expect(config.scrape_configs).toEqual([
      {
        job_name: "dragonfork-core",
        metrics_path: "/metrics",
        static_configs: [{ targets: ["host.docker.internal:8080"] }],
      },
    ]);
  });

  test("compose: images, networks, ports and accounts", () => {
    const { core, prom, grafana } = compose.services;
    expect(core.network_mode).toBe("host");
    expect(core.environment.CORE_ID).toBe(`\${CORE_ID:-${CORE}}`);
    expect(core.environment.CORE_ADDRESS).toBe(`:\${CORE_HTTP_PORT:-8080}`);
    expect(prom.image).toBe("prom/prometheus:v2.55.0");
    expect(prom.extra_hosts).toEqual(["host.docker.internal:host-gateway"]);
    expect(prom.ports).toEqual([`\${PROM_PORT:-9090}:9090`]);
    expect(prom.command).toContain(`--storage.tsdb.retention.time=\${PROM_RETENTION_DAYS:-15d}`);
    expect(grafana.image).toBe("grafana/grafana-oss:11.3.0");
    expect(grafana.ports).toEqual([`\${GRAFANA_PORT:-3000}:3000`]);
    expect(grafana.environment).toMatchObject({
      GF_SECURITY_ADMIN_PASSWORD: `\${GRAFANA_ADMIN_PASSWORD:?set it in .env}`,
      GF_USERS_ALLOW_SIGN_UP: "false",
      GF_AUTH_ANONYMOUS_ENABLED: "false",
    });
    expect(compose.networks["dragonfork-mon"].driver).toBe("bridge");
    for (const service of [prom, grafana]) expect(service.networks).toEqual(["dragonfork-mon"]);
    for (const service of [core, prom, grafana]) {
      expect(service).toMatchObject({ read_only: true, cap_drop: ["ALL"] });
      expect(service.user).toMatch(/^[1-9]\d*:\d+$/);
      expect(service.mem_limit).toBeString();
      expect(service.healthcheck.test).toBeArray();
    }
  });

  test("compose: what is mounted or built exists, and its variables are in .env.example", () => {
    const text = readFileSync(join(BUNDLE, "docker-compose.yml"), "utf8");
    const mounts = [...text.matchAll(/- (\.\/\S+?):/g)].map(([, path]) => path ?? "");
    const data = ["./core-data", "./grafana-data", "./prom-data"];
    const missing = mounts.filter((path) => !existsSync(join(BUNDLE, path)));
    expect([...new Set(missing)].filter((path) => !data.includes(path))).toEqual([]);
    expect(data.filter((path) => !mounts.includes(path))).toEqual([]);
    const { context, dockerfile } = compose.services.core.build;
    expect(existsSync(join(BUNDLE, context, dockerfile))).toBe(true);
    const used = new Set([...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name ?? ""));
    const example = readFileSync(join(BUNDLE, ".env.example"), "utf8");
    const named = [...example.matchAll(/^(\w+)=/gm)].map(([, name]) => name ?? "");
    expect(named.toSorted()).toEqual([...used].toSorted());
    const readme = readFileSync(join(BUNDLE, "README.md"), "utf8");
    expect(named.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });

  test("compose: docker understands it and insists on the password", async () => {
    const file = join(BUNDLE, "docker-compose.yml");
    const config = (password: string) =>
      run("env", `GRAFANA_ADMIN_PASSWORD=${password}`, "docker", "compose", "-f", file, "config");
    if ((await run("sh", "-c", "docker compose version")).code !== 0) return;
    expect(await config("secret")).toMatchObject({ code: 0 });
    expect((await config("")).code).not.toBe(0);
  });

  test("Grafana finds Prometheus and the dashboard", () => {
    const [source] = yaml("grafana/provisioning/datasources/prometheus.yml").datasources;
    expect(source).toMatchObject({
      name: "Prometheus",
      type: "prometheus",
      access: "proxy",
      url: "http://prom:9090",
      isDefault: true,
      editable: false,
    });
    const uids = new Set(panels.map((panel) => panel.datasource?.uid));
    expect([...uids]).toEqual([source.uid]);
    const [provider] = yaml("grafana/provisioning/dashboards/webrtc.yml").providers;
    expect(provider).toMatchObject({ name: "dragonfork", folder: "Dragon Fork", type: "file" });
    expect(compose.services.grafana.volumes).toContain(
      `./grafana/dashboards:${provider.options.path}:ro`,
    );
  });
});

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
  const folder = mkdtempSync(join(tmpdir(), "dragonfork-prometheus-"));
  let server: TestServer;
  let viewer: WhepPlayer;
  let prometheus: Bun.Subprocess;
  let url = "";

  /** The shipped configuration, with this test's places and quicker. */
  function configuration(target: string): string {
    return readFileSync(PROMETHEUS, "utf8")
      .replace("/etc/prometheus/rules/*.yml", RULES)
      .replace("host.docker.internal:8080", target)
      .replaceAll(/(scrape_interval|evaluation_interval|scrape_timeout): \d+s/g, "$1: 500ms");
  }

  async function query(path: string, parameters: Record<string, string>) {
    const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    return (await response.json()) as {
      status: string;
      error?: string;
      // biome-ignore lint/suspicious/noExplicitAny: Prometheus answers one shape per path.
      data: any;
    };
  }

  /** Until Prometheus has two samples that are newer than this call. */
  async function nextScrapes(): Promise<void> {
    const from = Date.now() / 1000;
    const isNew = async () => {
      const { data } = await query("query", { query: "timestamp(up == 1)" });
      return Number(data.result[0]?.value[1]) > from + 0.5;
    };
    await until(isNew, 15_000, "Prometheus to scrape");
  }

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
    const [port] = await freePorts(1);
    url = `http://127.0.0.1:${port}`;
    writeFileSync(join(folder, "prometheus.yml"), configuration(new URL(server.url).host));
    prometheus = Bun.spawn(
      [
        "prometheus",
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--log.level=error",
      ],
      { stdin: "ignore", stdout: "ignore", stderr: "inherit" },
    );
    await until(
      async () => (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true,
      20_000,
      "Prometheus",
    );
    await untilLive(server, "test");
    await nextScrapes();
    viewer = await WhepPlayer.play({ url: server.whep("test") });
    // Twice: rate() sees a series that appears with its first event only from the second on.
    await traffic();
    await nextScrapes();
    await traffic();
    process.kill(await ffmpegOf(server.pid), "SIGKILL");
    await untilLive(server, "test");
    await nextScrapes();
  }, 50_000);

  afterAll(async () => {
    await viewer?.close();
    prometheus?.kill();
    await prometheus?.exited;
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("it scrapes without an error and all series carry the core label", async () => {
    const { data } = await query("targets", {});
    expect(data.activeTargets).toMatchObject([{ health: "up", lastError: "" }]);
    const { data: strangers } = await query("query", {
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
          ? await query("query_range", {
              ...parameters,
              start: String(end - 30),
              end: String(end),
              step: "1",
            })
          : await query("query", parameters);
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
    const values = async (label: string) => (await query(`label/${label}/values`, {})).data;
    expect(await values("core")).toContain(CORE);
    expect(await values("stream_id")).toEqual(["test", "unknown"]);
  });

  test("the killed FFmpeg fires its alert, which the dashboard marks", async () => {
    const legs = async () => {
      const { data } = await query("alerts", {});
      const firing = data.alerts.filter(({ state }: { state: string }) => state === "firing");
      return firing.map(({ labels }: { labels: Record<string, string> }) => labels["leg"]);
    };
    await until(async () => (await legs()).length > 1, 5000, "the alert to fire");
    expect((await legs()).toSorted()).toEqual(["audio", "video"]);
    const marks = dashboard.annotations?.list?.[0]?.expr ?? "";
    const { data: marked } = await query("query", { query: filled(marks) });
    expect(marked.result.length).toBeGreaterThanOrEqual(2);
  });
});
