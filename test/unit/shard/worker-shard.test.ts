import { afterEach, describe, expect, jest, test } from "bun:test";
import { MediaSocketFailed } from "../../../src/errors/process.ts";
import { SessionNotFound, StreamNotLive } from "../../../src/errors/viewer.ts";
import { NotReady } from "../../../src/errors.ts";
import type { PeerEvent } from "../../../src/peer-events.ts";
import type { FromWorker, ToWorker } from "../../../src/shard/messages.ts";
import { WorkerShard, type WorkerThread } from "../../../src/shard/worker-shard.ts";
import { Stream } from "../../../src/stream/stream.ts";
import type { Negotiation } from "../../../src/wire/sdp/answer.ts";

/** A thread that does what the test says. */
class FakeThread implements WorkerThread {
  readonly sent: ToWorker[] = [];
  terminated = false;
  private readonly listeners = new Map<string, (what: never) => void>();
  on(event: string, listener: (what: never) => void): void {
    this.listeners.set(event, listener);
  }
  postMessage(message: ToWorker): void {
    this.sent.push(message);
    if (message.type === "stop") this.say({ type: "stopped" });
  }
  terminate(): void {
    this.terminated = true;
  }
  say(message: FromWorker): void {
    this.listeners.get("message")?.(message as never);
  }
  die(): void {
    this.listeners.get("exit")?.(1 as never);
  }
  get types(): string[] {
    return this.sent.map(({ type }) => type);
  }
}

const NEGOTIATION = {} as unknown as Negotiation;
const VIEW = {
  id: "p1",
  state: "connected",
  sinceMs: 400,
  remoteCandidateType: "host",
  videoCodec: "H264",
  audioCodec: null,
  packetsSent: 1,
  bytesSent: 1,
  packetsResent: 0,
  rttMs: null,
  lossPercent: null,
  jitterMs: null,
} as const;
const LEG = {
  streamId: "cam",
  leg: "video",
  packets: 10,
  bytes: 1000,
  packetsResent: 1,
  nacks: 2,
  keyframeRequests: 3,
} as const;
const TOTALS = {
  legs: [LEG],
  packetsDropped: 4,
  packetsQueued: 5,
  peersByState: { connected: 1 },
} as const;
const LOCAL = { iceUfrag: "u", icePwd: "p", candidates: [] };

const opened: WorkerShard[] = [];
afterEach(async () => {
  for (const shard of opened.splice(0)) await shard.close();
  jest.useRealTimers();
});

async function setUp(udpPort = 0) {
  const threads: FakeThread[] = [];
  const events: PeerEvent[] = [];
  const errors: string[] = [];
  const clock = { nowMs: 0 };
  const opening = WorkerShard.open({
    settings: { name: "media-0", udpPort, addresses: [], backend: "auto", connectMsMax: 1 },
    clocks: { nowMs: () => clock.nowMs, unixMs: () => 1000 + clock.nowMs },
    onEvent: (event) => events.push(event),
    log: { error: (message) => errors.push(message), info: () => undefined },
    createThread: () => {
      const thread = new FakeThread();
      threads.push(thread);
      return thread;
    },
  });
  const thread = threads[0] ?? new FakeThread();
  return { threads, thread, events, errors, clock, opening };
}

async function running() {
  const made = await setUp();
  made.thread.say({ type: "ready", udpPort: 7000, backend: "x" });
  const shard = await made.opening;
  opened.push(shard);
  const stream = new Stream({ id: "cam", peersMax: undefined, nowMs: () => 0 });
  shard.addStream(stream);
  const openPeer = async () => {
    const opening = shard.open("cam", NEGOTIATION);
    const ask = made.threads.at(-1)?.sent.at(-1);
    const request = ask?.type === "open" ? ask.request : -1;
    made.threads.at(-1)?.say({
      type: "opened",
      request,
      peer: { answer: "v=0", local: LOCAL, iceTransportMids: [], view: VIEW },
    });
    return opening;
  };
  return { ...made, shard, stream, openPeer };
}

describe("a media worker", () => {
  test("whose port cannot be bound stops the start", async () => {
    const { thread, opening } = await setUp(80);
    thread.say({ type: "failed", message: "EACCES" });
    await expect(opening).rejects.toThrow(MediaSocketFailed);
  });

  test("passes on what is asked of a viewer, and what becomes of it", async () => {
    const { shard, thread, events, openPeer } = await running();
    const peer = await openPeer();
    expect([peer.id, peer.state, shard.peerCount]).toEqual(["p1", "connected", 1]);
    peer.addRemoteCandidates([]);
    const restart = shard.restartIce("p1", { iceUfrag: "a", icePwd: "b" });
    thread.say({ type: "restarted", request: 2, local: { ...LOCAL, iceUfrag: "new" } });
    expect((await restart).iceUfrag).toBe("new");
    expect(peer.local.iceUfrag).toBe("new");
    thread.say({ type: "pulse", peers: [{ ...VIEW, packetsSent: 99 }], totals: TOTALS });
    expect(peer.view().packetsSent).toBe(99);
    const reasons: string[] = [];
    peer.onClosed((reason) => reasons.push(reason));
    const closed = { type: "closed", reason: "consent_lost", seconds: 1 } as const;
    thread.say({ type: "events", events: [{ ...closed, atMs: 1, peerId: "p1", streamId: "cam" }] });
    peer.close("kicked");
    peer.onClosed((reason) => reasons.push(`late ${reason}`));
    expect(reasons).toEqual(["consent_lost", "late consent_lost"]);
    expect(events).toHaveLength(1);
    expect(shard.peerCount).toBe(0);
    expect(thread.types).toEqual(["start", "stream", "open", "candidates", "restart-ice"]);
  });

  test("that tells of an error keeps its viewers", async () => {
    const { shard, thread, errors, openPeer } = await running();
    await openPeer();
    thread.say({ type: "crashed", reason: "TypeError", stack: "" });
    expect(errors).toEqual(["uncaught error in media worker"]);
    expect([shard.peerCount, shard.isServing, shard.restarts]).toEqual([1, true, 0]);
  });

  test("that dies ends its viewers; another takes its port and its streams", async () => {
    jest.useFakeTimers();
    const { shard, thread, threads, events, openPeer } = await running();
    const peer = await openPeer();
    const lost = shard.open("cam", NEGOTIATION);
    thread.die();
    await expect(lost).rejects.toThrow(NotReady);
    expect(peer.state).toBe("closed");
    expect(events).toEqual([
      {
        type: "closed",
        reason: "worker_lost",
        seconds: 0.6,
        atMs: 1000,
        peerId: "p1",
        streamId: "cam",
      },
    ]);
    await expect(shard.open("cam", NEGOTIATION)).rejects.toMatchObject({ retryAfterSeconds: 5 });
    jest.advanceTimersByTime(100);
    const next = threads[1];
    expect(next?.types).toEqual(["start", "stream"]);
    expect(next?.sent[0]).toMatchObject({ settings: { udpPort: 7000 } });
    next?.say({ type: "ready", udpPort: 7000, backend: "x" });
    expect((await openPeer()).state).toBe("connected");
    expect(shard.restarts).toBe(1);
  });

  test("that dies before it told of a viewer's end leaves no viewer without one", async () => {
    jest.useFakeTimers();
    const { shard, thread, events, openPeer } = await running();
    const peer = await openPeer();
    peer.close("client_gone");
    expect(events).toEqual([]);
    thread.die();
    expect(events).toMatchObject([{ type: "closed", reason: "client_gone", peerId: "p1" }]);
    expect(shard.peerCount).toBe(0);
  });

  test("that dies while the server stops is not replaced, and not waited for", async () => {
    jest.useFakeTimers();
    const { shard, thread, threads } = await running();
    thread.postMessage = () => thread.die();
    await shard.close();
    jest.advanceTimersByTime(20_000);
    expect(threads).toHaveLength(1);
  });

  test("that dies again and again is tried less and less often", async () => {
    jest.useFakeTimers();
    const { thread, threads } = await running();
    thread.die();
    const waits: number[] = [];
    for (let life = 1; life < 9; life++) {
      let waited = 0;
      while (threads.length === life && waited < 20_000) {
        jest.advanceTimersByTime(100);
        waited += 100;
      }
      waits.push(waited);
      threads.at(-1)?.die();
    }
    expect(waits).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  });

  test("counts on over its lives", async () => {
    jest.useFakeTimers();
    const { shard, thread, threads } = await running();
    const pulse = { type: "pulse", peers: [], totals: TOTALS } as const;
    thread.say(pulse);
    expect(shard.totals).toEqual(TOTALS);
    thread.die();
    expect(shard.totals).toEqual({
      legs: [LEG],
      packetsDropped: 4,
      packetsQueued: 0,
      peersByState: {},
    });
    jest.advanceTimersByTime(100);
    threads.at(-1)?.say(pulse);
    expect(shard.totals.legs).toMatchObject([{ packets: 20, bytes: 2000, keyframeRequests: 6 }]);
    expect(shard.totals.packetsDropped).toBe(8);
    shard.removeStream("cam");
    expect(shard.totals.legs).toEqual([LEG]);
    expect(shard.totals.packetsDropped).toBe(8);
  });

  test("that was paused with the whole machine is not taken for dead", async () => {
    jest.useFakeTimers();
    const { thread, clock } = await running();
    clock.nowMs = 60_000;
    jest.advanceTimersByTime(2500);
    expect(thread.terminated).toBe(false);
    thread.say({ type: "pulse", peers: [], totals: TOTALS });
    jest.advanceTimersByTime(10_000);
    expect(thread.terminated).toBe(false);
  });

  test("that hangs is taken for dead", async () => {
    jest.useFakeTimers();
    const { thread, threads, openPeer } = await running();
    const peer = await openPeer();
    jest.advanceTimersByTime(10_000);
    expect(thread.terminated).toBe(false);
    jest.advanceTimersByTime(2500);
    expect(thread.terminated).toBe(true);
    expect(peer.state).toBe("closed");
    jest.advanceTimersByTime(100);
    expect(threads).toHaveLength(2);
  });

  test("has no place for a viewer of a stream that was just removed", async () => {
    const { shard, thread } = await running();
    const opening = shard.open("cam", NEGOTIATION);
    thread.say({ type: "gone", request: 1 });
    await expect(opening).rejects.toThrow(StreamNotLive);
  });

  test("knows nothing of a viewer that has ended", async () => {
    const { shard, thread } = await running();
    const restart = shard.restartIce("p9", { iceUfrag: "a", icePwd: "b" });
    thread.say({ type: "gone", request: 1 });
    await expect(restart).rejects.toThrow(SessionNotFound);
  });

  test("is told of removed streams, whose viewers end", async () => {
    const { shard, thread, openPeer } = await running();
    const peer = await openPeer();
    shard.removeStream("cam");
    expect(peer.state).toBe("closed");
    expect(thread.types.slice(-2)).toEqual(["remove-stream", "close"]);
  });
});
