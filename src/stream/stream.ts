/**
 * The hub of one published id: its tracks, whether media flows, and who is told when packets arrive.
 * Imports neither sources nor peers.
 */

import type { TokenPolicy } from "../auth/viewer-token.ts";
import type { MediaKind } from "../media-kind.ts";
import type { ProducedTrack } from "../wire/sdp/answer.ts";
import type { PlayedStream, StreamListener } from "./played.ts";
import { RateMeter } from "./rate-meter.ts";
import { type Codec, Track } from "./track.ts";

/**
 * down: no source runs. starting: a source runs, but a viewer would see nothing yet.
 * live: every track can be played.
 */
export type StreamState = "down" | "starting" | "live";

export interface TrackDescription {
  readonly kind: MediaKind;
  readonly codec: Codec;
  readonly channels: number;
}

/** Bounds of what a viewer that joins is sent at once, so that it sees a picture before the next keyframe. */
export interface GopCache {
  readonly packets: number;
  readonly bytes: number;
  readonly seconds: number;
}

/** Offers that may wait for one source; each holds some kilobytes, and most of so many would find no place. */
const WAITERS_MAX = 1000;

export class Stream implements PlayedStream {
  readonly id: string;
  /** Greatest number of viewers, undefined where only the server's limit holds. */
  peersMax: number | undefined;
  /** Who may watch. */
  tokenPolicy: TokenPolicy = "server";
  /** Greatest age of a viewer's session, undefined where the server's limit holds; 0 = no limit. */
  sessionSecondsMax: number | undefined;
  private trackList: readonly Track[] = [];
  private sourceRuns = false;
  private liveSince: number | undefined;
  private readonly waiters = new Set<(live: boolean) => void>();
  /** One for each media shard. */
  private readonly listeners = new Set<StreamListener>();
  private readonly nowMs: () => number;
  private gopCache: GopCache = { packets: Infinity, bytes: Infinity, seconds: Infinity };
  private rate: RateMeter | undefined;

  /** `nowMs` is Unix time in milliseconds. */
  constructor(options: { id: string; peersMax: number | undefined; nowMs: () => number }) {
    this.id = options.id;
    this.peersMax = options.peersMax;
    this.nowMs = options.nowMs;
  }

  get state(): StreamState {
    if (!this.sourceRuns) return "down";
    return this.liveSince === undefined ? "starting" : "live";
  }

  /** Unix time in ms since when media flows without a break of the source. */
  get liveSinceMs(): number | undefined {
    return this.state === "live" ? this.liveSince : undefined;
  }

  /** Bits per second that came in of late, undefined where that is not known yet. */
  get bitrate(): number | undefined {
    return this.state === "live" ? this.rate?.read(this.bytesReceived, this.nowMs()) : undefined;
  }

  get tracks(): readonly Track[] {
    return this.trackList;
  }

  get produced(): readonly ProducedTrack[] {
    return this.trackList.map((track) => track.produced);
  }

  track(kind: MediaKind): Track | undefined {
    return this.trackList.find((track) => track.kind === kind);
  }

  /** Bounds the replay from here on. */
  setGopCache(cache: GopCache): void {
    this.gopCache = cache;
    for (const track of this.trackList) track.setGopCache(cache);
    // Whoever mirrors the tracks looks at them then.
    this.tellPackets();
  }

  listen(listener: StreamListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** A source is being started; what it will deliver is not known yet. */
  sourceStarting(): void {
    this.sourceRuns = true;
    this.liveSince = undefined;
  }

  /**
   * A source starts to deliver these tracks. Tracks of the same codecs are kept, with their rings, so that
   * viewers of a source that was restarted go on; others replace the old ones and end their viewers.
   */
  sourceStarted(descriptions: readonly TrackDescription[]): void {
    this.sourceStarting();
    if (!this.hasTracks(descriptions)) this.replaceTracks(descriptions);
  }

  /** The source ended. Viewers stay: the next start of the same source goes on for them. */
  sourceStopped(): void {
    this.sourceRuns = false;
    this.liveSince = undefined;
    this.settle(false);
  }

  /** Media of every track has arrived since the source's start. */
  sourceLive(): void {
    if (!this.sourceRuns || this.liveSince !== undefined) return;
    this.liveSince = this.nowMs();
    this.rate = new RateMeter(this.bytesReceived, this.liveSince);
    this.settle(true);
  }

  /** True when the stream is live, at once or within the time; false when it is not, its source stops, or many wait. */
  whenLive(timeoutMs: number): Promise<boolean> {
    if (this.state !== "starting") return Promise.resolve(this.state === "live");
    if (this.waiters.size >= WAITERS_MAX) return Promise.resolve(false);
    return new Promise((resolve) => {
      const waiter = (live: boolean) => {
        clearTimeout(timer);
        this.waiters.delete(waiter);
        resolve(live);
      };
      const timer = setTimeout(() => waiter(false), timeoutMs);
      this.waiters.add(waiter);
    });
  }

  /** Ends the stream's tracks. */
  close(): void {
    this.sourceStopped();
    this.replaceTracks([]);
  }

  private get bytesReceived(): number {
    return this.trackList.reduce((sum, track) => sum + track.bytesReceived, 0);
  }

  private hasTracks(descriptions: readonly TrackDescription[]): boolean {
    const key = (t: TrackDescription) => `${t.kind}/${t.codec}/${t.channels}`;
    return descriptions.map(key).join() === this.trackList.map(key).join();
  }

  private replaceTracks(descriptions: readonly TrackDescription[]): void {
    const had = this.trackList.length > 0;
    for (const track of this.trackList) track.close();
    this.trackList = descriptions.map(
      (description) => new Track({ ...description, onPackets: this.tellPackets }),
    );
    for (const track of this.trackList) track.setGopCache(this.gopCache);
    if (had) for (const listener of this.listeners) listener.tracksReplaced();
  }

  private readonly tellPackets = (): void => {
    for (const listener of this.listeners) listener.packets();
  };

  private settle(live: boolean): void {
    for (const waiter of [...this.waiters]) waiter(live);
  }
}
