/** The metrics of this server: what counts, and what a scrape brings up to date before it writes. */
import { resolve } from "node:path";
import type { Config } from "../config/schema.ts";
import { BackgroundTasks } from "../metrics/background-tasks.ts";
import { addDefaultMetrics, createExposition, type Exposition } from "../metrics/exposition.ts";
import { HttpMetrics } from "../metrics/http-metrics.ts";
import { createInstruments } from "../metrics/instruments.ts";
import { registerMediaMetrics } from "../metrics/media-metrics.ts";
import { registerProcessMetrics } from "../metrics/process-metrics.ts";
import { createRegistry } from "../metrics/registry.ts";
import { createSnapshot } from "../metrics/snapshot.ts";
import { registerStorageMetrics } from "../metrics/storage-metrics.ts";
import { StreamLabels } from "../metrics/stream-labels.ts";
import { TestAlerts } from "../metrics/test-alerts.ts";
import { ViewerMetrics } from "../metrics/viewer-metrics.ts";
import type { ProcessRoom } from "../process/open.ts";
import { EXEC_STATES } from "../process/state.ts";
import type { Shards } from "../shard/shards.ts";
import type { LegPortPool } from "../source/leg-ports.ts";
import type { StreamRegistry } from "../stream/registry.ts";
import type { Logger } from "../telemetry/logger.ts";
import { CertificateWatch } from "./certificate-watch.ts";
import { ffmpegUsage } from "./ffmpeg-usage.ts";
import type { ServerJournal } from "./journal.ts";
import { mediaStats } from "./media-stats.ts";
import { StorageWatch } from "./storage-watch.ts";
import type { StreamSources } from "./stream-sources.ts";

/** However many ask for the metrics, and however often, this is how often they are written. */
const REUSE_MS = 100;

/** A renewed certificate is seen after this time at the latest. */
const CERTIFICATE_MS = 3_600_000;

export interface MetricsOptions {
  readonly logger: Pick<Logger, "warn">;
  readonly config: Config;
  readonly streams: StreamRegistry;
  readonly journal: ServerJournal;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Unix milliseconds. */
  readonly unixMs: () => number;
  /** The same on the clock of the sources' timelines and the viewers' events. */
  readonly mediaMs: () => number;
}

/** Whatever the rooms tell of what happens. */
export type ServerMetrics = ReturnType<typeof createMetrics>;

export function createMetrics(options: MetricsOptions) {
  const { config, streams, journal, nowMs, unixMs, mediaMs } = options;
  const registry = createRegistry(config.id);
  const labels = new StreamLabels(
    (id) => streams.get(id) !== undefined,
    config.metrics.streams_max,
  );
  const viewers = new ViewerMetrics({ registry, labels, unixMs: mediaMs });
  const onSecurityEvent = viewers.securityEvent.bind(viewers);
  const metrics = {
    registry,
    labels,
    viewers,
    instruments: createInstruments(registry, labels),
    http: new HttpMetrics({ registry, nowMs, onSecurityEvent }),
    testAlerts: new TestAlerts({ registry, nowMs }),
    tasks: new BackgroundTasks({ registry, nowMs, unixMs }),
  };
  journal.events.onTrim(({ seconds }) => {
    if (seconds === undefined) metrics.tasks.failed("journal_trim");
    else metrics.tasks.succeeded("journal_trim", seconds);
  });
  addDefaultMetrics(registry);
  return metrics;
}

/** The rooms that a scrape asks. */
export interface ScrapedRooms {
  readonly streams: StreamRegistry;
  readonly peers: Shards;
  readonly sources: Pick<StreamSources, "faults">;
  readonly ports: LegPortPool;
  readonly processes: ProcessRoom;
}

export interface OpenExposition {
  readonly exposition: Exposition;
  close(): void;
}

export function openExposition(
  metrics: ServerMetrics,
  options: MetricsOptions,
  { streams, peers, sources, ports, processes }: ScrapedRooms,
): OpenExposition {
  const { instruments, labels, registry, viewers } = metrics;
  const snapshot = createSnapshot(registry, labels, {
    stats: () => ({
      streamCount: streams.list().filter(({ state }) => state !== "down").length,
      peersByStream: new Map(streams.list().map(({ id }) => [id, peers.count(id)])),
      udpPortsInUse: ports.inUse,
      udpPortsAvailable: ports.available,
    }),
  });
  const storage = openStorageWatch(metrics, options, processes);
  const certificate = openCertificateWatch(metrics, options);
  const stats = () => mediaStats({ streams, peers, sources }, options.mediaMs());
  const usage = () => ffmpegUsage(processes.manager, streams);
  const refreshers = [
    registerMediaMetrics({ registry, labels, stats }),
    registerProcessMetrics({ registry, labels, states: EXEC_STATES, usage }),
    registerStorageMetrics(registry, () => storage.stats),
    () => metrics.testAlerts.refresh(),
  ];
  const refresh = async (ids: readonly string[]) => {
    for (const one of refreshers) one();
    await viewers.refresh(ids);
  };
  const exposition = createExposition({
    core: options.config.id,
    registry,
    instruments,
    snapshot,
    refresh,
    nowMs: options.nowMs,
    reuseMs: REUSE_MS,
  });
  void warmUp(exposition);
  return {
    exposition,
    close: () => {
      storage.close();
      certificate?.close();
    },
  };
}

function openCertificateWatch(
  { registry, tasks }: ServerMetrics,
  { config, logger }: MetricsOptions,
): CertificateWatch | undefined {
  const file = config.metrics.certificate_file;
  if (file === "") return undefined;
  const watch = new CertificateWatch({
    file,
    registry,
    intervalMs: CERTIFICATE_MS,
    task: (work) => tasks.runAsync("certificate_check", work),
    logger,
  });
  void watch.start();
  return watch;
}

/** The first scrapes run uncompiled, for tens of milliseconds: better now than when viewers are there. */
async function warmUp(exposition: Exposition): Promise<void> {
  await exposition.scrape();
  await exposition.scrape("application/openmetrics-text");
}

function openStorageWatch(
  { tasks }: ServerMetrics,
  { config, journal, nowMs, unixMs }: MetricsOptions,
  { store }: ProcessRoom,
): StorageWatch {
  const watch = new StorageWatch({
    folder: resolve(config.db.dir),
    journalPath: journal.path,
    state: store,
    journal: journal.events,
    intervalMs: config.metrics.storage_scan_minutes * 60_000,
    task: (work) => tasks.runAsync("storage_reconciliation", work),
    nowMs,
    unixMs,
  });
  void watch.start();
  return watch;
}
