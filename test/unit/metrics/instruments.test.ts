import { describe, expect, test } from "bun:test";
import { addDefaultMetrics } from "../../../src/metrics/exposition.ts";
import { createInstruments } from "../../../src/metrics/instruments.ts";
import { METRICS } from "../../../src/metrics/names.ts";
import { createRegistry } from "../../../src/metrics/registry.ts";
import { createSnapshot } from "../../../src/metrics/snapshot.ts";
import { StreamLabels } from "../../../src/metrics/stream-labels.ts";
import { textOf } from "../../support/metrics-text.ts";

function setUp() {
  const registry = createRegistry("edge-1");
  const labels = new StreamLabels((id) => id === "live", 10);
  const instruments = createInstruments(registry, labels);
  const stats = {
    streamCount: 0,
    peersByStream: new Map<string, number>(),
    udpPortsInUse: 0,
    udpPortsAvailable: 0,
  };
  createSnapshot(registry, labels, { stats: () => stats });
  return { registry, instruments };
}

describe("the contract of the dashboards", () => {
  /** As the design document has them: name, type, labels without `core`. */
  const CONTRACT = [
    ["dragonfork_webrtc_whep_requests_total", "counter", "route code stream_id"],
    ["dragonfork_webrtc_whep_request_duration_seconds", "histogram", "route stream_id"],
    ["dragonfork_webrtc_ice_establishment_duration_seconds", "histogram", "stream_id result"],
    ["dragonfork_webrtc_ice_failures_total", "counter", "stream_id reason"],
    ["dragonfork_webrtc_codec_mismatches_total", "counter", "stream_id kind"],
    ["dragonfork_webrtc_cap_rejections_total", "counter", "stream_id scope"],
    ["dragonfork_webrtc_ffmpeg_leg_failures_total", "counter", "stream_id leg"],
    ["dragonfork_webrtc_active_streams", "gauge", ""],
    ["dragonfork_webrtc_active_peers", "gauge", "stream_id"],
    ["dragonfork_webrtc_udp_ports_in_use", "gauge", ""],
    ["dragonfork_webrtc_udp_ports_available", "gauge", ""],
  ];

  test("has eleven metrics by name, type and labels", () => {
    const ours = Object.values(METRICS).map(({ name, type, labels }) => [
      name,
      type,
      labels.join(" "),
    ]);
    expect(ours).toEqual(CONTRACT);
  });

  test("is what is registered", async () => {
    const registered = await setUp().registry.getMetricsAsJSON();
    expect(registered.map(({ name, type }) => `${name} ${type}`)).toEqual(
      CONTRACT.map(([name, type]) => `${name} ${type}`),
    );
  });

  test("has the buckets of the contract in both histograms", async () => {
    const { registry, instruments } = setUp();
    instruments.whepRequest("post", 201, "live", 0.3);
    instruments.iceConnected("live", 0.3, "p");
    const text = await textOf(registry);
    for (const name of [METRICS.whepRequestDuration.name, METRICS.iceEstablishment.name]) {
      const buckets = text.split("\n").filter((line) => !line.includes('result="failed"'));
      const pattern = new RegExp(`^${name}_bucket{le="([^"]+)"`, "gm");
      const bounds = [...buckets.join("\n").matchAll(pattern)];
      expect(bounds.map(([, bound]) => bound)).toEqual([
        "0.05",
        "0.1",
        "0.25",
        "0.5",
        "1",
        "2.5",
        "5",
        "10",
        "+Inf",
      ]);
    }
  });

  test("has the constant label core on every series", async () => {
    const { registry, instruments } = setUp();
    addDefaultMetrics(registry);
    instruments.whepRequest("post", 201, "live", 0.3);
    const lines = (await textOf(registry)).split("\n");
    for (const line of lines.filter((text) => text !== "" && !text.startsWith("#"))) {
      expect(line).toContain('core="edge-1"');
    }
  });
});

test("the metrics of the process are there and promtool finds them clean", async () => {
  const { registry } = setUp();
  addDefaultMetrics(registry);
  const text = await textOf(registry);
  expect(text).toContain("process_resident_memory_bytes");
  const run = Bun.spawnSync(["promtool", "check", "metrics"], { stdin: Buffer.from(text) });
  expect(`${run.exitCode}${run.stdout}${run.stderr}`).toBe("0");
});

test("ids that are no stream share one label value", async () => {
  const { registry, instruments } = setUp();
  for (let at = 0; at < 1000; at += 1) {
    const id = `random-${at}`;
    instruments.whepRequest("post", 404, id, 0.001);
    instruments.iceConnected(id, 1, "p");
    instruments.iceFailed(id, { reason: "failed", seconds: 1, sessionId: "p" });
    instruments.codecMismatch(id, "audio");
    instruments.capRejected(id, "stream");
    instruments.legFailed(id, "video");
  }
  const text = await textOf(registry);
  expect(text).not.toContain("random-");
  expect(text).toContain(
    'dragonfork_webrtc_whep_requests_total{route="post",code="404",stream_id="unknown",core="edge-1"} 1000',
  );
});

test("a viewer that is lost after it connected is no slow establishment", async () => {
  const { registry, instruments } = setUp();
  instruments.iceFailed("live", { reason: "disconnected", seconds: 300, sessionId: "p" });
  const text = await textOf(registry);
  expect(text).toContain('reason="disconnected",core="edge-1"} 1');
  const failed = `${METRICS.iceEstablishment.name}_count`;
  expect(text).toMatch(new RegExp(`^${failed}{[^}]*result="failed"[^}]*} 0$`, "m"));
});

describe("a stream's series", () => {
  const count = async (text: Promise<string>, result: string) =>
    new RegExp(`duration_seconds_count\\{.*stream_id="cam".*result="${result}".*\\} (\\d+)`).exec(
      (await text).replaceAll(/^(?!.*ice_establishment).*$/gm, ""),
    )?.[1];

  test("start at 0 before the first viewer, and keep one that came before the first scrape", async () => {
    const registry = createRegistry("x");
    const instruments = createInstruments(registry, new StreamLabels((id) => id === "cam", 10));
    instruments.iceConnected("cam", 0.1, "p");
    instruments.syncStreams(["cam"]);
    expect(await count(textOf(registry), "connected")).toBe("1");
    expect(await count(textOf(registry), "failed")).toBe("0");
  });

  test("go with the stream, and start anew when it comes back", async () => {
    const registry = createRegistry("x");
    const instruments = createInstruments(registry, new StreamLabels((id) => id === "cam", 10));
    instruments.iceConnected("cam", 0.1, "p");
    instruments.syncStreams([]);
    expect(await count(textOf(registry), "connected")).toBeUndefined();
    instruments.syncStreams(["cam"]);
    expect(await count(textOf(registry), "connected")).toBe("0");
  });
});
