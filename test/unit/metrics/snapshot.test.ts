/**
 * The collector in three states against golden text, which promtool must find clean.
 * UPDATE_GOLDEN=1 writes the files anew.
 */
import { describe, expect, test } from "bun:test";
import { createExposition } from "../../../src/metrics/exposition.ts";
import { createInstruments } from "../../../src/metrics/instruments.ts";
import { createRegistry } from "../../../src/metrics/registry.ts";
import { createSnapshot, type WebRTCStats } from "../../../src/metrics/snapshot.ts";
import { StreamLabels } from "../../../src/metrics/stream-labels.ts";

const EMPTY: WebRTCStats = {
  streamCount: 0,
  peersByStream: new Map(),
  udpPortsInUse: 0,
  udpPortsAvailable: 600,
};
const ONE: WebRTCStats = {
  streamCount: 1,
  peersByStream: new Map([["live", 3]]),
  udpPortsInUse: 4,
  udpPortsAvailable: 596,
};
const SEVERAL: WebRTCStats = {
  streamCount: 2,
  peersByStream: new Map([
    ["live", 3],
    ["cam", 1],
    ['a:b/"quoted"', 0],
  ]),
  udpPortsInUse: 8,
  udpPortsAvailable: 592,
};

function collector(initial: WebRTCStats) {
  let stats = initial;
  let asked = 0;
  const registry = createRegistry("test");
  const labels = new StreamLabels((id) => stats.peersByStream.has(id), 10);
  const instruments = createInstruments(registry, labels);
  const source = {
    stats: () => {
      asked += 1;
      return stats;
    },
  };
  const snapshot = createSnapshot(registry, labels, source);
  const exposition = createExposition({
    core: "test",
    registry,
    instruments,
    snapshot,
    nowMs: () => 0,
    reuseMs: -1,
  });
  return {
    instruments,
    exposition: { text: async () => (await exposition.scrape()).body },
    set: (next: WebRTCStats) => {
      stats = next;
    },
    asked: () => asked,
  };
}

async function golden(name: string, text: string): Promise<void> {
  const file = Bun.file(new URL(`../../golden/metrics-${name}.prom`, import.meta.url));
  if (process.env["UPDATE_GOLDEN"] === "1") await Bun.write(file, text);
  expect(text).toBe(await file.text());
}

function lint(text: string): string {
  const run = Bun.spawnSync(["promtool", "check", "metrics"], { stdin: Buffer.from(text) });
  return `${run.exitCode}${run.stdout}${run.stderr}`;
}

describe("what a scrape shows", () => {
  test("without streams", async () => {
    const text = await collector(EMPTY).exposition.text();
    await golden("no-streams", text);
    expect(lint(text)).toBe("0");
  });

  test("of one stream with peers", async () => {
    const { exposition, instruments } = collector(ONE);
    instruments.whepRequest("post", 201, "live", 0.004);
    instruments.iceConnected("live", 0.2, "p");
    const text = await exposition.text();
    await golden("one-stream", text);
    expect(lint(text)).toBe("0");
  });

  test("of several streams with every kind of event", async () => {
    const { exposition, instruments } = collector(SEVERAL);
    instruments.whepRequest("post", 406, "live", 0.06);
    instruments.whepRequest("options", 200, "no such stream", 0.001);
    instruments.iceConnected("cam", 1.2, "p");
    instruments.iceFailed("cam", { reason: "timeout", seconds: 15, sessionId: "p" });
    instruments.iceFailed("live", { reason: "disconnected", seconds: 40, sessionId: "p" });
    instruments.codecMismatch("live", "video");
    instruments.capRejected("cam", "global");
    instruments.legFailed("cam", "audio");
    const text = await exposition.text();
    await golden("several-streams", text);
    expect(lint(text)).toBe("0");
  });
});

test("the source is asked once per scrape", async () => {
  const { exposition, asked } = collector(SEVERAL);
  await exposition.text();
  await exposition.text();
  expect(asked()).toBe(2);
});

test("a stream that is gone leaves no series behind", async () => {
  const { exposition, instruments, set } = collector(SEVERAL);
  instruments.whepRequest("post", 418, "cam", 0.06);
  instruments.iceConnected("cam", 1, "p");
  instruments.iceFailed("cam", { reason: "failed", seconds: 1, sessionId: "p" });
  expect(await exposition.text()).toContain('stream_id="cam"');
  set(ONE);
  const text = await exposition.text();
  expect(text).not.toContain('stream_id="cam"');
  expect(text).toContain('dragonfork_webrtc_active_peers{stream_id="live",core="test"} 3');
});

test("a stream that comes back starts from zero", async () => {
  const { exposition, instruments, set } = collector(SEVERAL);
  instruments.legFailed("cam", "video");
  await exposition.text();
  set(ONE);
  await exposition.text();
  set(SEVERAL);
  expect(await exposition.text()).toContain(
    'dragonfork_webrtc_ffmpeg_leg_failures_total{stream_id="cam",leg="video",core="test"} 0',
  );
});
