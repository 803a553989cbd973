/** A scrape: what it holds in three states, its formats, its bounds, and what it leaves to others meanwhile. */
import { describe, expect, test } from "bun:test";
import { Gauge } from "prom-client";
import { createExposition } from "../../../src/metrics/exposition.ts";
import { HTTP_APIS } from "../../../src/metrics/http-names.ts";
import { createRegistry, type MetricsRegistry } from "../../../src/metrics/registry.ts";
import { STORES, TASKS } from "../../../src/metrics/task-names.ts";
import { SECURITY_EVENTS } from "../../../src/security-events.ts";
import { collector } from "../../support/metrics-collector.ts";

const OPENMETRICS = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3,*/*;q=0.1";
const SERIES_MAX = 1000;

function lint(text: string): string {
  const run = Bun.spawnSync(["promtool", "check", "metrics"], { stdin: Buffer.from(text) });
  return `${run.exitCode}${run.stdout}${run.stderr}`;
}

function samples(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

describe("all metrics", () => {
  test.each([
    ["no-stream", { streams: 0, peersPerStream: 0 }],
    ["one-stream", { streams: 1, peersPerStream: 20 }],
    ["several-streams", { streams: 3, peersPerStream: 10 }],
  ])("with %s are those of the golden text, and clean", async (name, size) => {
    const { body } = await collector(size).exposition.scrape();
    const file = Bun.file(new URL(`../../golden/metrics-all-${name}.prom`, import.meta.url));
    if (process.env["UPDATE_GOLDEN"] === "1") await Bun.write(file, body);
    expect(body).toBe(await file.text());
    expect(lint(body)).toBe("0");
  });

  test("of five streams with a hundred viewers each are fewer than 1,000 series", async () => {
    const { exposition } = collector({ streams: 5, peersPerStream: 100, defaults: true });
    const { body } = await exposition.scrape();
    const count = samples(body).length;
    expect(count).toBeLessThan(SERIES_MAX);
    expect(body).toContain(`dragonfork_metrics_series{core="test"} ${count}\n`);
  });

  test("of ten times as many viewers are as many series", async () => {
    const few = await collector({ streams: 2, peersPerStream: 30 }).exposition.scrape();
    const many = await collector({ streams: 2, peersPerStream: 300 }).exposition.scrape();
    expect(samples(many.body).length).toBe(samples(few.body).length);
  });

  test("of streams beyond the limit are those of one more", async () => {
    const size = { peersPerStream: 10, streamsMax: 3 };
    const four = await collector({ streams: 4, ...size }).exposition.scrape();
    const fifty = await collector({ streams: 50, ...size }).exposition.scrape();
    expect(samples(fifty.body).length).toBe(samples(four.body).length);
    expect(fifty.body).toContain(
      'dragonfork_webrtc_active_peers{stream_id="other",core="test"} 470\n',
    );
    expect(fifty.body).toContain(
      'dragonfork_webrtc_connections_attempted_total{stream_id="other",core="test"} 470\n',
    );
  });
});

/** Every label of ours with the values it can have; what a client sends is none of them. */
const LABELS: Readonly<Record<string, RegExp>> = {
  core: /^test$/,
  stream_id: /^(cam-\d|unknown|other)$/,
  leg: /^(video|audio)$/,
  kind: /^(video|audio)$/,
  scope: /^(global|stream)$/,
  state: /^(new|checking|handshaking|connected|finished|starting|running|finishing|failed|killed)$/,
  result: /^(connected|succeeded|failed)$/,
  reason: /^[a-z_]{4,24}$/,
  outcome: /^[a-z_]{4,24}$/,
  connection_type: /^(direct|relay)$/,
  event: new RegExp(`^(${SECURITY_EVENTS.join("|")})$`),
  api: new RegExp(`^(${HTTP_APIS.join("|")})$`),
  method: /^([A-Z]{3,7}|other)$/,
  route: /^(post|patch|delete|get|head|options|other|\/api\/v3\/process\/:id)$/,
  code: /^[1-5]\d\d$/,
  task: new RegExp(`^(${TASKS.join("|")})$`),
  store: new RegExp(`^(${STORES.join("|")})$`),
  worker: /^media-\d+$/,
  le: /^(\+Inf|[\d.]+)$/,
};

test("every label has a closed list of values, whatever ids, paths and methods come", async () => {
  const { exposition, http, instruments, tell, viewers } = collector({
    ...{ streams: 2, peersPerStream: 5 },
  });
  const app = http.hook().get("/api/v3/process/:id", () => "");
  for (let i = 0; i < 200; i++) {
    const wild = `${Math.random()}"\n{}`;
    instruments.whepRequest("other", 404, wild, 1);
    viewers.joinRefused(wild, "stream-not-found");
    tell({ type: "opened", atMs: 0, peerId: "p", streamId: wild });
    tell({ type: "closed", reason: "kicked", seconds: 1, atMs: 0, peerId: "p", streamId: wild });
    const path = encodeURIComponent(wild);
    await app.handle(new Request(`http://localhost/${path}`, { method: "PROPFIND" }));
    await app.handle(new Request(`http://localhost/api/v3/process/${path}`));
  }
  await Bun.sleep(1);
  const { body } = await exposition.scrape();
  for (const line of samples(body)) {
    for (const [, name = "", value = ""] of line.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      expect({ name, value }).toEqual({ name, value: expect.stringMatching(LABELS[name] ?? /^$/) });
    }
  }
  expect(samples(body).length).toBeLessThan(SERIES_MAX / 2);
});

describe("the format", () => {
  test.each([
    ["", "text/plain"],
    ["*/*", "text/plain"],
    [OPENMETRICS, "application/openmetrics-text"],
    ["application/openmetrics-text", "application/openmetrics-text"],
    ["text/plain;q=0.9, application/openmetrics-text;q=0.5", "text/plain"],
    ["application/openmetrics-text;q=0", "text/plain"],
  ])("for Accept: %s is %s", async (accept, type) => {
    const { exposition } = collector({ streams: 1, peersPerStream: 1 });
    expect((await exposition.scrape(accept)).contentType).toStartWith(type);
  });

  test("OpenMetrics names the session of a sample, the plain text none", async () => {
    const { exposition, tell } = collector({ streams: 1, peersPerStream: 1 });
    const of = { atMs: 0, peerId: "S3ss10n-_", streamId: "cam-0" };
    tell({ type: "closed", reason: "no_stun_received", seconds: 15, ...of });
    const open = (await exposition.scrape(OPENMETRICS)).body;
    const failed = (line: string) =>
      line.startsWith("dragonfork_webrtc_connections_failed_total") &&
      line.includes("no_stun_received");
    expect(samples(open).find(failed)).toMatch(/ 1 # \{session_id="S3ss10n-_"\} 1 \d/);
    expect(open).toMatch(/ice_establishment_duration_seconds_bucket.* # \{session_id="p0"\} 0\.1 /);
    expect(open).toContain("# TYPE dragonfork_webrtc_connections_failed counter\n");
    expect(open).toEndWith("\n# EOF\n");
    const plain = (await exposition.scrape()).body;
    expect(plain).not.toContain("session_id");
    expect(samples(plain).map(withoutValue)).toEqual(
      samples(open).map((line) => withoutValue(line.split(" # ")[0] ?? "")),
    );
  });

  test("a stream whose id looks like an exemplar keeps its series", async () => {
    const registry = createRegistry("test");
    const labelNames = ["stream_id"];
    const gauge = new Gauge({ name: "x", help: "x.", labelNames, registers: [registry] });
    gauge.set({ stream_id: 'a # {session_id="b"} 1 2' }, 5);
    const { body } = await bare(registry).scrape();
    expect(body).toContain('x{stream_id="a # {session_id=\\"b\\"} 1 2",core="test"} 5\n');
  });
});

const withoutValue = (line: string) => line.slice(0, line.lastIndexOf(" "));

/** Only what is in this registry. */
function bare(registry: MetricsRegistry, more: object = {}) {
  return createExposition({
    core: "test",
    registry,
    instruments: { syncStreams: () => {} },
    snapshot: {
      refresh: () => ({
        ...{ streamCount: 0, peersByStream: new Map() },
        ...{ udpPortsInUse: 0, udpPortsAvailable: 0 },
      }),
    },
    nowMs: () => 0,
    reuseMs: -1,
    ...more,
  });
}

function manyGauges(count: number): MetricsRegistry {
  const registry = createRegistry("test");
  for (let i = 0; i < count; i++) {
    new Gauge({ name: `gauge_${i}`, help: "One of many.", registers: [registry] }).set(i);
  }
  return registry;
}

describe("a scrape", () => {
  test("that gets too large leaves out the rest, and says how much", async () => {
    const { body } = await bare(manyGauges(100), { limits: { bytesMax: 1000 } }).scrape();
    expect(body.length).toBeLessThan(3000);
    const leftOut = Number(/families_left_out\{core="test"\} (\d+)/.exec(body)?.[1]);
    expect(leftOut).toBeGreaterThan(50);
    expect(samples(body).filter((line) => line.startsWith("gauge_"))).toHaveLength(100 - leftOut);
    expect(lint(body)).not.toContain("error");
  });

  test("that takes too long leaves out the rest", async () => {
    let ms = 0;
    const slow = { nowMs: () => ms++, limits: { msMax: 20 } };
    const { body } = await bare(manyGauges(100), slow).scrape();
    expect(body).toContain("gauge_1{");
    expect(body).not.toContain("gauge_99{");
  });

  test("lets other work have its turn", async () => {
    let ms = 0;
    let turns = 0;
    let over = false;
    const media = () => {
      turns += 1;
      if (!over) setImmediate(media);
    };
    setImmediate(media);
    await bare(manyGauges(50), { nowMs: () => ms++ }).scrape();
    over = true;
    expect(turns).toBeGreaterThan(40);
  });

  test("is one for all who ask at the same time, and for a while after", async () => {
    let ms = 0;
    const exposition = bare(manyGauges(3), { nowMs: () => ms, reuseMs: 100 });
    const [first, second] = await Promise.all([exposition.scrape(), exposition.scrape()]);
    expect(second).toBe(first);
    ms = 100;
    expect(await exposition.scrape()).toBe(first);
    ms = 101;
    expect(await exposition.scrape()).not.toBe(first);
  });

  test("that fails does not spoil the next", async () => {
    const registry = manyGauges(1);
    let broken = true;
    const refresh = async () => {
      if (broken) throw new Error("no numbers");
    };
    const exposition = bare(registry, { refresh });
    await expect(exposition.scrape()).rejects.toThrow("no numbers");
    await exposition.scrape().catch(() => {});
    broken = false;
    expect((await exposition.scrape()).body).toContain("gauge_0{");
  });
});
