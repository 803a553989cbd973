import { describe, expect, test } from "bun:test";
import { createRegistry } from "../../../src/metrics/registry.ts";
import { StreamLabels } from "../../../src/metrics/stream-labels.ts";
import { ViewerMetrics } from "../../../src/metrics/viewer-metrics.ts";
import type { PeerChange } from "../../../src/peer-events.ts";
import { textOf } from "../../support/metrics-text.ts";

function setUp(streamsMax = 10) {
  const registry = createRegistry("test");
  const clock = { unixMs: 0 };
  const streams = new Set(["cam"]);
  const metrics = new ViewerMetrics({
    registry,
    labels: new StreamLabels((id) => streams.has(id), streamsMax),
    unixMs: () => clock.unixMs,
  });
  const tell = (change: PeerChange, peerId = "p1", streamId = "cam") =>
    metrics.peerEvent({ ...change, atMs: clock.unixMs, peerId, streamId });
  /** The value of the one series whose line has all these parts. */
  const value = async (name: string, ...parts: string[]) => {
    await metrics.refresh(streams);
    const lines = (await textOf(registry)).split("\n").filter((line) => line.startsWith(name));
    const found = lines.filter((line) => parts.every((part) => line.includes(part)));
    expect(found).toHaveLength(1);
    return Number(found[0]?.split(" ").at(-1));
  };
  const text = async () => {
    await metrics.refresh(streams);
    return textOf(registry);
  };
  return { clock, metrics, registry, streams, tell, text, value };
}

const CONNECTED = { type: "connected", seconds: 0.1, connectionType: "direct" } as const;
const JOINS = "dragonfork_webrtc_joins_total";

describe("each attempt to watch", () => {
  test("that connects ends as connected, whatever becomes of the viewer then", async () => {
    const { tell, value } = setUp();
    tell({ type: "opened" });
    tell({ type: "dtls_connected", cipher: "AEAD_AES_128_GCM" });
    tell(CONNECTED);
    tell({ type: "first_keyframe_sent", seconds: 0.2 });
    tell({ type: "closed", reason: "consent_lost", seconds: 30 });
    expect(await value(JOINS, 'outcome="connected"')).toBe(1);
    expect(await value("dragonfork_webrtc_connections_attempted_total", "cam")).toBe(1);
    expect(await value("dragonfork_webrtc_connections_established_total", "direct")).toBe(1);
    expect(await value("dragonfork_webrtc_sessions_closed_total", "consent_lost")).toBe(1);
    expect(await value("dragonfork_webrtc_join_duration_seconds_sum", "cam")).toBe(0.2);
    expect(await value("dragonfork_webrtc_dtls_handshakes_total", "succeeded")).toBe(1);
  });

  test("that does not connect ends with its one reason", async () => {
    const { tell, text, value } = setUp();
    tell({ type: "opened" });
    tell({ type: "closed", reason: "fingerprint_mismatch", seconds: 1 });
    expect(await value(JOINS, 'outcome="fingerprint_mismatch"')).toBe(1);
    expect(await value(JOINS, 'outcome="connected"')).toBe(0);
    expect(await value("dragonfork_webrtc_connections_failed_total", "fingerprint_mi")).toBe(1);
    expect(await value("dragonfork_webrtc_connections_failed_total", "no_stun_received")).toBe(0);
    const dtlsFailures = "dragonfork_webrtc_dtls_handshake_failures_total";
    expect(await value(dtlsFailures, "fingerprint_mismatch")).toBe(1);
    expect(await value(dtlsFailures, "dtls_failed")).toBe(0);
    expect(await value("dragonfork_webrtc_dtls_handshakes_total", "failed")).toBe(1);
    const closed = (await text()).match(/sessions_closed_total\{.* (\d+)$/gm) ?? [];
    expect(new Set(closed.map((line) => line.slice(-2)))).toEqual(new Set([" 0"]));
  });

  test("that is refused ends with the kind of the refusal; ids that are no stream share a label", async () => {
    const { metrics, value } = setUp();
    metrics.joinRefused("cam", "peer-limit-reached");
    for (let i = 0; i < 100; i++) metrics.joinRefused(`random-${i}`, "stream-not-found");
    expect(await value(JOINS, 'stream_id="cam"', "peer_limit_reached")).toBe(1);
    expect(await value(JOINS, 'stream_id="unknown"', "stream_not_found")).toBe(100);
  });
});

describe("what viewers report", () => {
  test("goes by stream and by the kind of connection", async () => {
    const { tell, value } = setUp();
    tell({
      type: "report",
      leg: "video",
      connectionType: "relay",
      rttSeconds: 0.3,
      jitterSeconds: 0.004,
      lost: 3,
      expected: 100,
    });
    expect(await value("dragonfork_webrtc_rtt_seconds_bucket", 'le="0.5"', "relay")).toBe(1);
    expect(await value("dragonfork_webrtc_rtt_seconds_bucket", 'le="0.2"', "relay")).toBe(0);
    expect(await value("dragonfork_webrtc_jitter_seconds_sum", "relay")).toBe(0.004);
    expect(await value("dragonfork_webrtc_packets_reported_lost_total", "video")).toBe(3);
    expect(await value("dragonfork_webrtc_packets_reported_expected_total", "video")).toBe(100);
  });

  test("relays, frames left out and suspicions are counted", async () => {
    const { tell, value } = setUp();
    tell({ ...CONNECTED, connectionType: "relay" });
    tell({ type: "congested", framesSkipped: 7 });
    tell({ type: "security", event: "srtp_auth_failed" });
    expect(await value("dragonfork_webrtc_relay_fallbacks_total", "cam")).toBe(1);
    expect(await value("dragonfork_webrtc_congestion_frames_skipped_total", "cam")).toBe(7);
    expect(await value("dragonfork_security_events_total", "srtp_auth_failed")).toBe(1);
    expect(await value("dragonfork_security_events_total", "stun_integrity_failed")).toBe(0);
  });
});

describe("watch time", () => {
  test("grows while viewers watch and stays when they have left", async () => {
    const { clock, tell, value } = setUp();
    const seconds = () => value("dragonfork_webrtc_watch_seconds_total", "cam");
    tell(CONNECTED, "a");
    tell(CONNECTED, "b");
    clock.unixMs = 10_000;
    expect(await seconds()).toBe(20);
    tell({ type: "closed", reason: "client_gone", seconds: 10 }, "a");
    clock.unixMs = 15_000;
    expect(await seconds()).toBe(25);
  });

  test("of the other streams does not fall when one of them gets series of its own", async () => {
    const { clock, streams, tell, value } = setUp(1);
    const other = () => value("dragonfork_webrtc_watch_seconds_total", '"other"');
    streams.add("b").add("c");
    tell({ type: "opened" });
    tell(CONNECTED, "p1", "b");
    tell(CONNECTED, "p2", "c");
    clock.unixMs = 10_000;
    expect(await other()).toBe(20);
    streams.delete("cam");
    tell({ type: "closed", reason: "client_gone", seconds: 10 }, "p1", "b");
    expect(await other()).toBe(20);
  });
});

test("the oldest SRTP key is as old as the viewer who came first", async () => {
  const { clock, tell, value } = setUp();
  const age = () => value("dragonfork_webrtc_srtp_key_age_seconds");
  expect(await age()).toBe(0);
  tell(CONNECTED, "a");
  clock.unixMs = 60_000;
  tell(CONNECTED, "b");
  clock.unixMs = 90_000;
  expect(await age()).toBe(90);
  tell({ type: "closed", reason: "client_gone", seconds: 90 }, "a");
  expect(await age()).toBe(30);
});

describe("a stream that is gone", () => {
  test("has no series, and starts anew when it comes back", async () => {
    const { streams, tell, text, value } = setUp();
    tell({ type: "opened" });
    tell(CONNECTED);
    const report = { type: "report", leg: "audio", connectionType: "direct" } as const;
    tell({ ...report, rttSeconds: 0.01, jitterSeconds: 0, lost: 1, expected: 1 });
    streams.delete("cam");
    tell({ type: "closed", reason: "stream_removed", seconds: 1 });
    expect(await text()).not.toContain('"cam"');
    streams.add("cam");
    expect(await value("dragonfork_webrtc_connections_attempted_total", "cam")).toBe(0);
  });
});

test("promtool finds all of it clean", async () => {
  const { tell, text } = setUp();
  tell({ type: "opened" });
  tell(CONNECTED);
  const run = Bun.spawnSync(["promtool", "check", "metrics"], { stdin: Buffer.from(await text()) });
  expect(`${run.exitCode}${run.stdout}${run.stderr}`).toBe("0");
});
