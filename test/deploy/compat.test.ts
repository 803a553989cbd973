/**
 * Queries as other documents print them, answered by a real Prometheus with the optional rules, which scrapes all
 * metrics of this server while they grow. Needs prometheus.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { CERTIFICATE_METRICS } from "../../src/metrics/certificate-names.ts";
import { gauge } from "../../src/metrics/create.ts";
import { RTT_BUCKETS } from "../../src/metrics/viewer-names.ts";
import { collector } from "../support/metrics-collector.ts";
import { BUNDLE, yaml } from "./support/bundle.ts";
import { Prometheus } from "./support/prometheus.ts";

const COMPAT = "prom/rules-optional/compat.yml";

/** Names of those documents that have no equivalent here, and why. */
const WITHOUT: Readonly<Record<string, string>> = {
  node_time_seconds: "Prometheus' node exporter has it; time() is the same",
  webrtc_signature_verification_success: "tokens that are good are not counted",
};

const rtt = (quantile: number, type: string) =>
  `histogram_quantile(${quantile}, rate(webrtc_rtt_milliseconds_bucket{connection_type="${type}"}[5m]))`;

const MESH = [
  'webrtc_connections_total{state="connected"}',
  'webrtc_connections_total{state="failed"}',
  'webrtc_connections_total{state="pending"}',
  "rate(webrtc_connections_established[5m]) / rate(webrtc_connections_attempted[5m])",
  "count(webrtc_agent_connected)",
  "rate(webrtc_messages_sent_total[1m])",
  "rate(webrtc_messages_received_total[1m])",
  "rate(webrtc_turn_fallback_total[5m]) * 100",
  "topk(5, increase(webrtc_errors_total[5m]))",
  ...["p2p", "relay"].flatMap((type) => [rtt(0.5, type), rtt(0.95, type), rtt(0.99, type)]),
  "rate(webrtc_jitter_milliseconds[5m])",
  "histogram_quantile(0.95, rate(webrtc_connection_establishment_seconds_bucket[5m]))",
  "rate(webrtc_dtls_validation_success[5m])",
  "rate(webrtc_dtls_validation_failures[5m])",
  "rate(webrtc_signature_verification_success[5m])",
  "rate(webrtc_signature_verification_failures[5m])",
  "increase(webrtc_srtp_key_rotations_total[1h])",
  "(node_time_seconds - ssl_cert_not_after_seconds) / 86400",
  "topk(10, increase(webrtc_security_events_total[24h]))",
  "rate(webrtc_cpu_seconds[5m]) * 100",
  "webrtc_memory_bytes / 1024 / 1024 / 1024",
  "rate(webrtc_network_bytes_sent[5m])",
  "rate(webrtc_network_bytes_received[5m])",
  "process_resident_memory_bytes",
  "process_open_fds / process_max_fds * 100",
];

const MESH_ALERTS = [
  "(increase(webrtc_connections_failed_total[5m]) / increase(webrtc_connections_attempted_total[5m])) > 0.05",
  "count(webrtc_agent_connected) == 0",
  `${rtt(0.95, "p2p")} > 100`,
  `${rtt(0.95, "relay")} > 500`,
  "(increase(webrtc_packets_lost_total[5m]) / increase(webrtc_packets_sent_total[5m])) > 0.05",
  "(increase(webrtc_turn_fallback_total[5m]) / increase(webrtc_total_connections[5m])) > 0.2",
  "increase(webrtc_dtls_validation_failures_total[5m]) > 0",
  "increase(webrtc_signature_verification_failures_total[5m]) > 0",
  "(ssl_cert_not_after_seconds - time()) / 86400 < 7",
  "webrtc_memory_bytes / 1024 / 1024 / 1024 > 0.7",
  "rate(webrtc_cpu_seconds[5m]) > 0.8",
  'up{job="signaling-server"} == 0',
  'up{job="webrtc-mesh"} == 0',
  '(count(webrtc_connections_total{state="connected"}) / count(webrtc_agent_connected)) < 0.95',
];

const LIVE = [
  "live_rooms",
  "sum(live_subscribers)",
  'live_subscribers{room="cam-0"}',
  "rate(live_rtp_bytes_total[1m])",
  "rate(live_rtp_packets_total[1m])",
  "go_memstats_heap_alloc_bytes > 1073741824",
  "rate(process_cpu_seconds_total[1m]) > 0.8",
  "live_rooms == 0",
  "live_subscribers > 500",
];

const CAPITALS = [
  "HTTP_REQUESTS_IN_PROGRESS",
  "HTTP_REQUESTS_TOTAL",
  "VIDEOS_WATCH_TIME_SECONDS_TOTAL",
  "WORKER_JOBS_COMPLETED_TOTAL",
  "WORKER_HEARTBEAT_AGE_SECONDS",
  "STORAGE_VIDEOS_BYTES",
  "STORAGE_RECONCILIATION_STATUS",
  "BACKGROUND_TASK_ERRORS_TOTAL",
  "BACKGROUND_TASK_LAST_SUCCESS",
  "BACKGROUND_TASK_DURATION_SECONDS",
];

/** What an alert compares, without its limit: that must be there whether it fires or not. */
function compared(query: string): string {
  return query.replace(/ (?:>|<|==) [\d.]+$/, "");
}

function isWithout(query: string): boolean {
  return Object.keys(WITHOUT).some((name) => query.includes(name));
}

describe("queries of other documents", () => {
  let prometheus: Prometheus;
  let target: ReturnType<typeof Bun.serve>;

  beforeAll(async () => {
    const { exposition, http, registry, tasks, tell, viewers } = collector({
      ...{ streams: 2, peersPerStream: 20, defaults: true, growing: true },
      nowMs: () => performance.now(),
    });
    target = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: async (request) => {
        const of = { atMs: Date.now(), peerId: "late", streamId: "cam-0" };
        tell({ type: "opened", ...of });
        tell({ type: "closed", reason: "dtls_failed", seconds: 1, ...of });
        viewers.securityEvent("token_signature_invalid");
        tasks.run("process_supervision", () => {});
        const { body, contentType } = await exposition.scrape(request.headers.get("accept") ?? "");
        return new Response(body, { headers: { "content-type": contentType } });
      },
    });
    gauge(registry, CERTIFICATE_METRICS.notAfter).set(Date.now() / 1000 + 1e6);
    await http
      .hook()
      .get("/metrics", () => "")
      .handle(new Request("http://localhost/metrics"));
    prometheus = await Prometheus.start(`127.0.0.1:${target.port}`, {
      rules: [join(BUNDLE, COMPAT)],
    });
    // rate() needs two evaluations of the rules after the scrapes they look at.
    for (let i = 0; i < 4; i++) await prometheus.nextScrapes();
  }, 120_000);

  afterAll(async () => {
    await prometheus?.stop();
    await target?.stop(true);
  });

  const results = async (query: string) => {
    const { status, error, data } = await prometheus.get("query", { query });
    expect({ query, status, error }).toEqual({ query, status: "success", error: undefined });
    return data.result as readonly { value: readonly [number, string] }[];
  };

  test.each([...MESH, ...MESH_ALERTS, ...LIVE, ...CAPITALS])("%s", async (query) => {
    await results(query);
    const found = await results(compared(query));
    expect({ query, isEmpty: found.length === 0 }).toEqual({ query, isEmpty: isWithout(query) });
    const numbers = found.map(({ value }) => Number(value[1]));
    if (numbers.length > 0) expect(numbers.some((number) => !Number.isNaN(number))).toBe(true);
  });

  test("round trips in milliseconds are those in seconds", async () => {
    const ours = `histogram_quantile(0.95, sum by (le) (dragonfork_webrtc_rtt_seconds_bucket{connection_type="direct"})) * 1000`;
    const theirs = `histogram_quantile(0.95, sum by (le) (webrtc_rtt_milliseconds_bucket{connection_type="p2p"}))`;
    const [[a], [b]] = await Promise.all([results(ours), results(theirs)]);
    expect(Number(b?.value[1])).toBeCloseTo(Number(a?.value[1]), 6);
  });

  test("what has no equivalent is used by a query, and gives no series", async () => {
    const all = [...MESH, ...MESH_ALERTS, ...LIVE, ...CAPITALS].join("\n");
    for (const name of Object.keys(WITHOUT)) {
      expect(all).toContain(name);
      expect(await results(name)).toEqual([]);
    }
  });
});

test("each bucket of our round trips has a rule", () => {
  const rules: readonly { record: string; expr: string; labels?: { le?: string } }[] = yaml(
    COMPAT,
  ).groups.flatMap(({ rules }: { rules: readonly unknown[] }) => rules);
  const buckets = rules.filter(({ record }) => record === "webrtc_rtt_milliseconds_bucket");
  expect(buckets.map(({ labels }) => labels?.le)).toEqual([
    ...RTT_BUCKETS.map((seconds) => String(seconds * 1000)),
    "+Inf",
  ]);
});
