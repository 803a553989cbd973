/**
 * The Grafana dashboards: their form, and every query of every panel answered by a real Prometheus that scrapes a real
 * server under load and errors. Needs prometheus.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DASHBOARD_FOLDER, DASHBOARDS, render } from "../../deploy/dashboards/render.ts";
import { METRICS } from "../../src/metrics/names.ts";
import { VIEWER_METRICS } from "../../src/metrics/viewer-names.ts";
import { withOtherFingerprint } from "../support/other-fingerprint.ts";
import { ffmpegOf } from "../support/processes.ts";
import { ReceiverReports } from "../support/receiver-reports.ts";
import { startServer, type TestServer, untilLive } from "../support/start-server.ts";
import { moreMedia } from "../support/watching.ts";
import { until, WhepPlayer } from "../support/whep-player.ts";
import { CORE, ROOT, yaml } from "./support/bundle.ts";
import { SHOWN, shown } from "./support/dashboards.ts";
import { Prometheus } from "./support/prometheus.ts";

/** Dashboard, panel and legend of what stays at 0 or empty here, and why. */
const NOT_PROVOKED: Readonly<Record<string, string>> = {
  "Latency & performance / Congestion / queued":
    "the kernel takes packets faster than a scrape can see them wait",
  "Latency & performance / Congestion / dropped": "the kernel drops none on loopback",
  "Resources / Failed background tasks / {{task}}": "no task fails",
  "Resources / Sources that are down / down": "none is for longer than a restart takes",
};

/** A stream that asks for a signed token; its FFmpeg is not started. */
const GUARDED = {
  id: "guarded",
  reference: "guarded",
  input: [{ id: "in", address: "testsrc=size=64x64:rate=5", options: ["-f", "lavfi"] }],
  autostart: false,
  webrtc: { enabled: true, token: "signed" },
};
/** A token of the right form that somebody else signed. */
const FORGED = `${encoded({ alg: "HS256", typ: "JWT" })}.${encoded({ sub: "viewer" })}.${encoded("x")}`;

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** The path of a certificate that is good for a month. */
function certificate(): string {
  const file = join(mkdtempSync(join(tmpdir(), "dragonfork-certificate-")), "certificate.pem");
  const key = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-keyout",
    "/dev/null",
  ];
  Bun.spawnSync([
    "openssl",
    "req",
    "-x509",
    ...key,
    "-subj",
    "/CN=test",
    "-days",
    "30",
    "-out",
    file,
  ]);
  return file;
}

describe("all dashboards", () => {
  test("the files are what `bun run dashboards` writes, and there are no others", async () => {
    expect(readdirSync(join(ROOT, DASHBOARD_FOLDER)).toSorted()).toEqual(
      Object.keys(DASHBOARDS).toSorted(),
    );
    for (const [name, build] of Object.entries(DASHBOARDS)) {
      const text = readFileSync(join(ROOT, DASHBOARD_FOLDER, name), "utf8");
      expect(text).toBe(await render(name, build));
    }
  }, 60_000);

  test("each has an address of its own, two variables, links, marks of alerts and refreshes every 30 s", () => {
    expect(new Set(SHOWN.map(({ dashboard }) => dashboard.uid)).size).toBe(SHOWN.length);
    expect(new Set(SHOWN.map(({ dashboard }) => dashboard.title)).size).toBe(SHOWN.length);
    for (const { dashboard } of SHOWN) {
      expect(dashboard.templating?.list?.map(({ name }) => name)).toEqual(["core", "stream_id"]);
      expect(dashboard.refresh).toBe("30s");
      expect(dashboard.annotations?.list).toHaveLength(1);
      const [link] = dashboard.links ?? [];
      expect(link).toMatchObject({ type: "dashboards", includeVars: true, keepTime: true });
      expect(dashboard.tags).toContain(link?.tags[0]);
      const ids = dashboard.panels?.map(({ id }) => id) ?? [];
      expect(new Set(ids).size).toBe(ids.length);
    }
  });

  test("each panel has a description, a unit and the data source that is provisioned", () => {
    const [source] = yaml("grafana/provisioning/datasources/prometheus.yml").datasources;
    for (const panel of SHOWN.flatMap(({ panels }) => panels)) {
      expect({ title: panel.title, description: panel.description }).toEqual({
        title: panel.title,
        description: expect.stringMatching(/\.$/),
      });
      expect(panel.fieldConfig?.defaults.unit).toBeString();
      expect(panel.datasource?.uid).toBe(source.uid);
    }
  });

  test("rows are full: each line of panels takes the 24 columns", () => {
    for (const { dashboard } of SHOWN) {
      const widths = new Map<number, number>();
      for (const { type, gridPos } of dashboard.panels ?? []) {
        if (type === "row" || gridPos === undefined) continue;
        widths.set(gridPos.y, (widths.get(gridPos.y) ?? 0) + gridPos.w);
      }
      expect([...widths.values()].every((width) => width === 24)).toBe(true);
    }
  });

  test("bars count whole events, and are wider than four scrapes, so that none stands in several", () => {
    const bars = SHOWN.flatMap(({ panels }) => panels).filter(
      ({ fieldConfig }) => fieldConfig?.defaults.custom?.drawStyle === "bars",
    );
    expect(bars.map(({ title }) => title).toSorted()).toEqual([
      "FFmpeg leg failures",
      "FFmpeg restarts",
      "Security events",
      "Sessions ended",
    ]);
    for (const { interval, targets } of bars) {
      expect(interval).toBe("1m");
      for (const { expr } of targets) expect(expr).toStartWith("round(");
    }
  });

  test("lines stand where alerts fire", () => {
    const lines = (file: string, title: string) =>
      shown(file)
        .panels.find((panel) => panel.title === title)
        ?.fieldConfig?.defaults.thresholds?.steps.map(({ value }) => value);
    const health = "dragonfork-webrtc-health.json";
    expect(lines(health, "Error rate by code")).toEqual([null, 0.5]);
    expect(lines(health, "ICE establishment p50 and p95")).toEqual([null, 3]);
    expect(lines(health, "UDP ports available")).toEqual([null, 10]);
    expect(lines("webrtc-overview.json", "Success rate")).toEqual([null, 0.95]);
    expect(lines("webrtc-overview.json", "Relay fallback")).toEqual([null, 20, 50]);
    expect(lines("webrtc-latency.json", "RTT, direct")).toEqual([null, 0.1]);
    expect(lines("webrtc-latency.json", "RTT, relay")).toEqual([null, 0.5]);
    expect(lines("webrtc-latency.json", "Packet loss")).toEqual([null, 0.05]);
    expect(lines("webrtc-resources.json", "CPU")).toEqual([null, 0.8]);
    expect(lines("webrtc-resources.json", "Memory")).toEqual([null, 700e6]);
  });
});

describe("WebRTC Health", () => {
  const { rows, panels } = shown("dragonfork-webrtc-health.json");

  test("five rows and their panels", () => {
    expect(rows).toEqual([
      "WHEP API health",
      "ICE establishment",
      "What's flowing",
      "Capacity headroom",
      "Silent degradation",
    ]);
    expect(panels.map((panel) => panel.type).join(" ")).toBe(
      "stat timeseries timeseries gauge timeseries table stat timeseries table gauge timeseries timeseries stat",
    );
  });

  test("its metrics are shown but the used ports, of which the free ones are the rest", () => {
    const text = JSON.stringify(panels);
    const known = Object.values(METRICS).map(({ name }) => name as string);
    const named = [...text.matchAll(/dragonfork_webrtc_\w+?(?=(_bucket|_count)?\W)/g)];
    expect([...new Set(named.map(([name]) => name))].toSorted()).toEqual(
      known.filter((name) => name !== METRICS.udpPortsInUse.name).toSorted(),
    );
  });
});

describe("a real Prometheus that scrapes a real server", () => {
  let server: TestServer;
  let viewer: WhepPlayer;
  let relayed: WhepPlayer;
  let prometheus: Prometheus;
  const certificateFile = certificate();

  const play = async (change: (sdp: string, player: WhepPlayer) => string = (sdp) => sdp) => {
    const player = await WhepPlayer.create({ url: server.whep("test") });
    await player.post(change(player.offer(), player));
    player.connect();
    return player;
  };
  const viewersAre = (count: number) =>
    until(
      async () => (await server.metric(METRICS.activePeers.name, { stream_id: "test" })) === count,
      20_000,
      `${count} viewers`,
    );

  /** Two viewers that stay: one direct, one whose only candidate is a relay's. */
  async function twoViewers(): Promise<void> {
    viewer = await WhepPlayer.play({ url: server.whep("test") });
    relayed = await play(
      (sdp, { port }) =>
        `${sdp}a=candidate:1 1 udp 1 127.0.0.1 ${port} typ relay raddr 0.0.0.0 rport 0\r\n`,
    );
    await until(() => relayed.connected, 20_000, "the viewer behind a relay");
  }

  /** Reports of both with loss and jitter, a request for what is missing and one for a keyframe. */
  async function feedback(): Promise<void> {
    for (const player of [viewer, relayed]) {
      const reports = new ReceiverReports(player);
      const isReady = () => reports.hasSenderReport("video") && player.media("audio") !== undefined;
      await until(isReady, 20_000, "a sender report");
      for (let report = 0; report < 4; report++) {
        await Bun.sleep(100);
        reports.send("video", { lost: 5, fractionLost: 0.3, jitter: 900 });
        reports.send("audio", { jitter: 48 });
      }
      const video = player.media("video");
      player.nack(video?.ssrc ?? 0, [video?.highestSequence ?? 0]);
      reports.pictureLost();
    }
    const reports = new ReceiverReports(viewer);
    const isCongested = async () => {
      reports.send("video", { fractionLost: 0.3 });
      await Bun.sleep(100);
      return (await server.metric(VIEWER_METRICS.framesSkipped.name, { stream_id: "test" })) > 0;
    };
    await until(isCongested, 20_000, "frames to be left out");
  }

  /** One of each request that a panel counts: a viewer that plays, and the errors. */
  async function errors(): Promise<void> {
    const satisfied = await WhepPlayer.play({ url: server.whep("test") });
    await moreMedia(satisfied);
    await satisfied.close();
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
    await viewersAre(2);
    const impostor = await play(withOtherFingerprint);
    await viewersAre(2);
    impostor.vanish();
    const forged = await fetch(server.whep(GUARDED.id), {
      method: "POST",
      headers: { "content-type": "application/sdp", authorization: `Bearer ${FORGED}` },
      body: viewer.offer(),
    });
    expect(forged.status).toBe(401);
  }

  beforeAll(async () => {
    server = await startServer({
      demo: true,
      processes: [GUARDED],
      env: {
        CORE_ID: CORE,
        CORE_MEDIA_WORKERS: "1",
        CORE_METRICS_CERTIFICATE_FILE: certificateFile,
        CORE_WEBRTC_MAX_PEERS_PER_STREAM: "3",
        CORE_WEBRTC_ICE_TIMEOUT_SECONDS: "3",
      },
    });
    prometheus = await Prometheus.start(new URL(server.url).host);
    await untilLive(server, "test");
    await prometheus.nextScrapes();
    // Once only.
    await fetch(server.whep("test"), { method: "POST", body: "" });
    await twoViewers();
    // Twice: rate() sees a series that appears with its first event only from the second on.
    for (let round = 0; round < 2; round++) {
      await feedback();
      await errors();
      await prometheus.nextScrapes();
    }
    process.kill(await ffmpegOf(server.pid), "SIGKILL");
    await untilLive(server, "test");
    const fires = async () => (await prometheus.firing("WebRTCFFmpegLegFailure")).length === 2;
    await until(fires, 30_000, "the alert to fire");
    await prometheus.nextScrapes();
  }, 180_000);

  afterAll(async () => {
    await viewer?.close();
    await relayed?.close();
    await prometheus?.stop();
    await server?.stop();
    rmSync(dirname(certificateFile), { recursive: true });
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

  /** All values of a query, over the last half minute where it is drawn as a graph. */
  async function values(expr: string, range: boolean | undefined): Promise<number[]> {
    const query = filled(expr);
    expect(query).not.toContain("$");
    const end = Date.now() / 1000;
    const span = { start: String(end - 30), end: String(end), step: "1" };
    const answer = range
      ? await prometheus.get("query_range", { query, ...span })
      : await prometheus.get("query", { query });
    expect(answer.error ?? "").toBe("");
    return answer.data.result.flatMap(
      ({ value, values: more }: { value?: [number, string]; values?: [number, string][] }) =>
        [...(value ? [value] : []), ...(more ?? [])].map(([, text]) => Number(text)),
    );
  }

  for (const { dashboard, panels } of SHOWN) {
    for (const panel of panels) {
      const place = `${dashboard.title} / ${panel.title}`;
      test(`${place} has data`, async () => {
        for (const { expr, range, legendFormat } of panel.targets) {
          const query = `${place} / ${legendFormat ?? ""}`;
          const provoked = (await values(expr, range)).some((number) => number > 0);
          expect({ query, provoked }).toEqual({ query, provoked: !(query in NOT_PROVOKED) });
        }
      });
    }
  }

  test("an error that has happened once is among the top errors", async () => {
    const panel = shown("webrtc-overview.json").panels.find(({ title }) => title === "Top errors");
    const [{ expr } = { expr: "" }] = panel?.targets ?? [];
    const once = expr
      .replaceAll('outcome!="connected"', 'outcome="unsupported_media_type"')
      // Longer than this test may take.
      .replaceAll("$__range", "1h");
    expect(await values(once, false)).toEqual([1]);
  });

  test("the list of what is not provoked names queries that exist", () => {
    const all = SHOWN.flatMap(({ dashboard, panels }) =>
      panels.flatMap(({ title, targets }) =>
        targets.map(({ legendFormat }) => `${dashboard.title} / ${title} / ${legendFormat ?? ""}`),
      ),
    );
    expect(Object.keys(NOT_PROVOKED).filter((query) => !all.includes(query))).toEqual([]);
  });

  test("the variables have values", async () => {
    const known = async (label: string) => (await prometheus.get(`label/${label}/values`)).data;
    expect(await known("core")).toContain(CORE);
    expect(await known("stream_id")).toEqual([GUARDED.id, "test", "unknown"]);
  });

  test("the killed FFmpeg fires its alert, which the dashboards mark", async () => {
    const legs = (await prometheus.firing("WebRTCFFmpegLegFailure")).map(({ leg }) => leg ?? "");
    expect(legs.toSorted()).toEqual(["audio", "video"]);
    for (const { dashboard } of SHOWN) {
      const marks = dashboard.annotations?.list?.[0]?.expr ?? "";
      const { data: marked } = await prometheus.get("query", { query: filled(marks) });
      expect(marked.result.length).toBeGreaterThanOrEqual(2);
    }
  });
});
