/** How many viewers there may be, in all and of one stream. */
import { PeerLimitReached, ServerDraining } from "../errors/viewer.ts";

export interface PeerLimits {
  readonly total: number;
  readonly perStream: number;
}

/** What of a stream decides. */
export interface LimitedStream {
  readonly id: string;
  /** Undefined where only the server's limit holds. */
  readonly peersMax: number | undefined;
}

/** A place is likely to be free again after this time. */
const RETRY_SECONDS = 30;

export class Admission {
  private readonly limits: PeerLimits;
  private readonly counts = new Map<string, number>();
  private total = 0;
  private draining = false;

  constructor(limits: PeerLimits) {
    this.limits = limits;
  }

  /** Viewers of one stream, or of all. */
  count(streamId?: string): number {
    return streamId === undefined ? this.total : (this.counts.get(streamId) ?? 0);
  }

  /** Throws ServerDraining or PeerLimitReached where no viewer can be taken now. */
  check(stream: LimitedStream): void {
    if (this.draining) throw new ServerDraining();
    if (this.total >= this.limits.total) {
      throw new PeerLimitReached("global", this.limits.total, RETRY_SECONDS);
    }
    const perStream = stream.peersMax ?? this.limits.perStream;
    if (this.count(stream.id) >= perStream) {
      throw new PeerLimitReached("stream", perStream, RETRY_SECONDS);
    }
  }

  /** Takes a place, as check() does; the caller gives it back by release(). */
  take(stream: LimitedStream): void {
    this.check(stream);
    this.total++;
    this.counts.set(stream.id, this.count(stream.id) + 1);
  }

  release(streamId: string): void {
    this.total--;
    const left = this.count(streamId) - 1;
    if (left > 0) this.counts.set(streamId, left);
    else this.counts.delete(streamId);
  }

  /** From here on nobody is taken. */
  drain(): void {
    this.draining = true;
  }
}
