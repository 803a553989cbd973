import { expect, test } from "bun:test";
import { type FfmpegUsage, registerProcessMetrics } from "../../../src/metrics/process-metrics.ts";
import { createRegistry } from "../../../src/metrics/registry.ts";
import { StreamLabels } from "../../../src/metrics/stream-labels.ts";
import { textOf } from "../../support/metrics-text.ts";

const running = (id: string, isStream: boolean): FfmpegUsage => ({
  id,
  isStream,
  isDown: false,
  state: "running",
  restarts: 2,
  cpuSeconds: 1.5,
  memoryBytes: 1000,
});

test("processes without a stream share a label, and every state has a series", async () => {
  const registry = createRegistry("test");
  let usage = [running("cam", true), running("transcode-1", false), running("transcode-2", false)];
  const refresh = registerProcessMetrics({
    registry,
    labels: new StreamLabels((id) => id === "cam", 10),
    states: ["running", "failed"],
    usage: () => usage,
  });
  const scrape = async () => {
    refresh();
    const lines = (await textOf(registry)).split("\n");
    return lines.filter((line) => line.startsWith("dragonfork_")).sort();
  };
  await scrape();
  expect(await scrape()).toEqual([
    'dragonfork_ffmpeg_cpu_seconds_total{stream_id="cam",core="test"} 1.5',
    'dragonfork_ffmpeg_cpu_seconds_total{stream_id="other",core="test"} 3',
    'dragonfork_ffmpeg_memory_bytes{stream_id="cam",core="test"} 1000',
    'dragonfork_ffmpeg_memory_bytes{stream_id="other",core="test"} 2000',
    'dragonfork_ffmpeg_processes{state="failed",core="test"} 0',
    'dragonfork_ffmpeg_processes{state="running",core="test"} 3',
    'dragonfork_ffmpeg_restarts_total{stream_id="cam",core="test"} 2',
    'dragonfork_ffmpeg_restarts_total{stream_id="other",core="test"} 4',
    'dragonfork_webrtc_source_down{stream_id="cam",core="test"} 0',
  ]);
  usage = [running("transcode-2", false)];
  const left = await scrape();
  // What is gone had its share: a counter does not fall.
  expect(left).toContain('dragonfork_ffmpeg_cpu_seconds_total{stream_id="other",core="test"} 3');
  expect(left).toContain('dragonfork_ffmpeg_memory_bytes{stream_id="other",core="test"} 1000');
  expect(left.join("\n")).not.toContain('"cam"');
});

test("a stream that gets nothing is down, and of the streams beyond the limit their number", async () => {
  const registry = createRegistry("test");
  const down = (id: string): FfmpegUsage => ({ ...running(id, true), isDown: true });
  const refresh = registerProcessMetrics({
    registry,
    labels: new StreamLabels(() => true, 2),
    states: ["running"],
    usage: () => [running("a", true), down("b"), down("c"), running("d", true), down("e")],
  });
  refresh();
  const lines = (await textOf(registry)).split("\n");
  expect(lines.filter((line) => line.startsWith("dragonfork_webrtc_source_down"))).toEqual([
    'dragonfork_webrtc_source_down{stream_id="a",core="test"} 0',
    'dragonfork_webrtc_source_down{stream_id="b",core="test"} 1',
    'dragonfork_webrtc_source_down{stream_id="other",core="test"} 2',
  ]);
});
