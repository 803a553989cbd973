/**
 * WHEP sessions: the secret in a session's URL, the entity-tag of its ICE generation, and its peer.
 * Ended sessions leave a tombstone for a minute, so that a player can learn what became of its own.
 */
import { IceTimeout, SessionNotFound } from "../errors/viewer.ts";
import type { LocalIce } from "../wire/sdp/answer.ts";
import type { RemoteCandidate } from "../wire/sdp/candidate.ts";
import { entityTag } from "./entity-tag.ts";
import type { ViewingEnd } from "./viewings.ts";

export interface IceCredentials {
  readonly iceUfrag: string;
  readonly icePwd: string;
}

/** What a session needs of a peer. */
export interface WhepPeer {
  readonly id: string;
  readonly answer: string;
  readonly local: LocalIce;
  readonly iceTransportMids: readonly { readonly mid: string; readonly kind: string }[];
  addRemoteCandidates(candidates: readonly RemoteCandidate[]): void;
  close(reason: "client_gone" | ViewingEnd): void;
  onClosed(listener: (reason: string) => void): void;
}

export interface Session<P extends WhepPeer> {
  /** The last part of the session's URL. Whoever has it may end the session: never log it. */
  readonly secret: string;
  readonly streamId: string;
  readonly peer: P;
  /** Monotonic. */
  readonly openedMs: number;
  /** Changes with every ICE restart. */
  etag: string;
  /** The player's credentials: the current ones first, then those of earlier generations. */
  remote: readonly IceCredentials[];
}

interface Tombstone {
  readonly streamId: string;
  readonly iceTimedOut: boolean;
  readonly untilMs: number;
}

export interface SessionsOptions {
  readonly randomBytes: (size: number) => Buffer;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/** WHEP §5 asks for a URL that cannot be guessed; this is 192 bit. */
const SECRET_BYTES = 24;
const ETAG_BYTES = 9;
const TOMBSTONE_MS = 60_000;
/** About the viewers of a full server twice over; older ones go first. */
export const TOMBSTONES_MAX = 1000;
/** So many restarts back a late trickle is still told from a restart. */
const GENERATIONS_MAX = 4;
const ICE_TIMEOUTS: ReadonlySet<string> = new Set(["no_stun_received", "stun_but_no_dtls"]);

export class Sessions<P extends WhepPeer> {
  private readonly options: SessionsOptions;
  private readonly live = new Map<string, Session<P>>();
  private readonly tombstones = new Map<string, Tombstone>();

  constructor(options: SessionsOptions) {
    this.options = options;
  }

  get size(): number {
    return this.live.size;
  }

  get tombstoneCount(): number {
    return this.tombstones.size;
  }

  /** A new session for a peer; it ends with the peer, whoever ends that. */
  open(streamId: string, peer: P, remote: IceCredentials): Session<P> {
    const secret = this.token(SECRET_BYTES);
    const session = {
      secret,
      streamId,
      peer,
      openedMs: this.options.nowMs(),
      etag: this.newEtag(),
      remote: [credentials(remote)],
    };
    this.live.set(secret, session);
    peer.onClosed((reason) => this.bury(session, reason));
    return session;
  }

  /** Throws IceTimeout for a session that never connected, SessionNotFound for any other that is not there. */
  get(streamId: string, secret: string): Session<P> {
    const session = this.live.get(secret);
    if (session?.streamId === streamId) return session;
    const tombstone = this.tombstones.get(secret);
    const known = tombstone?.streamId === streamId && tombstone.untilMs > this.options.nowMs();
    if (known && tombstone.iceTimedOut) throw new IceTimeout();
    throw new SessionNotFound();
  }

  /** Ends a session if it is there. */
  remove(streamId: string, secret: string): void {
    const session = this.live.get(secret);
    if (session?.streamId === streamId) session.peer.close("client_gone");
  }

  /** A new ICE generation, with a new entity-tag. */
  restarted(session: Session<P>, remote: IceCredentials): void {
    session.remote = [credentials(remote), ...session.remote].slice(0, GENERATIONS_MAX);
    session.etag = this.newEtag();
  }

  private bury(session: Session<P>, reason: string): void {
    this.live.delete(session.secret);
    const nowMs = this.options.nowMs();
    this.tombstones.set(session.secret, {
      streamId: session.streamId,
      iceTimedOut: ICE_TIMEOUTS.has(reason),
      untilMs: nowMs + TOMBSTONE_MS,
    });
    // A map keeps the order of insertion, so the first ones are the oldest.
    for (const [secret, { untilMs }] of this.tombstones) {
      if (untilMs > nowMs && this.tombstones.size <= TOMBSTONES_MAX) break;
      this.tombstones.delete(secret);
    }
  }

  private newEtag(): string {
    return entityTag(this.token(ETAG_BYTES));
  }

  private token(bytes: number): string {
    return this.options.randomBytes(bytes).toString("base64url");
  }
}

function credentials({ iceUfrag, icePwd }: IceCredentials): IceCredentials {
  return { iceUfrag, icePwd };
}
