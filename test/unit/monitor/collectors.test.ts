import { describe, expect, test } from "bun:test";
import { SERIES_MAX } from "../../../src/monitor/history.ts";
import { HostValues } from "../../../src/monitor/host.ts";
import { ProcessValues, StateCounts } from "../../../src/monitor/processes.ts";
import { seriesKey, type Value } from "../../../src/monitor/value.ts";
import { Viewing, type ViewingPeer } from "../../../src/monitor/viewing.ts";
import type { StreamProgress } from "../../../src/process/supervisor/process-state.ts";
import { FakeProcesses } from "../../api/support/fakes.ts";

const numberOf = (values: readonly Value[], name: string, labels: Value["labels"] = null) =>
  values.find((one) => one.name === name && Bun.deepEquals(one.labels, labels))?.value;

describe("the machine", () => {
  const files: Record<string, string> = {};
  let nowMs = 5000;
  const host = new HostValues({
    storageFolder: "/",
    storageBytesMax: -1,
    files: async () => [
      { name: "/a", size: 3, modifiedMs: 0 },
      { name: "/b", size: 4, modifiedMs: 0 },
    ],
    nowMs: () => nowMs,
    read: async (path) => files[path] ?? "",
  });

  test("has processor shares of the time since the last look", async () => {
    files["/proc/stat"] = "cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 1 1 1\n";
    const first = await host.collect();
    expect(numberOf(first, "cpu_idle")).toBe(80);
    files["/proc/stat"] = "cpu  130 10 110 840 5 5 0 0 0 0\n";
    const shares = await host.collect();
    const names = ["cpu_user", "cpu_system", "cpu_idle", "cpu_other"];
    expect(names.map((name) => numberOf(shares, name))).toEqual([40, 10, 40, 10]);
    expect(numberOf(await host.collect(), "cpu_user")).toBe(40);
  });

  test("has memory, network, disk, storage and uptime", async () => {
    files["/proc/meminfo"] = "MemTotal:  2000 kB\nMemFree: 10 kB\nMemAvailable:  500 kB\n";
    files["/proc/net/dev"] =
      " face |bytes\n    lo: 11 1 0 0 0 0 0 0 22 2 0 0 0 0 0 0\neth0:5 1 0 0 0 0 0 0 6 1\n";
    nowMs = 7500;
    const values = await host.collect();
    expect(numberOf(values, "mem_total")).toBe(2_048_000);
    expect(numberOf(values, "mem_free")).toBe(512_000);
    expect(numberOf(values, "net_rx", { interface: "lo" })).toBe(11);
    expect(numberOf(values, "net_tx", { interface: "lo" })).toBe(22);
    expect(numberOf(values, "net_tx", { interface: "eth0" })).toBe(6);
    expect(numberOf(values, "disk_total", { path: "/" })).toBeGreaterThan(0);
    expect(numberOf(values, "filesystem_usage", { name: "disk" })).toBe(7);
    expect(numberOf(values, "filesystem_files", { name: "disk" })).toBe(2);
    expect(numberOf(values, "filesystem_limit", { name: "disk" })).toBe(-1);
    expect(numberOf(values, "uptime_uptime")).toBe(2.5);
  });
});

test("processes have their values, their changes of state, and a sum over all", () => {
  const processes = new FakeProcesses();
  const record = { id: "cam", input: [{ address: "x" }], output: [{ address: "-" }] };
  processes.add({ ...record, limits: { memory_mbytes: 2 } });
  const counts = new StateCounts();
  for (const state of ["starting", "running", "failed", "starting"] as const)
    counts.changed("cam", state);
  counts.changed("gone", "failed");
  counts.removed("gone");
  const values = new ProcessValues(processes, counts).collect();
  const labels = { processid: "cam", state: "running", order: "start" };
  expect(numberOf(values, "restream_process", { ...labels, name: "uptime" })).toBe(2);
  expect(numberOf(values, "restream_process", { ...labels, name: "memory_limit" })).toBe(2_097_152);
  const changes = (state: string) =>
    numberOf(values, "restream_process_states", { processid: "cam", state });
  expect([changes("starting"), changes("failed"), changes("killed")]).toEqual([2, 1, 0]);
  expect(numberOf(values, "ffmpeg_process", { state: "failed" })).toBe(2);
  expect(numberOf(values, "restream_state", { state: "running" })).toBe(1);
  expect(numberOf(values, "restream_state", { state: "failed" })).toBe(0);
});

test("150 cameras with picture and sound have room among the series that are looked back at", () => {
  const processes = new FakeProcesses();
  processes.add({
    id: "cam",
    input: [{ id: "in", address: "x" }],
    output: [{ id: "out", address: "-" }],
  });
  const stream = (index: number) => {
    const counts = { frame: 1, fps: 1, packet: 1, pps: 1, size_kb: 1, bitrate_kbit: 1, q: 1 };
    return { id: "in", address: "x", index, stream: 0, type: "video", ...counts };
  };
  const streams = [stream(0), stream(1)] as unknown as StreamProgress[];
  const state = (id: string) => {
    const idle = processes.state(id);
    return { ...idle, progress: { ...idle.progress, inputs: streams, outputs: streams } };
  };
  const values = new ProcessValues({ list: () => processes.list(), state }, new StateCounts());
  const ofOne = values.collect().filter(({ labels }) => labels?.["processid"] === "cam");
  expect(ofOne.length).toBeGreaterThan(40);
  expect(ofOne.length * 150).toBeLessThan(SERIES_MAX);
  expect(new Set(ofOne.map(seriesKey)).size).toBe(ofOne.length);
});

test("viewers have a rate of what was sent, and streams a sum of all viewers there were", () => {
  let nowMs = 0;
  let bytes = 1000;
  const peer = (id: string, state: string): ViewingPeer => ({
    streamId: "cam",
    view: () => ({
      id,
      state,
      sinceMs: 7000,
      videoCodec: "H264",
      audioCodec: null,
      bytesSent: bytes,
    }),
  });
  const viewing = new Viewing({
    peers: () => [peer("p1", "connected"), peer("p2", "checking")],
    sent: () => [
      { streamId: "cam", bytes: 5000 },
      { streamId: "cam", bytes: 600 },
      { streamId: "unwatched", bytes: 1 },
    ],
    isStream: (id) => id === "cam",
    peersMax: 9,
    nowMs: () => nowMs,
  });
  const event = { atMs: 0, peerId: "p1", connectionType: "direct", seconds: 1 } as const;
  for (const streamId of ["cam", "cam", "unknown"]) {
    viewing.peerEvent({ ...event, type: "connected", streamId });
  }
  viewing.measure();
  nowMs = 2000;
  bytes = 251_000;
  viewing.measure();
  expect(viewing.active()).toEqual([
    {
      id: "p1",
      streamId: "cam",
      sinceMs: 7000,
      codecs: "H264",
      bytes: 251_000,
      bitsPerSecond: 1_000_000,
    },
  ]);
  expect(viewing.watched()).toEqual([{ streamId: "cam", sessions: 2, bytes: 5600 }]);
  const labels = { collector: "whep" };
  const numbers = viewing.collect();
  expect(numberOf(numbers, "session_active", labels)).toBe(1);
  expect(numberOf(numbers, "session_total", labels)).toBe(2);
  expect(numberOf(numbers, "session_txbitrate", labels)).toBe(1_000_000);
  expect(numberOf(numbers, "session_limit", labels)).toBe(9);
  viewing.removed("cam");
  expect(viewing.watched()).toEqual([]);
});
