/** Every metric of the server over streams and viewers that are made up, for tests and the bench of a scrape. */
import { BackgroundTasks } from "../../src/metrics/background-tasks.ts";
import { addDefaultMetrics, createExposition } from "../../src/metrics/exposition.ts";
import { HttpMetrics } from "../../src/metrics/http-metrics.ts";
import { IceMetrics } from "../../src/metrics/ice-metrics.ts";
import { createInstruments } from "../../src/metrics/instruments.ts";
import { type MediaStats, registerMediaMetrics } from "../../src/metrics/media-metrics.ts";
import { registerProcessMetrics } from "../../src/metrics/process-metrics.ts";
import { createRegistry } from "../../src/metrics/registry.ts";
import { createSnapshot } from "../../src/metrics/snapshot.ts";
import { registerStorageMetrics } from "../../src/metrics/storage-metrics.ts";
import { StreamLabels } from "../../src/metrics/stream-labels.ts";
import { ViewerMetrics } from "../../src/metrics/viewer-metrics.ts";
import type { PeerChange, PeerEvent } from "../../src/peer-events.ts";
import { EXEC_STATES } from "../../src/process/state.ts";

export interface CollectorOptions {
  readonly streams: number;
  readonly peersPerStream: number;
  readonly streamsMax?: number;
  readonly reuseMs?: number;
  /** Also the metrics of this process, which differ from run to run. */
  readonly defaults?: boolean;
  /** Every scrape finds more than the one before. */
  readonly growing?: boolean;
  /** Monotonic milliseconds; stands still unless given. */
  readonly nowMs?: () => number;
}

const AT_MS = 1_795_208_703_000;

export function collector(options: CollectorOptions) {
  const ids = Array.from({ length: options.streams }, (_, i) => `cam-${i}`);
  const nowMs = options.nowMs ?? (() => 0);
  const unixMs = () => AT_MS;
  const registry = createRegistry("test");
  const labels = new StreamLabels((id) => ids.includes(id), options.streamsMax ?? 100);
  const instruments = createInstruments(registry, labels);
  const viewers = new ViewerMetrics({ registry, labels, unixMs });
  const ice = new IceMetrics(instruments);
  const onSecurityEvent = viewers.securityEvent.bind(viewers);
  const http = new HttpMetrics({ registry, nowMs, onSecurityEvent });
  const tasks = new BackgroundTasks({ registry, nowMs, unixMs });
  const tell = (event: PeerEvent) => {
    viewers.peerEvent(event);
    ice.peerEvent(event);
  };
  let scrapes = 0;
  const refreshers = [
    registerMediaMetrics({
      ...{ registry, labels },
      stats: () => mediaStats(ids, options.growing === true ? ++scrapes : 1),
    }),
    registerProcessMetrics({
      registry,
      labels,
      states: EXEC_STATES,
      usage: () =>
        ids.map((id) => ({
          ...{ id, isStream: true, isDown: false, state: "running", restarts: 1 },
          ...{ cpuSeconds: 2, memoryBytes: 3 },
        })),
    }),
    registerStorageMetrics(registry, () => ({
      bytes: { state: 4096, journal: 8192 },
      complete: true,
      scannedMs: AT_MS,
    })),
  ];
  const peersByStream = new Map(ids.map((id) => [id, options.peersPerStream]));
  const snapshot = createSnapshot(registry, labels, {
    stats: () => ({
      streamCount: ids.length,
      peersByStream,
      udpPortsInUse: ids.length * 6,
      udpPortsAvailable: 600 - ids.length * 6,
    }),
  });
  if (options.defaults === true) addDefaultMetrics(registry);
  const exposition = createExposition({
    ...{ core: "test", registry, instruments, snapshot, nowMs, reuseMs: options.reuseMs ?? -1 },
    refresh: async (streamIds) => {
      for (const refresh of refreshers) refresh();
      if (options.growing === true) for (const id of ids) watch(id, options.peersPerStream, tell);
      await viewers.refresh(streamIds);
    },
  });
  for (const id of ids) watch(id, options.peersPerStream, tell);
  return { exposition, http, instruments, registry, tasks, tell, viewers };
}

/** Viewers come and are told of; every third is behind a relay, every tenth has left. */
function watch(streamId: string, count: number, tell: (event: PeerEvent) => void): void {
  for (let i = 0; i < count; i++) {
    const connectionType = i % 3 === 2 ? "relay" : "direct";
    const changes: PeerChange[] = [
      { type: "opened" },
      { type: "dtls_connected", cipher: "AEAD_AES_128_GCM" },
      { type: "connected", seconds: 0.1, connectionType },
      { type: "first_keyframe_sent", seconds: 0.3 },
      ...(["video", "audio"] as const).map((leg) => report(leg, connectionType)),
    ];
    if (i % 10 === 9) changes.push({ type: "closed", reason: "client_gone", seconds: 20 });
    for (const change of changes) tell({ ...change, atMs: AT_MS, peerId: `p${i}`, streamId });
  }
}

function report(leg: "video" | "audio", connectionType: "direct" | "relay"): PeerChange {
  const facts = { rttSeconds: 0.02, jitterSeconds: 0.003, lost: 1, expected: 100 };
  return { type: "report", leg, connectionType, ...facts };
}

function mediaStats(ids: readonly string[], times: number): MediaStats {
  const legs = ids.flatMap((streamId) => [
    { streamId, leg: "video" } as const,
    { streamId, leg: "audio" } as const,
  ]);
  return {
    sent: legs.map((leg) => ({
      ...leg,
      ...{
        packets: 1000 * times,
        bytes: 1e6 * times,
        packetsResent: 10,
        nacks: 12,
        keyframeRequests: 2,
      },
    })),
    received: legs.map(({ leg, streamId }) => ({
      ...{ leg, streamId, packets: 500 * times, bytes: 5e5 * times },
      keyframeAgeSeconds: leg === "video" ? 0.5 : undefined,
      keyframeIntervalSeconds: leg === "video" ? 2 : undefined,
    })),
    sources: ids.map((streamId) => ({ streamId, gapSeconds: 3 * times, bFrameRuns: 0 })),
    packetsDropped: 1,
    packetsQueued: 2,
    peersByState: { connected: 90, checking: 1 },
    workers: [
      { name: "media-0", heartbeatAgeSeconds: 0.25, restarts: 0, peers: 90, sessionsCompleted: 10 },
    ],
  };
}
