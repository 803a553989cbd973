/**
 * What the API tells in datarhei Core's numbers: machine, processes and viewers, now and over the last minutes; and the
 * storage that is part of it, kept tidy.
 */
import { resolve } from "node:path";
import type { Config } from "../config/schema.ts";
import { HostValues } from "../monitor/host.ts";
import { Monitor } from "../monitor/monitor.ts";
import { ProcessValues, StateCounts } from "../monitor/processes.ts";
import { Viewing } from "../monitor/viewing.ts";
import { CLEANUP_MS, StorageCleanup } from "../process/cleanup.ts";
import type { ProcessManager } from "../process/manager.ts";
import type { Shards } from "../shard/shards.ts";
import type { DiskStorage } from "../storage/disk.ts";
import type { StreamRegistry } from "../stream/registry.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { SourceHooks } from "./stream-sources.ts";

export interface MonitoringOptions {
  readonly config: Config;
  readonly streams: StreamRegistry;
  /** Asked when values are, so they may be opened later. */
  readonly peers: () => Pick<Shards, "all" | "totals">;
  readonly processes: () => Pick<ProcessManager, "list" | "state">;
  readonly disk: DiskStorage;
  readonly logger: Pick<Logger, "debug">;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Unix milliseconds. */
  readonly unixMs: () => number;
}

export interface ServerMonitoring {
  readonly disk: DiskStorage;
  readonly viewing: Viewing;
  readonly monitor: Monitor;
  /** Passes on what happens to the processes, and counts it. */
  watch(sources: SourceHooks): SourceHooks;
  close(): void;
}

const MBYTE = 1024 * 1024;

/** Values are taken at CORE_METRICS_INTERVAL_SECONDS; they are kept where CORE_METRICS_ENABLE is on. */
export function openMonitoring(options: MonitoringOptions): ServerMonitoring {
  const { config, streams, peers, processes, disk, nowMs, unixMs } = options;
  const { range_seconds: rangeSeconds, interval_seconds: intervalSeconds, enable } = config.metrics;
  const { dir, max_size_mbytes: megabytes } = config.storage.disk;
  const counts = new StateCounts();
  const viewing = new Viewing({
    peers: () => peers().all(),
    sent: () => peers().totals.legs,
    isStream: (id) => streams.get(id) !== undefined,
    peersMax: config.webrtc.max_peers_total,
    nowMs,
  });
  const host = new HostValues({
    storageFolder: resolve(dir),
    storageBytesMax: megabytes === 0 ? -1 : megabytes * MBYTE,
    files: () => disk.list(),
    nowMs,
  });
  const all = { list: () => processes().list(), state: (id: string) => processes().state(id) };
  const collectors = [host, new ProcessValues(all, counts), viewing];
  const monitor = new Monitor({ collectors, rangeSeconds, intervalSeconds, unixMs });
  const cleanup = new StorageCleanup({ disk, unixMs, log: options.logger });
  const timers = [
    setInterval(() => {
      viewing.measure();
      if (enable) void monitor.sample();
    }, intervalSeconds * 1000),
    setInterval(() => void cleanup.look(), CLEANUP_MS),
  ];
  for (const timer of timers) timer.unref();
  return {
    disk,
    viewing,
    monitor,
    watch: (sources) => watched(sources, { counts, viewing, cleanup }),
    close: () => {
      for (const timer of timers) clearInterval(timer);
    },
  };
}

interface Watchers {
  readonly counts: StateCounts;
  readonly viewing: Viewing;
  readonly cleanup: StorageCleanup;
}

function watched(
  { hooks, onRecord }: SourceHooks,
  { counts, viewing, cleanup }: Watchers,
): SourceHooks {
  return {
    onRecord: (record, id) => {
      onRecord(record, id);
      cleanup.recordChanged(record, id);
      if (record !== undefined) return;
      counts.removed(id);
      viewing.removed(id);
    },
    hooks: {
      ...hooks,
      stateChanged: (record, state) => {
        counts.changed(record.id, state);
        hooks.stateChanged(record, state);
      },
    },
  };
}
