/** The composition root: builds each room, starts them in order, stops them in reverse. Sees all rooms. */
import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { createApp } from "./api/app.ts";
import { isLoopback } from "./api/auth.ts";
import type { TokenStore } from "./auth/viewer-token.ts";
import { coreView } from "./config/core-view.ts";
import { parsePortRange } from "./config/formats.ts";
import type { Config } from "./config/schema.ts";
import type { PeerEventSink } from "./peer-events.ts";
import { configuredRules } from "./process/access/configured.ts";
import { demoId, demoRecord } from "./process/demo-record.ts";
import { openProcessRoom, type ProcessRoom, type ProcessRoomOptions } from "./process/open.ts";
import { type ProcessRecord, parseRecord } from "./process/record.ts";
import { adminToken } from "./server/admin-token.ts";
import { journaledProcesses, openServerJournal, type ServerJournal } from "./server/journal.ts";
import {
  bindHost,
  idleSeconds,
  type ListenAddress,
  localUrl,
  parseListenAddress,
} from "./server/listen-address.ts";
import { openLogin } from "./server/login.ts";
import { openShards } from "./server/media-shards.ts";
import { createMetrics, openExposition, type ServerMetrics } from "./server/metrics.ts";
import { openMonitoring, type ServerMonitoring } from "./server/monitoring.ts";
import { observers } from "./server/observers.ts";
import { missing } from "./server/readiness.ts";
import { openRecent, type ServerRecent } from "./server/recent.ts";
import { type SourceHooks, StreamSources } from "./server/stream-sources.ts";
import { openServerTracing, type ServerTracing } from "./server/tracing.ts";
import { openViewerTokens } from "./server/viewer-tokens.ts";
import type { Shards } from "./shard/shards.ts";
import { LegPortPool } from "./source/leg-ports.ts";
import { DiskStorage } from "./storage/disk.ts";
import { StreamRegistry } from "./stream/registry.ts";
import type { LogTail } from "./telemetry/log-tail.ts";
import type { Logger } from "./telemetry/logger.ts";
import { redact } from "./telemetry/redact.ts";

export interface ServerOptions {
  readonly config: Config;
  /** Adds the built-in test pattern as process `test`. */
  readonly demo: boolean;
  readonly logger: Logger;
  /** What the API shows of the log. */
  readonly log: Pick<LogTail, "lines">;
  /** Dotted names of the settings that come from the environment. */
  readonly overrides: readonly string[];
  /** Somebody asked for a start with the configuration as it is now. Returns what is wrong with that. */
  readonly onReload: () => Promise<readonly string[]>;
  readonly version: string;
  /** Of the source, "" where it is not known. */
  readonly commit: string;
}

export interface RunningServer {
  readonly httpUrl: string;
  readonly udpPorts: readonly number[];
  stop(): Promise<void>;
}

const MBYTE = 1024 * 1024;
/** What is still being answered gets this long at the end. */
const HTTP_CLOSE_MS_MAX = 1000;

/** Monotonic milliseconds. */
const nowMs = (): number => performance.now();
/** The time of day, for whatever is compared with other clocks: tokens, files, events. It jumps when NTP steps it. */
const unixMs = (): number => Date.now();
/** Unix time as it was at the start, going on without a jump: for media, and what happens to those who watch it. */
const mediaMs = (): number => performance.timeOrigin + performance.now();

const CLOCKS = { nowMs, unixMs };
const MEDIA_CLOCKS = { nowMs, unixMs: mediaMs };

/** Starts everything. Throws a DomainError that names what to change where a port, folder or record is unusable. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config, logger } = options;
  const listen = parseListenAddress(config.address);
  const streams = new StreamRegistry();
  const journal = openServerJournal(options);
  const forMetrics = { config, streams, journal, logger, mediaMs, ...CLOCKS };
  const metrics = createMetrics(forMetrics);
  const traces = await openTraces(options);
  const recent = openRecent({ streams, peers: () => peers, unixMs: mediaMs });
  const later = { peers: () => peers, processes: () => room.manager };
  const monitoring = openMonitoring({
    config,
    streams,
    disk: openDisk(config),
    logger,
    ...later,
    ...CLOCKS,
  });
  const watchers = { metrics, journal, recent, traces, ...monitoring, logger };
  const observe = observers({ ...watchers, unixMs: mediaMs });
  const peers = await openPeers(options, listen.host, observe.viewerEvent);
  const ports = legPortPool(config.webrtc.leg_ports);
  const sources = new StreamSources({
    streams,
    peers,
    ports,
    gopCache: gopCacheSettings(config),
    randomBytes,
    unixMs: mediaMs,
    onLegFailure: observe.legFailed,
    onCopyFault: (id, fault) => room.manager.copyFailed(id, fault),
    lifecycle: traces.lifecycle,
    logger,
  });
  const room = openProcesses(options, monitoring.watch(journal.sources.watch(sources)), {
    viewers: (id) => peers.count(id),
    supervise: (look) => metrics.tasks.run("process_supervision", look),
  });
  const rooms = { streams, peers, sources, ports, processes: room };
  const scrape = openExposition(metrics, forMetrics, rooms);
  let draining = false;
  const isDraining = () => draining;
  const app = createApp({
    about: aboutSettings(options),
    ...accessSettings(options, listen.host, journal.tokens(room.store.viewerTokens)),
    whep: whepSettings(config),
    streams,
    peers,
    core: { ...coreSettings(options, room), ...monitoring },
    processes: journaledProcesses(room.manager, journal.events),
    joins: observe.joins,
    onRefusal: journal.refused,
    events: journal.events,
    ...recent,
    exposition: scrape.exposition,
    ...countedBy(metrics),
    logger,
    tracing: traces.tracing,
    profiling: await loadProfiling(config),
    isDraining,
    missing: () => missing({ store: room.store, peers, isDraining }),
    ...CLOCKS,
    randomBytes,
  });
  app.listen(listenOptions(listen, config));
  const httpUrl = localUrl({ host: listen.host, port: app.server?.port ?? listen.port });
  room.manager.startAll();
  logReady(logger, httpUrl, peers);
  return {
    httpUrl,
    udpPorts: peers.udpPorts,
    stop: () => {
      draining = true;
      return stopAll({ app, room, sources, scrape, recent, monitoring, peers, traces, journal });
    },
  };
}

/** What the HTTP application tells the metrics. */
function countedBy({ instruments, http, testAlerts, viewers }: ServerMetrics) {
  return {
    instruments,
    httpMetrics: http,
    testAlerts,
    playerReported: viewers.playerReport.bind(viewers),
  };
}

interface Rooms {
  readonly app: { stop(): Promise<unknown> };
  readonly room: ProcessRoom;
  readonly sources: StreamSources;
  readonly scrape: { close(): void };
  readonly recent: ServerRecent;
  readonly monitoring: ServerMonitoring;
  readonly peers: Shards;
  readonly traces: ServerTracing;
  readonly journal: ServerJournal;
}

async function stopAll(rooms: Rooms): Promise<void> {
  const { journal, peers, traces } = rooms;
  journal.events.record({ event: "server_stopping" });
  peers.drain();
  await rooms.room.close();
  await Promise.race([rooms.app.stop(), Bun.sleep(HTTP_CLOSE_MS_MAX)]);
  rooms.sources.close();
  rooms.scrape.close();
  rooms.recent.history.close();
  rooms.monitoring.close();
  await peers.close();
  await Promise.all([traces.close(), journal.events.close()]);
}

function openPeers({ config, logger }: ServerOptions, host: string, onEvent: PeerEventSink) {
  return openShards({ config, host, clocks: MEDIA_CLOCKS, onEvent, logger });
}

function logReady(logger: Logger, url: string, { udpPorts, backend }: Shards): void {
  const media = { media_shards: udpPorts.length, media_backend: backend };
  logger.info("server ready", { url, udp_port: udpPorts[0], ...media });
}

function openDisk({ storage: { disk } }: Config): DiskStorage {
  const storage = new DiskStorage({
    folder: resolve(disk.dir),
    uploadBytesMax: disk.max_upload_mbytes * MBYTE,
    totalBytesMax: disk.max_size_mbytes * MBYTE,
    randomBytes,
  });
  void storage.removeLeftUploads(unixMs());
  return storage;
}

function coreSettings(options: ServerOptions, { metadata, skills }: ProcessRoom) {
  const { config, log, overrides, onReload } = options;
  const view = coreView(config, redact);
  return {
    metadata,
    log,
    skills,
    config: { view, overrides, loadedMs: unixMs(), reload: onReload },
  };
}

/** The profiler and its packages are loaded only where they are wanted. */
async function loadProfiling({ debug }: Config) {
  return debug.pprof ? (await import("./profiling/open.ts")).openProfiling(unixMs) : undefined;
}

function aboutSettings({ config, version, commit }: ServerOptions) {
  return { id: config.id, name: config.name, version, commit };
}

function openTraces({ config, version, logger }: ServerOptions) {
  const environment = process.env;
  return openServerTracing({ environment, version, coreId: config.id, logger, ...MEDIA_CLOCKS });
}

function accessSettings(
  { config, logger }: ServerOptions,
  boundHost: string,
  tokenStore: TokenStore,
) {
  const { token, file } = adminToken({
    configured: config.api.token,
    loopback: isLoopback(boundHost),
    login: config.api.auth.enable,
    folder: config.db.dir,
    randomBytes,
  });
  if (file !== undefined) logger.info("admin token", { file });
  const { allowed_hosts: allowedHosts, allowed_origins: allowedOrigins } = config.api;
  return {
    admin: { token, boundHost, allowedHosts, allowedOrigins },
    readOnly: config.api.read_only,
    metricsAccess: config.metrics,
    viewerTokens: openViewerTokens({ config, logger, store: tokenStore, ...CLOCKS, randomBytes }),
    tokenStore,
    login: openLogin({ auth: config.api.auth, folder: config.db.dir, unixMs, randomBytes }),
  };
}

/**
 * The routes read no more than they take (64 KiB of an offer) and say so in a problem body; Bun hands a body on as it
 * comes and keeps none of it. Its own bare 413 is only for what is larger than any upload.
 */
function listenOptions({ host, port }: ListenAddress, { storage, webrtc }: Config) {
  return {
    hostname: bindHost(host),
    port,
    // Elysia's default lets a second server take the same port, and the kernel deal the requests out.
    reusePort: false,
    idleTimeout: idleSeconds(webrtc.source_wait_seconds),
    maxRequestBodySize: (storage.disk.max_upload_mbytes + 1) * MBYTE,
    development: false,
  };
}

function legPortPool(range: string): LegPortPool {
  const ports = parsePortRange(range);
  if (ports === undefined) throw new Error(`${range} was not checked before`);
  return new LegPortPool(ports.first, ports.last);
}

function openProcesses(
  options: ServerOptions,
  sources: SourceHooks,
  watch: Pick<ProcessRoomOptions, "viewers" | "supervise">,
): ProcessRoom {
  const { config, logger } = options;
  return openProcessRoom({
    dbFolder: config.db.dir,
    ffmpegBinary: config.ffmpeg.binary,
    environment: process.env,
    serverPid: process.pid,
    access: configuredRules(config),
    maxProcesses: config.ffmpeg.max_processes,
    configRecords: configuredRecords(options),
    hooks: sources.hooks,
    onRecord: sources.onRecord,
    ...watch,
    randomBytes,
    log: logger,
  });
}

/** The processes of the configuration file, and the demo unless one of them has its id. */
function configuredRecords({ config, demo }: ServerOptions): readonly ProcessRecord[] {
  const records = config.processes.map((record) => parseRecord(record));
  const addDemo = demo && !records.some(({ id }) => id === demoId);
  return addDemo ? [demoRecord(), ...records] : records;
}

function gopCacheSettings({ webrtc }: Config) {
  return {
    packets: webrtc.gop_cache_packets,
    bytes: webrtc.gop_cache_bytes,
    seconds: webrtc.gop_cache_seconds,
  };
}

function whepSettings({ webrtc }: Config) {
  return {
    token: webrtc.whep_token,
    corsOrigins: webrtc.cors_origins,
    iceServers: webrtc.ice_servers,
    playerReports: webrtc.player_reports,
    sourceWaitSeconds: webrtc.source_wait_seconds,
    sessionSecondsMax: webrtc.session_max_age_seconds,
    ratePerSecond: webrtc.whep_rate_per_second,
    rateBurst: webrtc.whep_rate_burst,
    peersMaxPerStream: webrtc.max_peers_per_stream,
  };
}
