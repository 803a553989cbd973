import { afterEach, expect, test } from "bun:test";
import type { PeerChange } from "../../../src/peer-events.ts";
import { History, SAMPLES_MAX, STREAMS_MAX, type StreamNow } from "../../../src/recent/history.ts";

let nowMs = 1_000_000;
let streams: StreamNow[] = [];
const open: History[] = [];

afterEach(() => {
  for (const history of open.splice(0)) history.close();
});

function newHistory(): History {
  const history = new History({ streams: () => streams, unixMs: () => nowMs });
  open.push(history);
  return history;
}

function sample(history: History, ...now: StreamNow[]): void {
  streams = now;
  nowMs += 10_000;
  history.sample();
}

const happens = (history: History, peerId: string, change: PeerChange) =>
  history.peerEvent({ ...change, atMs: 0, peerId, streamId: "test" });
const report = (lost: number, expected: number) =>
  ({
    type: "report",
    leg: "video",
    connectionType: "direct",
    rttSeconds: 0.01,
    jitterSeconds: 0,
    lost,
    expected,
  }) as const;

test("samples viewers, what they are sent and lose, and what failed since the last sample", () => {
  const history = newHistory();
  expect(history.of("test")).toBeUndefined();
  sample(history, { id: "test", viewers: 0, bytesSent: 5000 });
  happens(history, "p1", { type: "connected", seconds: 1, connectionType: "direct" });
  happens(history, "p1", report(1, 60));
  happens(history, "p1", report(2, 60));
  sample(history, { id: "test", viewers: 1, bytesSent: 1_255_000 });
  happens(history, "p1", { type: "closed", reason: "client_gone", seconds: 5 });
  happens(history, "p2", { type: "closed", reason: "no_stun_received", seconds: 15 });
  history.failed("test");
  history.failed("unknown");
  sample(history, { id: "test", viewers: 0, bytesSent: 1_255_000 });
  // The stream was made anew: its count begins again.
  sample(history, { id: "test", viewers: 0, bytesSent: 100 });
  expect(history.of("test")).toEqual({
    intervalSeconds: 10,
    untilMs: nowMs,
    viewers: [0, 1, 0, 0],
    sentKbit: [0, 1000, 0, 0],
    lossPercent: [undefined, 2.5, undefined, undefined],
    failures: [0, 0, 2, 0],
  });
});

test("keeps an hour, and nothing of streams that are gone", () => {
  const history = newHistory();
  for (let i = 0; i < SAMPLES_MAX + 5; i++) {
    sample(history, { id: "test", viewers: i, bytesSent: 0 });
  }
  const viewers = history.of("test")?.viewers ?? [];
  expect(viewers).toHaveLength(SAMPLES_MAX);
  expect([viewers[0], viewers.at(-1)]).toEqual([5, SAMPLES_MAX + 4]);
  sample(history, { id: "other", viewers: 0, bytesSent: 0 });
  expect(history.of("test")).toBeUndefined();
});

test("has a bounded number of streams", () => {
  const history = newHistory();
  const many = Array.from({ length: STREAMS_MAX + 1 }, (_, i) => ({
    id: `s${i}`,
    viewers: 1,
    bytesSent: 0,
  }));
  sample(history, ...many);
  expect(history.of(`s${STREAMS_MAX - 1}`)?.viewers).toEqual([1]);
  expect(history.of(`s${STREAMS_MAX}`)).toBeUndefined();
});
