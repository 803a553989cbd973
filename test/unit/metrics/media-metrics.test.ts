import { expect, test } from "bun:test";
import { type MediaStats, registerMediaMetrics } from "../../../src/metrics/media-metrics.ts";
import { createRegistry } from "../../../src/metrics/registry.ts";
import { StreamLabels } from "../../../src/metrics/stream-labels.ts";
import { textOf } from "../../support/metrics-text.ts";

const STATS: MediaStats = {
  sent: [
    {
      streamId: "cam",
      leg: "video",
      packets: 30,
      bytes: 3000,
      packetsResent: 3,
      nacks: 2,
      keyframeRequests: 1,
    },
    {
      streamId: "cam",
      leg: "audio",
      packets: 5,
      bytes: 50,
      packetsResent: 0,
      nacks: 0,
      keyframeRequests: 0,
    },
  ],
  received: [
    {
      ...{ streamId: "cam", leg: "video", packets: 10, bytes: 1000 },
      ...{ keyframeAgeSeconds: 0.5, keyframeIntervalSeconds: 2 },
    },
    {
      ...{ streamId: "cam", leg: "audio", packets: 2, bytes: 20 },
      ...{ keyframeAgeSeconds: undefined, keyframeIntervalSeconds: undefined },
    },
  ],
  sources: [{ streamId: "cam", gapSeconds: 3.5, bFrameRuns: 1 }],
  packetsDropped: 4,
  packetsQueued: 6,
  peersByState: { connected: 3, checking: 1 },
  workers: [
    { name: "media-0", heartbeatAgeSeconds: 0.25, restarts: 2, peers: 4, sessionsCompleted: 9 },
  ],
};

function setUp() {
  const registry = createRegistry("test");
  const labels = new StreamLabels((id) => id === "cam", 10);
  let stats = STATS;
  const refresh = registerMediaMetrics({ registry, labels, stats: () => stats });
  const scrape = async () => {
    refresh();
    return textOf(registry);
  };
  const set = (next: MediaStats) => {
    stats = next;
  };
  return { scrape, set };
}

test("the media path is shown as its totals say, however often it is looked at", async () => {
  const { scrape } = setUp();
  await scrape();
  const text = await scrape();
  const file = Bun.file(new URL("../../golden/metrics-media.prom", import.meta.url));
  if (process.env["UPDATE_GOLDEN"] === "1") await Bun.write(file, text);
  expect(text).toBe(await file.text());
  const run = Bun.spawnSync(["promtool", "check", "metrics"], { stdin: Buffer.from(text) });
  expect(`${run.exitCode}${run.stdout}${run.stderr}`).toBe("0");
});

test("a stream and a state that are gone have no series", async () => {
  const { scrape, set } = setUp();
  await scrape();
  set({ ...STATS, sent: [], received: [], sources: [], peersByState: {} });
  const text = await scrape();
  expect(text).not.toContain('"cam"');
  expect(text).toContain('dragonfork_webrtc_peers{state="connected",core="test"} 0');
});
