/** Metrics in JSON, sessions and the widget, in datarhei Core's shape. */
import { describe, expect, test } from "bun:test";
import { DESCRIPTIONS } from "../../src/monitor/descriptions.ts";
import { HostValues } from "../../src/monitor/host.ts";
import { ProcessValues, StateCounts } from "../../src/monitor/processes.ts";
import { Viewing } from "../../src/monitor/viewing.ts";
import { monitorOf } from "./support/fake-core.ts";
import { Harness, problemOf } from "./support/harness.ts";

const CAMERA = {
  id: "cam",
  reference: "studio",
  input: [{ address: "x" }],
  output: [{ address: "-" }],
};

const viewing = () =>
  new Viewing({
    peers: () =>
      ["p1", "p2"].map((id) => ({
        streamId: "cam",
        view: () => ({
          ...{ id, state: id === "p1" ? "connected" : "checking", sinceMs: 1500, bytesSent: 3000 },
          ...{ videoCodec: "H264", audioCodec: "OPUS" },
        }),
      })),
    sent: () => [{ streamId: "cam", bytes: 3 * 1024 * 1024 + 5 }],
    isStream: () => true,
    peersMax: 500,
    nowMs: () => 0,
  });

function harnessOf() {
  const watched = viewing();
  const event = { atMs: 0, peerId: "p1", connectionType: "direct", seconds: 1 } as const;
  watched.peerEvent({ ...event, type: "connected", streamId: "cam" });
  const harness = new Harness({ core: { viewing: watched } });
  harness.processes.add(CAMERA);
  return harness;
}

async function query(harness: Harness, body: unknown) {
  const headers = { "content-type": "application/json" };
  return harness.send("POST", "/api/v3/metrics", { headers, body: JSON.stringify(body) });
}

describe("metrics in JSON", () => {
  test("are listed by name, and each of them has values", async () => {
    const harness = new Harness();
    const list = JSON.parse((await harness.send("GET", "/api/v3/metrics")).body) as {
      name: string;
      labels: string[];
    }[];
    expect(list.map(({ name }) => name)).toEqual(DESCRIPTIONS.map(({ name }) => name).toSorted());
    harness.processes.add(CAMERA);
    const io = { id: "in", address: "a", index: 0, stream: 0, type: "video" };
    const numbers = { frame: 0, fps: 0, packet: 0, pps: 0, size_kb: 0, bitrate_kbit: 0, q: 0 };
    const state = harness.processes.state("cam");
    const progress = { ...state.progress, inputs: [{ ...io, ...numbers }], outputs: [] };
    const processes = {
      list: () => harness.processes.list(),
      state: () => ({ ...state, progress }),
    } as unknown as ConstructorParameters<typeof ProcessValues>[0];
    const host = { storageFolder: "/", storageBytesMax: -1, files: async () => [], nowMs: () => 0 };
    const all = [new HostValues(host), new ProcessValues(processes, new StateCounts()), viewing()];
    const values = (await Promise.all(all.map((one) => one.collect()))).flat();
    for (const { name, labels } of list) {
      const one = values.find((value) => value.name === name);
      expect({ name, labels: Object.keys(one?.labels ?? {}) }).toEqual({ name, labels });
    }
    expect(new Set(values.map(({ name }) => name)).size).toBe(list.length);
  });

  test("are asked for by name and label, with three decimals at most", async () => {
    const value = { name: "a", labels: { id: "cam" }, value: 1.23456 };
    const monitor = monitorOf([{ collect: () => [value, { ...value, labels: { id: "x" } }] }]);
    const harness = new Harness({ core: { monitor } });
    const body = {
      metrics: [
        { name: "a", labels: { id: "^cam$" } },
        { name: "b", labels: null },
      ],
    };
    expect(JSON.parse((await query(harness, body)).body)).toEqual({
      timerange_sec: 60,
      interval_sec: 2,
      metrics: [{ name: "a", labels: { id: "cam" }, values: [[expect.any(Number), 1.235]] }],
    });
    await monitor.sample();
    const past = JSON.parse((await query(harness, { ...body, timerange_sec: 30 })).body);
    expect(past.metrics).toHaveLength(1);
  });

  test("of a wrong query are refused in Core's words", async () => {
    const harness = new Harness();
    for (const body of [
      [],
      { timerange_sec: -1 },
      { metrics: [1] },
      { metrics: [{ name: 1 }] },
      { metrics: [{ name: "a", labels: { id: 1 } }] },
      { metrics: Array(101).fill({ name: "a" }) },
    ]) {
      const answer = await query(harness, body);
      expect([answer.status, problemOf(answer).message]).toEqual([400, "Invalid JSON"]);
    }
  });
});

describe("sessions", () => {
  const session = {
    id: "p1",
    reference: "studio",
    created_at: 1,
    local: "cam",
    remote: "",
    extra: "H264 OPUS",
    bytes_rx: 0,
    bytes_tx: 3000,
    bandwidth_rx_kbit: 0,
    bandwidth_tx_kbit: 0,
  };

  test("are the viewers that are connected, under the collector whep", async () => {
    const { body } = await harnessOf().send("GET", "/api/v3/session/active?collectors=whep,hls");
    expect(JSON.parse(body)).toEqual({ whep: [session], hls: [] });
  });

  test("are summed up by stream and reference", async () => {
    const { body } = await harnessOf().send("GET", "/api/v3/session?collectors=whep");
    const stats = { sessions: 1, traffic_rx_mb: 0, traffic_tx_mb: 3 };
    expect(JSON.parse(body)).toMatchObject({
      whep: {
        active: { list: [session], sessions: 1, max_sessions: 500 },
        summary: { local: { cam: stats }, reference: { studio: stats }, remote: {}, ...stats },
      },
    });
  });
});

test("the widget counts the viewers of one process", async () => {
  const { body } = await harnessOf().send("GET", "/api/v3/widget/process/cam");
  expect(JSON.parse(body)).toEqual({ current_sessions: 1, total_sessions: 1, uptime: 2 });
});
