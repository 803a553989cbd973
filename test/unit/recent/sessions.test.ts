import { describe, expect, test } from "bun:test";
import type { PeerChange } from "../../../src/peer-events.ts";
import { ENDED_MAX, REFUSED_MAX, RecentSessions } from "../../../src/recent/sessions.ts";
import { STEPS_MAX } from "../../../src/recent/timeline.ts";

const IDS = { request: "r1", trace: "t1" };

function newSessions() {
  const sessions = new RecentSessions();
  const happens = (peerId: string, atMs: number, change: PeerChange) =>
    sessions.peerEvent({ ...change, atMs, peerId, streamId: "test" });
  return { sessions, happens };
}

const report = (lost: number, expected: number, rttSeconds = 0.04) =>
  ({
    type: "report",
    leg: "video",
    connectionType: "direct",
    rttSeconds,
    jitterSeconds: 0.001,
    lost,
    expected,
  }) as const;

test("a life is told step by step, from the offer", () => {
  const { sessions, happens } = newSessions();
  // As events come: those of the media side before HTTP tells of the answer.
  happens("p1", 1004, { type: "opened" });
  sessions.joined("test", "p1", IDS, { offeredMs: 1000, answeredMs: 1005 });
  happens("p1", 1010, { type: "stun_received" });
  happens("p1", 1012, {
    type: "path_selected",
    candidateType: "srflx",
    moved: false,
    remote: "192.0.2.7:50123",
    localPort: 8189,
  });
  happens("p1", 1020, { type: "dtls_connected", cipher: "AES" });
  happens("p1", 1021, { type: "connected", seconds: 0.017, connectionType: "direct" });
  happens("p1", 1030, { type: "first_keyframe_sent", seconds: 0.026 });
  expect(sessions.get("p1")).toMatchObject({ state: "connected", endedMs: undefined });
  happens("p1", 2000, report(0, 60));
  happens("p1", 3000, report(2, 60));
  happens("p1", 4000, report(30, 60, 0.09));
  happens("p1", 5000, report(6, 200));
  happens("p1", 9000, { type: "closed", reason: "consent_lost", seconds: 8 });
  const session = sessions.get("p1");
  expect(session).toMatchObject({
    streamId: "test",
    state: "ended",
    reason: "consent_lost",
    connected: true,
    startedMs: 1000,
    endedMs: 9000,
    joinSeconds: 0.026,
    candidateType: "srflx",
    connectionType: "direct",
    rttSeconds: 0.04,
    packetsLost: 38,
    lossBursts: 1,
    requestId: "r1",
    traceId: "t1",
    stepsLeftOut: 0,
  });
  expect(session?.steps.map(({ atMs, event }) => [atMs, event])).toEqual([
    [1000, "offer_received"],
    [1005, "offer_answered"],
    [1010, "first_stun"],
    [1012, "path_selected"],
    [1020, "dtls_connected"],
    [1021, "media_started"],
    [1030, "first_keyframe_sent"],
    [2000, "first_receiver_report"],
    [4000, "loss_burst"],
    [9000, "closed"],
  ]);
  expect(session?.steps[3]?.detail).toMatchObject({ remote: "192.0.2.7:50123", localPort: 8189 });
  expect(session?.steps.at(-1)?.detail).toEqual({ reason: "consent_lost" });
});

test("a stormy path does not crowd everything else out of the timeline", () => {
  const { sessions, happens } = newSessions();
  sessions.joined("test", "p1", IDS, { offeredMs: 1000, answeredMs: 1000 });
  for (let i = 0; i < 700; i++) happens("p1", 2000 + i * 50, report(8, 10));
  happens("p1", 38_000, { type: "congested", framesSkipped: 49 });
  const session = sessions.get("p1");
  expect(session).toMatchObject({ lossBursts: 700, stepsLeftOut: 0 });
  expect(session?.steps.map(({ atMs, event }) => [atMs, event]).slice(-4)).toEqual([
    [2000, "first_receiver_report"],
    [2000, "loss_burst"],
    [32_000, "loss_burst"],
    [38_000, "congested"],
  ]);
});

test("one that never connected says so", () => {
  const { sessions, happens } = newSessions();
  sessions.joined("test", "p1", IDS, { offeredMs: 1, answeredMs: 2 });
  happens("p1", 15_000, { type: "closed", reason: "no_stun_received", seconds: 15 });
  expect(sessions.get("p1")).toMatchObject({ connected: false, reason: "no_stun_received" });
});

test("a refused offer is found by its request", () => {
  const { sessions } = newSessions();
  sessions.refused("test", "codec_mismatch", { request: "r9", trace: undefined }, 77);
  expect(sessions.get("r9")).toMatchObject({
    id: "r9",
    state: "refused",
    reason: "codec_mismatch",
    startedMs: 77,
    endedMs: 77,
    requestId: "r9",
    steps: [{ atMs: 77, event: "refused", detail: { reason: "codec_mismatch" } }],
  });
});

test("one that ended before HTTP told of its answer does not come back", () => {
  const { sessions, happens } = newSessions();
  happens("p1", 5, { type: "closed", reason: "server_drain", seconds: 0 });
  sessions.joined("test", "p1", IDS, { offeredMs: 1, answeredMs: 6 });
  expect(sessions.list()).toMatchObject([{ state: "ended", requestId: "r1", startedMs: 1 }]);
});

describe("bounds", () => {
  test("the oldest go; refused offers do not wash viewers out", () => {
    const { sessions, happens } = newSessions();
    for (let i = 0; i < ENDED_MAX + 7; i++) {
      happens(`p${i}`, i, { type: "closed", reason: "client_gone", seconds: 1 });
    }
    for (let i = 0; i < REFUSED_MAX + 7; i++) {
      sessions.refused("test", "rate_limited", { request: `r${i}`, trace: undefined }, 10_000 + i);
    }
    happens("here", 5, { type: "opened" });
    const ids = sessions.list().map(({ id }) => id);
    expect(ids).toHaveLength(1 + ENDED_MAX + REFUSED_MAX);
    expect(ids.slice(0, 2)).toEqual(["here", `r${REFUSED_MAX + 6}`]);
    expect(ids.at(-1)).toBe("p7");
  });

  test("a long life keeps its first steps and its end", () => {
    const { sessions, happens } = newSessions();
    for (let i = 0; i < 100; i++) happens("p1", i, { type: "ice_restarted" });
    happens("p1", 200, { type: "closed", reason: "kicked", seconds: 1 });
    const session = sessions.get("p1");
    expect(session?.steps).toHaveLength(STEPS_MAX + 1);
    expect(session?.stepsLeftOut).toBe(100 - STEPS_MAX);
    expect(session?.steps.at(-1)?.event).toBe("closed");
  });
});
