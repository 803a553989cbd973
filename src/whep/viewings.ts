/**
 * On what ground each viewer watches, and when that ends: with its token, with the greatest age of a session, or when
 * the stream has more bits than its token allows. Looks at every viewer once a second, on the side of control.
 */
import type { ViewGrant } from "../auth/viewer-token.ts";
import { BitrateNotAllowed, TokenInUse } from "../errors/access.ts";

export type ViewingEnd = "token_expired" | "token_revoked" | "session_max_age" | "bitrate_exceeded";

/** What is needed of a stream. */
export interface ViewedStream {
  readonly id: string;
  /** Undefined where the server's limit holds. */
  readonly sessionSecondsMax: number | undefined;
  /** Bits per second, undefined where it is not known yet. */
  readonly bitrate: number | undefined;
}

interface ViewingPeer {
  readonly id: string;
  close(reason: ViewingEnd): void;
  onClosed(listener: () => void): void;
}

/** One viewer, from the offer on. */
export interface Viewing {
  readonly stream: ViewedStream;
  readonly grant: ViewGrant;
  /** Monotonic. */
  readonly sinceMs: number;
  peer: ViewingPeer | undefined;
}

export interface ViewingsOptions {
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Unix milliseconds. */
  readonly unixMs: () => number;
  /** Greatest age of a session where its stream has none of its own; 0 = no limit. */
  readonly sessionSecondsMax: number;
}

const SWEEP_MS = 1000;
/** A place is likely to be free again after this time. */
const RETRY_SECONDS = 30;
/** A mean of a few seconds is no exact figure. */
const BITRATE_TOLERANCE = 1.1;

export class Viewings {
  private readonly options: ViewingsOptions;
  /** As many as there are viewers, and offers that are being answered. */
  private readonly all = new Set<Viewing>();
  private readonly byPeer = new Map<string, Viewing>();
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: ViewingsOptions) {
    this.options = options;
  }

  /** Viewers with this token of ours. */
  count(tokenId: string): number {
    let count = 0;
    for (const { grant } of this.all) if (grant.minted?.id === tokenId) count++;
    return count;
  }

  /** Takes a place, which leave() or the end of the peer gives back. Throws TokenInUse or BitrateNotAllowed. */
  enter(stream: ViewedStream, grant: ViewGrant): Viewing {
    const { minted } = grant;
    const viewersMax = minted?.viewersMax ?? 0;
    if (minted !== undefined && viewersMax > 0 && this.count(minted.id) >= viewersMax) {
      throw new TokenInUse(viewersMax, RETRY_SECONDS);
    }
    if (isTooMuch(stream, grant)) throw new BitrateNotAllowed(grant.bitrateMax ?? 0);
    const viewing = { stream, grant, sinceMs: this.options.nowMs(), peer: undefined };
    this.all.add(viewing);
    this.timer ??= setInterval(() => this.sweep(), SWEEP_MS);
    return viewing;
  }

  /** The viewer's offer was answered. */
  started(viewing: Viewing, peer: ViewingPeer): void {
    viewing.peer = peer;
    this.byPeer.set(peer.id, viewing);
    peer.onClosed(() => this.leave(viewing));
  }

  /** What lets this viewer watch, undefined where there is no such viewer. */
  grantOf(peerId: string): ViewGrant | undefined {
    return this.byPeer.get(peerId)?.grant;
  }

  leave(viewing: Viewing): void {
    this.all.delete(viewing);
    if (viewing.peer !== undefined) this.byPeer.delete(viewing.peer.id);
    if (this.all.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** Sends away everybody who watches with this token of ours. */
  revoke(tokenId: string): void {
    for (const { grant, peer } of [...this.all]) {
      if (grant.minted?.id === tokenId) peer?.close("token_revoked");
    }
  }

  /** Sends away whose time is over. */
  sweep(): void {
    for (const viewing of [...this.all]) {
      const end = this.endOf(viewing);
      if (end !== undefined) viewing.peer?.close(end);
    }
  }

  private endOf({ grant, sinceMs, stream }: Viewing): ViewingEnd | undefined {
    const { nowMs, unixMs } = this.options;
    if (grant.untilMs !== undefined && unixMs() >= grant.untilMs) return "token_expired";
    const secondsMax = stream.sessionSecondsMax ?? this.options.sessionSecondsMax;
    if (secondsMax > 0 && nowMs() - sinceMs >= secondsMax * 1000) return "session_max_age";
    return isTooMuch(stream, grant) ? "bitrate_exceeded" : undefined;
  }
}

function isTooMuch(stream: ViewedStream, { bitrateMax }: ViewGrant): boolean {
  if (bitrateMax === undefined) return false;
  const { bitrate } = stream;
  return bitrate !== undefined && bitrate > bitrateMax * BITRATE_TOLERANCE;
}
