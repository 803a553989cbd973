import { describe, expect, test } from "bun:test";
import type { JournalEntry } from "../../../src/journal/entry.ts";
import { ViewerEvents } from "../../../src/journal/viewer-events.ts";
import type { CloseReason, PeerChange } from "../../../src/peer-events.ts";

const PAIR = { remote: "192.0.2.7:50123", localPort: 8189 };

function newViewer() {
  const written: JournalEntry[] = [];
  const viewers = new ViewerEvents((entry) => written.push(entry));
  const happens = (change: PeerChange, atMs = 0) =>
    viewers.peerEvent({ ...change, atMs, peerId: "p1", streamId: "test" });
  return { written, viewers, happens };
}

const summary = (entries: readonly JournalEntry[]) =>
  entries.map(({ event, metadata }) => [event, metadata]);

test("a life by a relay, from the offer to the end", () => {
  const { written, viewers, happens } = newViewer();
  viewers.joined("test", "p1", { request: "r1", trace: "t1" });
  happens({ type: "opened" });
  happens({ type: "stun_received" });
  happens({ type: "path_selected", candidateType: "relay", moved: false, ...PAIR });
  happens({ type: "dtls_connected", cipher: "AES-GCM" });
  happens({ type: "connected", seconds: 0.12345, connectionType: "relay" });
  happens({ type: "first_keyframe_sent", seconds: 0.2 });
  happens({ type: "ice_restarted" });
  happens({ type: "congested", framesSkipped: 12 });
  happens({ type: "security", event: "srtp_auth_failed" });
  happens({ type: "closed", reason: "client_gone", seconds: 60 });
  expect(summary(written)).toEqual([
    ["connection_state_changed", { state: "new", request_id: "r1", trace_id: "t1" }],
    ["connection_state_changed", { state: "checking" }],
    ["webrtc_ice_path_selected", { candidateType: "relay", moved: false, remote: PAIR.remote }],
    ["webrtc_dtls_connected", { cipher: "AES-GCM" }],
    ["srtp_key_rotated", { cipher: "AES-GCM" }],
    ["connection_state_changed", { state: "connected", connectionType: "relay", seconds: 0.123 }],
    ["turn_fallback_initiated", { peer_id: "p1" }],
    ["webrtc_first_keyframe_sent", { seconds: 0.2 }],
    ["webrtc_ice_restarted", {}],
    ["webrtc_congested", { framesSkipped: 12 }],
    ["srtp_auth_failed", {}],
    [
      "connection_state_changed",
      { state: "closed", reason: "client_gone", connected: true, seconds: 60 },
    ],
  ]);
  expect(written.every(({ streamId, peerId }) => streamId === "test" && peerId === "p1")).toBe(
    true,
  );
});

test.each([
  ["no_stun_received", "failed", "warning"],
  ["fingerprint_mismatch", "failed", "warning"],
  ["consent_lost", "failed", "warning"],
  ["worker_lost", "failed", "warning"],
  ["kicked", "closed", "info"],
  ["server_drain", "closed", "info"],
  ["source_changed", "closed", "info"],
] as [CloseReason, string, string][])("the end %s is %s", (reason, state, severity) => {
  const { written, happens } = newViewer();
  happens({ type: "closed", reason, seconds: 1 });
  expect(written[0]).toMatchObject({ severity, metadata: { state, reason, connected: false } });
});

test("refusals name the request, and those of a limit are their own event", () => {
  const { written, viewers } = newViewer();
  viewers.refused("nowhere", "stream_not_found", { request: "r1", trace: undefined });
  viewers.refused("test", "peer_limit_reached", { request: "r2", trace: undefined });
  expect(written).toEqual([
    {
      event: "join_refused",
      streamId: "nowhere",
      metadata: { reason: "stream_not_found", request_id: "r1" },
    },
    {
      event: "cap_rejected",
      streamId: "test",
      metadata: { reason: "peer_limit_reached", request_id: "r2" },
    },
  ]);
});

describe("quality", () => {
  const report = (rttMs: number | undefined, lost: number, expected: number) =>
    ({
      type: "report",
      leg: "video",
      connectionType: "direct",
      rttSeconds: rttMs === undefined ? undefined : rttMs / 1000,
      jitterSeconds: 0.0012,
      lost,
      expected,
    }) as const;

  test("is written at the first figures, while it is poor, and when it is good again", () => {
    const { written, happens } = newViewer();
    happens({ type: "path_selected", candidateType: "srflx", moved: false, ...PAIR });
    happens(report(undefined, 0, 100), 0);
    happens(report(40, 0, 100), 1000);
    // Half a minute of bliss.
    for (let s = 2; s <= 32; s++) happens(report(41, 0, 100), s * 1000);
    for (let s = 33; s <= 62; s++) happens(report(s === 40 ? 640.04 : 45, 0, 100), s * 1000);
    for (let s = 63; s <= 92; s++) happens(report(45, 3, 100), s * 1000);
    for (let s = 93; s <= 200; s++) happens(report(45, 0, 100), s * 1000);
    const updates = written.filter(({ event }) => event === "connection_quality_update");
    const figures: unknown = updates.map(({ severity, metadata }) => ({ severity, ...metadata }));
    expect(figures).toEqual([
      {
        severity: "info",
        quality: "good",
        roundTripTime: 40,
        jitter: 1.2,
        packetsLost: 0,
        packetsExpected: 200,
        candidateType: "srflx",
      },
      {
        severity: "warning",
        quality: "poor",
        roundTripTime: 640,
        jitter: 1.2,
        packetsLost: 0,
        packetsExpected: 3000,
        candidateType: "srflx",
      },
      {
        severity: "warning",
        quality: "poor",
        roundTripTime: 45,
        jitter: 1.2,
        packetsLost: 87,
        packetsExpected: 3000,
        candidateType: "srflx",
      },
      {
        severity: "info",
        quality: "good",
        roundTripTime: 45,
        jitter: 1.2,
        packetsLost: 3,
        packetsExpected: 3000,
        candidateType: "srflx",
      },
    ]);
  });

  test("says nothing of a share of a few packets", () => {
    const { written, happens } = newViewer();
    happens(report(20, 5, 10), 0);
    expect(written[0]?.metadata).toMatchObject({ quality: "good", packetsLost: 5 });
  });
});
