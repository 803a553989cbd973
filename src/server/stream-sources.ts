/**
 * Keeps the streams in step with the process records, and passes on what the supervisor says of FFmpeg to the
 * source of each stream.
 */
import type { MediaKind } from "../media-kind.ts";
import type { ProcessRecord } from "../process/record.ts";
import type { CopyFault } from "../process/source-plan.ts";
import { isAlive } from "../process/state.ts";
import type { SupervisorHooks } from "../process/supervisor.ts";
import { FfmpegSource, type LegFailure, type SourceFaults } from "../source/ffmpeg-source.ts";
import type { LegPortPool } from "../source/leg-ports.ts";
import type { StreamRegistry } from "../stream/registry.ts";
import { type GopCache, Stream } from "../stream/stream.ts";
import type { Logger } from "../telemetry/logger.ts";
import { gopCacheOf } from "./gop-cache.ts";
import type { SourceLifecycle } from "./tracing.ts";

export interface StreamSourcesOptions {
  readonly streams: StreamRegistry;
  readonly peers: { addStream(stream: Stream): void; removeStream(id: string): void };
  readonly ports: LegPortPool;
  /** Of the server, for streams that have no limits of their own; 0 = none. */
  readonly gopCache: GopCache;
  readonly randomBytes: (size: number) => Buffer;
  /** Unix milliseconds on a clock that does not jump. */
  readonly unixMs: () => number;
  readonly onLegFailure: (streamId: string, leg: MediaKind, failure: LegFailure) => void;
  /** Video that is copied can't be played as it is. */
  readonly onCopyFault: (streamId: string, fault: CopyFault) => void;
  readonly lifecycle: SourceLifecycle;
  readonly logger: Logger;
}

/** What each failure of a leg means, for the log. */
const FAILURES: Readonly<Record<LegFailure, string>> = {
  port_unavailable: "no port could be bound for it",
  no_rtp: "FFmpeg runs but sends no RTP to it",
  process_died: "FFmpeg ended by itself",
};

interface Running {
  readonly source: FfmpegSource;
  /** Somebody asked FFmpeg to end, so its end is no failure. */
  stopAsked: boolean;
}

/** What the process room tells its listener. */
export interface SourceHooks {
  readonly hooks: SupervisorHooks;
  readonly onRecord: (record: ProcessRecord | undefined, id: string) => void;
}

export class StreamSources implements SourceHooks {
  readonly hooks: SupervisorHooks;
  private readonly options: StreamSourcesOptions;
  private readonly sources = new Map<string, Running>();

  constructor(options: StreamSourcesOptions) {
    this.options = options;
    this.hooks = {
      prepare: async (record, plan) => {
        const running = this.sources.get(record.id);
        return running === undefined || plan === undefined ? [] : running.source.prepare(plan);
      },
      started: (record, pid) => options.lifecycle.processStarted(record, pid),
      exited: (record, facts) => {
        options.lifecycle.processEnded(record, facts);
        this.exited(record.id, facts);
      },
      stateChanged: (record, state) => {
        const running = this.sources.get(record.id);
        if (running === undefined) return;
        if (state === "starting") this.starting(record.id, running.source);
        if (!isAlive(state)) {
          this.stopping(record.id);
          running.source.stopped();
        }
        // The end is told after the state it leads to, so the wish has to outlive that.
        if (state === "starting" || state === "finishing") {
          running.stopAsked = state === "finishing";
        }
      },
      mediaPackets: (id) => this.sources.get(id)?.source.packetsReceived ?? 0,
    };
  }

  /** A record came or changed; undefined: it went. */
  readonly onRecord = (record: ProcessRecord | undefined, id: string): void => {
    if (record?.webrtc?.enabled !== true) {
      this.remove(id);
      return;
    }
    const peersMax = record.webrtc.max_peers > 0 ? record.webrtc.max_peers : undefined;
    const stream = this.options.streams.get(id) ?? this.add(id);
    stream.peersMax = peersMax;
    stream.tokenPolicy = record.webrtc.token;
    stream.sessionSecondsMax = record.webrtc.session_max_age_seconds || undefined;
    stream.setGopCache(gopCacheOf(record.webrtc.gop_cache, this.options.gopCache));
  };

  /** What has been wrong with the source of each stream. */
  faults(): readonly (SourceFaults & { readonly streamId: string })[] {
    return [...this.sources].map(([streamId, { source }]) => ({ streamId, ...source.faults }));
  }

  close(): void {
    for (const id of [...this.sources.keys()]) this.remove(id);
  }

  private add(id: string): Stream {
    const { streams, peers, ports, randomBytes, unixMs } = this.options;
    const stream = new Stream({ id, peersMax: undefined, nowMs: unixMs });
    streams.add(stream);
    peers.addStream(stream);
    const source = new FfmpegSource({
      stream,
      ports,
      randomBytes,
      nowMs: unixMs,
      onLegFailure: (leg, failure) => this.legFailed(id, leg, failure),
      onCopyFault: (fault) => this.options.onCopyFault(id, fault),
    });
    this.sources.set(id, { source, stopAsked: false });
    return stream;
  }

  private remove(id: string): void {
    const running = this.sources.get(id);
    if (running === undefined) return;
    this.sources.delete(id);
    this.stopping(id);
    running.source.close();
    this.options.peers.removeStream(id);
    this.options.streams.remove(id);
  }

  private starting(id: string, source: FfmpegSource): void {
    source.starting();
    const stream = this.options.streams.get(id);
    if (stream !== undefined) this.options.lifecycle.streamStarting(stream);
  }

  private stopping(id: string): void {
    const stream = this.options.streams.get(id);
    if (stream !== undefined) this.options.lifecycle.streamStopping(stream);
  }

  private exited(
    id: string,
    facts: { code: number | null; signal: string | null; willRestart: boolean },
  ): void {
    const running = this.sources.get(id);
    if (running === undefined) return;
    // FFmpeg answers SIGINT and SIGTERM with 255.
    const orderly = facts.code === null || facts.code === 0 || facts.code === 255;
    const failed = !running.stopAsked && (facts.signal !== null || !orderly);
    running.source.exited({ failed, willRestart: facts.willRestart });
  }

  private legFailed(id: string, leg: MediaKind, failure: LegFailure): void {
    this.options.onLegFailure(id, leg, failure);
    this.options.logger.warn("leg failed", { stream: id, leg, failure, why: FAILURES[failure] });
  }
}
