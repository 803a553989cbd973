/**
 * What the WHEP methods do, in the order in which they refuse. Throws domain errors; knows no HTTP status.
 */

import type { TokenPolicy, ViewGrant } from "../auth/viewer-token.ts";
import {
  FragmentInvalid,
  OfferInvalid,
  PatchUnsupported,
  PreconditionFailed,
  PreconditionRequired,
  ServerDraining,
  SourceTimeout,
  StreamNotFound,
  StreamNotLive,
} from "../errors/viewer.ts";
import { UnsupportedMediaType } from "../errors.ts";
import { parseFragment, type SdpFragment, writeFragment } from "../wire/sdp/fragment.ts";
import { type Offer, parseOffer } from "../wire/sdp/offer.ts";
import { hasMediaType, readBody, SDP_BYTES_MAX } from "./body.ts";
import { matches, readIfMatch } from "./entity-tag.ts";
import { FRAGMENT, SDP } from "./headers.ts";
import type { IceCredentials, Session, Sessions, WhepPeer } from "./sessions.ts";
import type { ViewedStream, Viewings } from "./viewings.ts";

/** What the endpoint needs of a stream. */
export interface WhepStream extends ViewedStream {
  readonly tokenPolicy: TokenPolicy;
  readonly state: "down" | "starting" | "live";
  /** At once where it is live or down. */
  whenLive(timeoutMs: number): Promise<boolean>;
}

/** What the endpoint needs of the peer registry. */
export interface WhepPeers<S extends WhepStream, P extends WhepPeer> {
  /** Throws ServerDraining or PeerLimitReached. */
  admit(stream: S): void;
  /** Rejects with CodecMismatch, StreamNotLive, NotReady and what admit() throws. */
  open(stream: S, offer: Offer): Promise<P>;
  /** Rejects with SessionNotFound where the peer has ended. */
  restartIce(peer: P, remote: IceCredentials): Promise<P["local"]>;
}

export interface EndpointOptions<S extends WhepStream, P extends WhepPeer> {
  readonly streams: { get(id: string): S | undefined };
  readonly peers: WhepPeers<S, P>;
  readonly sessions: Sessions<P>;
  readonly isDraining: () => boolean;
  /** Throws RateLimited. Comes first, so that tokens cannot be tried at will. */
  readonly limitRate: (request: Request) => void;
  /** Who may watch a stream; undefined is one that does not exist. Rejects with Unauthorized or KeysUnavailable. */
  readonly authorize: (request: Request, stream: S | undefined) => Promise<ViewGrant>;
  readonly viewings: Viewings;
  readonly sourceWaitSeconds: number;
  /** Told how a join goes on, for traces and the log. */
  readonly joins: JoinObserver;
}

export interface JoinObserver {
  /** An offer for a stream that exists was read. */
  offered(request: Request, streamId: string, sdpBytes: number): void;
  answered(request: Request, streamId: string, peerId: string): void;
}

/** Longer than any id that a process record may have, so that nothing longer is looked up. */
export const ID_LENGTH_MAX = 256;
/** A source that reconnects has mostly done so after this time. */
const SOURCE_RETRY_SECONDS = 5;

const badOffer = (what: string) => new OfferInvalid(what);
const badFragment = (what: string) => new FragmentInvalid(what);

export class WhepEndpoint<S extends WhepStream, P extends WhepPeer> {
  private readonly options: EndpointOptions<S, P>;

  constructor(options: EndpointOptions<S, P>) {
    this.options = options;
  }

  /** For GET and HEAD on the endpoint: rejects where the stream is not there. */
  async look(request: Request, id: unknown): Promise<S> {
    this.options.limitRate(request);
    const found = this.find(id);
    await this.options.authorize(request, found);
    return existing(found);
  }

  /** For GET and HEAD on the session. */
  async lookAtSession(request: Request, id: unknown, secret: string): Promise<Session<P>> {
    return this.options.sessions.get((await this.look(request, id)).id, secret);
  }

  /** An offer for a session. Everything that is cheap to find out comes before the body is read. */
  async post(request: Request, id: unknown): Promise<Session<P>> {
    this.options.limitRate(request);
    const found = this.find(id);
    const grant = await this.options.authorize(request, found);
    if (this.options.isDraining()) throw new ServerDraining();
    const stream = existing(found);
    this.options.peers.admit(stream);
    if (!hasMediaType(request, SDP)) throw new UnsupportedMediaType(SDP);
    const body = await readBody(request, SDP_BYTES_MAX, badOffer);
    this.options.joins.offered(request, stream.id, Buffer.byteLength(body));
    const offer = parseOffer(body);
    await this.awaitLive(stream, request.signal);
    const peer = await this.open(stream, offer, grant);
    this.options.joins.answered(request, stream.id, peer.id);
    return this.options.sessions.open(stream.id, peer, offer);
  }

  /**
   * Trickled candidates, or an ICE restart, for which the answer's fragment is returned.
   * Whatever is thrown, the session goes on (WHEP §4.5.3).
   */
  async patch(request: Request, id: unknown, secret: string): Promise<PatchResult<P>> {
    const session = await this.lookAtSession(request, id, secret);
    if (hasMediaType(request, SDP)) throw new PatchUnsupported();
    if (!hasMediaType(request, FRAGMENT)) throw new UnsupportedMediaType(FRAGMENT);
    const condition = readIfMatch(request.headers.get("if-match"));
    if (condition.kind === "absent") throw new PreconditionRequired();
    const fragment = parseFragment(await readBody(request, SDP_BYTES_MAX, badFragment));
    // It may have ended while the body was on its way.
    this.options.sessions.get(session.streamId, secret);
    const restart = restartOf(session, fragment);
    if (restart !== undefined)
      return { session, fragment: await this.restart(session, restart, fragment) };
    if (!matches(condition, session.etag)) throw new PreconditionFailed();
    session.peer.addRemoteCandidates(fragment.candidates);
    return { session, fragment: undefined };
  }

  /**
   * Ends a session. Idempotent: a session that has ended, or of which nothing is known any more, is a
   * session that is not there, which is what the player asked for. So an unguessed URL tells nothing either.
   */
  async delete(request: Request, id: unknown, secret: string): Promise<void> {
    const stream = await this.look(request, id);
    this.options.sessions.remove(stream.id, secret);
  }

  private find(id: unknown): S | undefined {
    const known = typeof id === "string" && id.length <= ID_LENGTH_MAX;
    return known ? this.options.streams.get(id) : undefined;
  }

  private async open(stream: S, offer: Offer, grant: ViewGrant): Promise<P> {
    const { peers, viewings } = this.options;
    const viewing = viewings.enter(stream, grant);
    try {
      const peer = await peers.open(stream, offer);
      viewings.started(viewing, peer);
      return peer;
    } catch (error) {
      viewings.leave(viewing);
      throw error;
    }
  }

  /** A player that does not wait any more gets no place, which would stay taken until it times out. */
  private async awaitLive(stream: S, signal: AbortSignal): Promise<void> {
    const live = await stream.whenLive(this.options.sourceWaitSeconds * 1000);
    if (live && !signal.aborted) return;
    // It may have stopped meanwhile.
    const Refusal = stream.state === "down" ? StreamNotLive : SourceTimeout;
    throw new Refusal(stream.id, SOURCE_RETRY_SECONDS);
  }

  private async restart(
    session: Session<P>,
    remote: IceCredentials,
    fragment: SdpFragment,
  ): Promise<string> {
    const local = await this.options.peers.restartIce(session.peer, remote);
    this.options.sessions.restarted(session, remote);
    session.peer.addRemoteCandidates(fragment.candidates);
    const mids = session.peer.iceTransportMids;
    const { mid, kind } = mids[0] ?? { mid: "", kind: "video" };
    return writeFragment({ ...local, mid, kind, bundle: mids.map((section) => section.mid) });
  }
}

/** To be called once the request may know: who must not watch learns nothing of which streams there are. */
function existing<S>(found: S | undefined): S {
  if (found === undefined) throw new StreamNotFound();
  return found;
}

export interface PatchResult<P extends WhepPeer> {
  readonly session: Session<P>;
  /** The body of the answer to a restart. */
  readonly fragment: string | undefined;
}

/**
 * The new credentials where the fragment has some. WHEP §4.5.3: they mean a restart whatever If-Match
 * says; only those of an earlier generation do not, they are a late trickle.
 */
function restartOf<P extends WhepPeer>(
  session: Session<P>,
  { iceUfrag, icePwd }: SdpFragment,
): IceCredentials | undefined {
  if (iceUfrag === undefined || icePwd === undefined) return undefined;
  const known = session.remote.find((credentials) => credentials.iceUfrag === iceUfrag);
  if (known === undefined) return { iceUfrag, icePwd };
  // RFC 8445 §9: a restart changes both.
  if (known.icePwd !== icePwd) throw new FragmentInvalid("a=ice-pwd changed without a=ice-ufrag.");
  if (known !== session.remote[0]) throw new PreconditionFailed();
  return undefined;
}
