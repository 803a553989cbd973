/** The viewers as datarhei Core's sessions: who watches now, how fast it is sent, and how many there have been. */
import type { LegTotals } from "../peer/totals.ts";
import type { PeerEvent } from "../peer-events.ts";
import type { Collector, Value } from "./value.ts";

export interface ViewingPeer {
  readonly streamId: string;
  view(): {
    readonly id: string;
    readonly state: string;
    readonly sinceMs: number;
    readonly videoCodec: string | null;
    readonly audioCodec: string | null;
    readonly bytesSent: number;
  };
}

export interface ViewingOptions {
  readonly peers: () => readonly ViewingPeer[];
  /** What was sent since the start, by stream and leg. */
  readonly sent: () => readonly Pick<LegTotals, "streamId" | "bytes">[];
  /** Whether a stream is one of those configured. */
  readonly isStream: (id: string) => boolean;
  readonly peersMax: number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

export interface ActiveViewer {
  readonly id: string;
  readonly streamId: string;
  /** Unix milliseconds. */
  readonly sinceMs: number;
  readonly codecs: string;
  readonly bytes: number;
  readonly bitsPerSecond: number;
}

export interface WatchedStream {
  readonly streamId: string;
  /** Viewers that connected since the start. */
  readonly sessions: number;
  readonly bytes: number;
}

/** Core's word for where sessions come from. */
export const COLLECTOR = "whep";

interface Sent {
  readonly atMs: number;
  readonly bytes: number;
  readonly bitsPerSecond: number;
}

export class Viewing implements Collector {
  readonly #options: ViewingOptions;
  readonly #sessions = new Map<string, number>();
  #sent = new Map<string, Sent>();

  constructor(options: ViewingOptions) {
    this.#options = options;
  }

  peerEvent(event: PeerEvent): void {
    const { type, streamId } = event;
    if (type !== "connected" || !this.#options.isStream(streamId)) return;
    this.#sessions.set(streamId, (this.#sessions.get(streamId) ?? 0) + 1);
  }

  /** The stream is gone, and with it what was counted. */
  removed(streamId: string): void {
    this.#sessions.delete(streamId);
  }

  /** Looks at what was sent since the last call; to be called every few seconds. */
  measure(): void {
    const atMs = this.#options.nowMs();
    const sent = new Map<string, Sent>();
    for (const peer of this.#options.peers()) {
      const { id, bytesSent: bytes } = peer.view();
      const before = this.#sent.get(id) ?? { atMs, bytes, bitsPerSecond: 0 };
      const seconds = (atMs - before.atMs) / 1000;
      const bitsPerSecond = seconds > 0 ? ((bytes - before.bytes) * 8) / seconds : 0;
      sent.set(id, { atMs, bytes, bitsPerSecond });
    }
    this.#sent = sent;
  }

  active(): readonly ActiveViewer[] {
    return this.#options.peers().flatMap((peer) => {
      const { id, state, sinceMs, videoCodec, audioCodec, bytesSent: bytes } = peer.view();
      if (state !== "connected") return [];
      const codecs = [videoCodec, audioCodec].filter((codec) => codec !== null).join(" ");
      const bitsPerSecond = this.#sent.get(id)?.bitsPerSecond ?? 0;
      return [{ id, streamId: peer.streamId, sinceMs, codecs, bytes, bitsPerSecond }];
    });
  }

  watched(): readonly WatchedStream[] {
    const bytes = new Map<string, number>();
    for (const leg of this.#options.sent()) {
      bytes.set(leg.streamId, (bytes.get(leg.streamId) ?? 0) + leg.bytes);
    }
    return [...this.#sessions].map(([streamId, sessions]) => {
      return { streamId, sessions, bytes: bytes.get(streamId) ?? 0 };
    });
  }

  sessions(streamId: string): number {
    return this.#sessions.get(streamId) ?? 0;
  }

  get peersMax(): number {
    return this.#options.peersMax;
  }

  collect(): readonly Value[] {
    const labels = { collector: COLLECTOR };
    const active = this.active();
    const watched = this.watched();
    const value = (name: string, number: number) => ({ name, labels, value: number });
    return [
      value("session_active", active.length),
      value("session_limit", this.peersMax),
      value(
        "session_total",
        watched.reduce((sum, { sessions }) => sum + sessions, 0),
      ),
      value(
        "session_txbitrate",
        active.reduce((sum, { bitsPerSecond }) => sum + bitsPerSecond, 0),
      ),
      value(
        "session_txbytes",
        watched.reduce((sum, { bytes }) => sum + bytes, 0),
      ),
    ];
  }
}
