import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { parseRecord } from "../../../src/process/record.ts";
import { StreamSources } from "../../../src/server/stream-sources.ts";
import { StreamRegistry } from "../../../src/stream/registry.ts";
import { fixedRandom } from "../../support/fixed-random.ts";
import { peerTest } from "../peer/support.ts";
import { BOTH, FakeFfmpeg, testPorts, turnsUntil } from "../source/support.ts";

const cleanUp: (() => void)[] = [];
beforeEach(() => void jest.useFakeTimers());
afterEach(() => {
  for (const close of cleanUp.splice(0)) close();
  jest.useRealTimers();
});

function record(id: string, webrtc: object = {}) {
  return parseRecord({
    id,
    input: [{ id: "in", address: "rtsp://camera.example/live", options: [] }],
    output: [{ id: "out", address: "-", options: ["-f", "null"] }],
    webrtc: { enabled: true, ...webrtc },
  });
}

function setUp() {
  const { registry: peers } = peerTest();
  const streams = new StreamRegistry();
  const ports = testPorts(12);
  const random = fixedRandom(3);
  const failed: string[] = [];
  const logged: Record<string, unknown>[] = [];
  const note = (message: string, fields?: object) => void logged.push({ message, ...fields });
  const logger = { debug: note, info: note, warn: note, error: note, child: () => logger };
  const sources = new StreamSources({
    streams,
    peers,
    ports,
    gopCache: { packets: 0, bytes: 9000, seconds: 10 },
    randomBytes: (size) => random.bytes(size),
    unixMs: () => 1_700_000_000_000,
    onLegFailure: (id, leg) => failed.push(`${id} ${leg}`),
    onCopyFault: (id, fault) => failed.push(`${id} ${fault}`),
    lifecycle: {
      streamStarting: () => {},
      streamStopping: () => {},
      processStarted: () => {},
      processEnded: () => {},
    },
    logger,
  });
  cleanUp.push(() => {
    sources.close();
    peers.close();
  });
  return { sources, streams, ports, failed, logged };
}

/** A stream with FFmpeg running and live. */
async function live() {
  const made = setUp();
  const cam = record("cam");
  made.sources.onRecord(cam, "cam");
  made.sources.hooks.stateChanged(cam, "starting");
  const targets = await made.sources.hooks.prepare(cam, BOTH);
  made.sources.hooks.stateChanged(cam, "running");
  const video = await FakeFfmpeg.start(targets[0]);
  const audio = await FakeFfmpeg.start(targets[1]);
  cleanUp.push(
    () => video.stop(),
    () => audio.stop(),
  );
  video.send("key");
  audio.send("sound");
  await turnsUntil(() => made.streams.get("cam")?.state === "live", "the stream");
  return { ...made, cam };
}

describe("streams follow the process records", () => {
  test("a record with webrtc is a stream, one without is none", () => {
    const { sources, streams } = setUp();
    sources.onRecord(record("cam", { max_peers: 7 }), "cam");
    sources.onRecord(record("plain", { enabled: false }), "plain");
    expect(streams.list().map(({ id, peersMax }) => [id, peersMax])).toEqual([["cam", 7]]);
  });

  test("a changed limit reaches the stream, which stays the same", () => {
    const { sources, streams } = setUp();
    sources.onRecord(record("cam", { max_peers: 7 }), "cam");
    const stream = streams.get("cam");
    sources.onRecord(record("cam", { max_peers: 0 }), "cam");
    expect(streams.get("cam")).toBe(stream as NonNullable<typeof stream>);
    expect(stream?.peersMax).toBeUndefined();
  });

  test("a changed GOP cache reaches the tracks that viewers are on, and can be taken back", async () => {
    const { sources, streams } = await live();
    const stream = streams.get("cam");
    const ring = stream?.track("video")?.ring;
    expect(ring?.replayLimits).toEqual({ packets: Infinity, bytes: 9000, ticks: 900_000 });
    const own = { packets: 30, bytes: 0, seconds: 2.5 };
    sources.onRecord(record("cam", { gop_cache: own }), "cam");
    expect(ring?.replayLimits).toEqual({ packets: 30, bytes: 9000, ticks: 225_000 });
    sources.onRecord(record("cam", { gop_cache: { enabled: false } }), "cam");
    expect(ring?.keyframeIndex).toBeGreaterThanOrEqual(0);
    expect(ring?.replayIndex).toBe(-1);
    sources.onRecord(record("cam"), "cam");
    expect(ring?.replayIndex).toBeGreaterThanOrEqual(0);
    expect(stream?.track("video")?.ring).toBe(ring as NonNullable<typeof ring>);
  });

  test("a record that goes, or loses webrtc, takes its stream and its ports along", async () => {
    const { sources, streams, ports } = await live();
    expect(ports.inUse).toBe(6);
    sources.onRecord(record("cam", { enabled: false }), "cam");
    expect([streams.list().length, ports.inUse]).toEqual([0, 0]);
    sources.onRecord(record("cam"), "cam");
    sources.onRecord(undefined, "cam");
    sources.onRecord(undefined, "cam");
    expect(streams.list()).toEqual([]);
  });

  test("hooks of a process that is no stream do nothing", async () => {
    const { sources, failed } = setUp();
    const plain = record("plain");
    expect(await sources.hooks.prepare(plain, BOTH)).toEqual([]);
    sources.hooks.stateChanged(plain, "running");
    sources.hooks.exited(plain, { code: 1, signal: null, willRestart: true });
    expect(sources.hooks.mediaPackets("plain")).toBe(0);
    expect(failed).toEqual([]);
  });
});

type Made = Awaited<ReturnType<typeof live>>;

/** The end of FFmpeg as the supervisor tells it: first the state it leads to, then the facts. */
function ends(
  { sources, cam }: Made,
  exit: { code: number | null; signal: string | null; willRestart: boolean },
): void {
  const state = exit.signal !== null ? "killed" : exit.code === 1 ? "failed" : "finished";
  sources.hooks.stateChanged(cam, state);
  sources.hooks.exited(cam, exit);
}

describe("what the supervisor says of FFmpeg", () => {
  test("packets of the legs are its sign of progress", async () => {
    const { sources } = await live();
    expect(sources.hooks.mediaPackets("cam")).toBe(2);
  });

  test("the stream follows start and stop", async () => {
    const { sources, streams, cam } = await live();
    sources.hooks.stateChanged(cam, "finishing");
    expect(streams.get("cam")?.state).toBe("live");
    sources.hooks.stateChanged(cam, "finished");
    expect(streams.get("cam")?.state).toBe("down");
    sources.hooks.stateChanged(cam, "starting");
    expect(streams.get("cam")?.state).toBe("starting");
    sources.hooks.stateChanged(cam, "failed");
    expect(streams.get("cam")?.state).toBe("down");
  });

  test.each([
    ["killed by a signal", { code: null, signal: "SIGKILL" }, 2],
    ["ended with an error", { code: 1, signal: null }, 2],
    ["ended because the input did", { code: 0, signal: null }, 0],
    ["ended by SIGINT from outside", { code: 255, signal: null }, 0],
    ["never started", { code: null, signal: null }, 0],
  ])("FFmpeg %s: failures of legs are counted and logged where it is one", async (...args) => {
    const [, exit, count] = args;
    const made = await live();
    const { failed, logged } = made;
    ends(made, { ...exit, willRestart: true });
    expect(failed.length).toBe(count);
    const warned = logged.filter(({ message }) => message === "leg failed");
    expect(warned.length).toBe(count);
    if (count > 0) expect(warned[0]).toMatchObject({ stream: "cam", failure: "process_died" });
  });

  test("FFmpeg that dies while it is being stopped is no failure", async () => {
    const made = await live();
    made.sources.hooks.stateChanged(made.cam, "finishing");
    ends(made, { code: null, signal: "SIGKILL", willRestart: false });
    expect(made.failed).toEqual([]);
    expect(made.streams.get("cam")?.state).toBe("down");
  });

  test("a restart that is called off while it is due takes the stream down and gives the ports back", async () => {
    const made = await live();
    ends(made, { code: null, signal: "SIGKILL", willRestart: true });
    expect(made.ports.inUse).toBe(6);
    made.sources.hooks.exited(made.cam, { code: null, signal: null, willRestart: false });
    expect(made.streams.get("cam")?.state).toBe("down");
    expect(made.ports.inUse).toBe(0);
    expect(made.failed).toEqual(["cam video", "cam audio"]);
  });

  test("the next death after a stop that was asked for counts again", async () => {
    const made = await live();
    made.sources.hooks.stateChanged(made.cam, "finishing");
    ends(made, { code: 255, signal: null, willRestart: true });
    made.sources.hooks.stateChanged(made.cam, "starting");
    await made.sources.hooks.prepare(made.cam, BOTH);
    made.sources.hooks.stateChanged(made.cam, "running");
    ends(made, { code: null, signal: "SIGKILL", willRestart: true });
    expect(made.failed).toEqual(["cam video", "cam audio"]);
  });

  test("a source that was live and starts again is one that a new viewer may wait for", async () => {
    const made = await live();
    ends(made, { code: null, signal: "SIGKILL", willRestart: true });
    expect(made.streams.get("cam")?.state).toBe("starting");
    await made.sources.hooks.prepare(made.cam, BOTH);
    ends(made, { code: 1, signal: null, willRestart: true });
    expect(made.streams.get("cam")?.state).toBe("down");
  });
});
