/**
 * All viewers: the limits, the way from a datagram to its peer, and the tick that ends those who are gone.
 */
import { attachFanOut, FanOut } from "../egress/fan-out.ts";
import { PeerLimitReached, ServerDraining, StreamNotLive } from "../errors.ts";
import type { CloseReason, PeerChange, PeerEventSink } from "../peer-events.ts";
import type { Stream } from "../stream/stream.ts";
import { datagramKind } from "../transport/demux.ts";
import { endpointKey } from "../transport/ice-lite.ts";
import type { Endpoint } from "../transport/media-socket.ts";
import type { Offer } from "../wire/sdp/offer.ts";
import { parseStun } from "../wire/stun/message.ts";
import { negotiate } from "./negotiate.ts";
import { Peer, type PeerContext } from "./peer.ts";

export interface PeerLimits {
  readonly total: number;
  readonly perStream: number;
}

const TICK_MS = 250;
/** A place is likely to be free again after this time. */
const LIMIT_RETRY_SECONDS = 30;

export class PeerRegistry {
  private readonly context: PeerContext;
  private readonly limits: PeerLimits;
  private readonly onEvent: PeerEventSink;
  private readonly peers = new Map<string, Peer>();
  private readonly byUfrag = new Map<string, Peer>();
  private readonly byAddress = new Map<string, Peer>();
  /** By the transaction of a check of ours that may be answered. */
  private readonly byCheck = new Map<string, Peer>();
  private readonly fanOuts = new Map<string, FanOut>();
  private readonly counts = new Map<string, number>();
  private readonly timer: ReturnType<typeof setInterval>;
  private draining = false;

  constructor(options: { context: PeerContext; limits: PeerLimits; onEvent: PeerEventSink }) {
    this.context = options.context;
    this.limits = options.limits;
    this.onEvent = options.onEvent;
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  /** From here on the stream's packets reach its viewers. */
  addStream(stream: Stream): void {
    const fanOut = new FanOut(this.context.batch);
    this.fanOuts.set(stream.id, fanOut);
    attachFanOut(stream, fanOut, () => this.closeStream(stream.id, "source_changed"));
  }

  removeStream(id: string): void {
    this.closeStream(id, "stream_removed");
    this.fanOuts.get(id)?.close();
    this.fanOuts.delete(id);
  }

  /** Throws ServerDraining or PeerLimitReached; to be called before a body is read or parsed. */
  admit(stream: Stream): void {
    if (this.draining) throw new ServerDraining();
    if (this.peers.size >= this.limits.total) {
      throw new PeerLimitReached("global", this.limits.total, LIMIT_RETRY_SECONDS);
    }
    const perStream = stream.peersMax ?? this.limits.perStream;
    if (this.count(stream.id) >= perStream) {
      throw new PeerLimitReached("stream", perStream, LIMIT_RETRY_SECONDS);
    }
  }

  /** Answers an offer. Throws what admit() and negotiate() throw, and StreamNotLive for a stream just removed. */
  open(stream: Stream, offer: Offer): Peer {
    this.admit(stream);
    const fanOut = this.fanOuts.get(stream.id);
    if (fanOut === undefined) throw new StreamNotLive(stream.id, LIMIT_RETRY_SECONDS);
    const peer = new Peer({
      stream,
      negotiation: negotiate(offer, stream.produced),
      fanOut,
      context: this.context,
      onChange: (changed, change) => this.tell(changed, change),
    });
    this.peers.set(peer.id, peer);
    this.syncUfrags(peer);
    this.counts.set(stream.id, this.count(stream.id) + 1);
    peer.onClosed((reason) => this.forget(peer, reason));
    this.tell(peer, { type: "opened" });
    return peer;
  }

  get(id: string): Peer | undefined {
    return this.peers.get(id);
  }

  list(streamId: string): readonly Peer[] {
    return [...this.peers.values()].filter((peer) => peer.streamId === streamId);
  }

  /** Viewers of one stream, or of all. */
  count(streamId?: string): number {
    return streamId === undefined ? this.peers.size : (this.counts.get(streamId) ?? 0);
  }

  /** ICE restart: the peer's new ufrag leads to it as well as the old one. */
  restartIce(peer: Peer, remote: { iceUfrag: string; icePwd: string }) {
    const local = peer.restartIce(remote);
    this.syncUfrags(peer);
    return local;
  }

  /** One datagram from the media socket. Whatever is in it, nothing throws. */
  receive(datagram: Buffer, from: Endpoint): void {
    switch (datagramKind(datagram)) {
      case "stun":
        this.receiveStun(datagram, from);
        return;
      case "dtls":
        this.byAddress.get(endpointKey(from))?.receiveDtls(datagram, from);
        return;
      case "srtcp":
        this.byAddress.get(endpointKey(from))?.receiveSrtcp(datagram);
        return;
      default:
        return;
    }
  }

  /** Takes no more viewers and tells those who are here that it is over. */
  drain(): void {
    this.draining = true;
    for (const peer of [...this.peers.values()]) peer.close("server_drain");
  }

  close(): void {
    this.drain();
    clearInterval(this.timer);
    for (const fanOut of this.fanOuts.values()) fanOut.close();
  }

  private receiveStun(datagram: Buffer, from: Endpoint): void {
    const message = parseStun(datagram);
    if (message === undefined) return;
    // An answer names its check; its address alone could be claimed by another session too.
    const peer =
      message.kind === "request"
        ? this.byUfrag.get(message.ufrag)
        : this.byCheck.get(message.transactionId);
    if (peer === undefined || !peer.receiveStun(datagram, message, from)) return;
    this.syncPaths(peer);
  }

  /** Only ufrags that still work are kept: a player may restart as often as it likes. */
  private syncUfrags(peer: Peer): void {
    const { ufrags } = peer.ice;
    moveKeys(this.byUfrag, peer, peer.ufragKeys, ufrags);
    peer.ufragKeys = ufrags;
  }

  /**
   * The tables follow the paths of the peer's ICE agent, which are few. An address that has answered the check
   * of one session is not given to another that only claims it: the source of a datagram is easily forged.
   */
  private syncPaths(peer: Peer): void {
    const { pathKeys, checkIds } = peer.ice;
    const granted = pathKeys.filter((key) => {
      const owner = this.byAddress.get(key);
      return owner === undefined || peer.ice.proved(key) || !owner.ice.proved(key);
    });
    moveKeys(this.byAddress, peer, peer.addressKeys, granted);
    moveKeys(this.byCheck, peer, peer.checkKeys, checkIds);
    peer.addressKeys = granted;
    peer.checkKeys = checkIds;
  }

  private tick(): void {
    const nowMs = this.context.nowMs();
    for (const peer of [...this.peers.values()]) peer.tick(nowMs);
  }

  private closeStream(id: string, reason: CloseReason): void {
    for (const peer of this.list(id)) peer.close(reason);
  }

  private forget(peer: Peer, reason: CloseReason): void {
    this.peers.delete(peer.id);
    moveKeys(this.byUfrag, peer, peer.ufragKeys, []);
    moveKeys(this.byAddress, peer, peer.addressKeys, []);
    moveKeys(this.byCheck, peer, peer.checkKeys, []);
    const left = this.count(peer.streamId) - 1;
    if (left > 0) this.counts.set(peer.streamId, left);
    else this.counts.delete(peer.streamId);
    this.tell(peer, { type: "closed", reason, seconds: peer.ageSeconds });
  }

  private tell(peer: Peer, change: PeerChange): void {
    const atMs = this.context.unixMs();
    this.onEvent({ ...change, atMs, peerId: peer.id, streamId: peer.streamId });
  }
}

/** Makes a table lead to a peer by these keys, and no longer by those it had. */
function moveKeys(
  table: Map<string, Peer>,
  peer: Peer,
  before: readonly string[],
  now: readonly string[],
): void {
  for (const key of before) {
    if (!now.includes(key) && table.get(key) === peer) table.delete(key);
  }
  for (const key of now) table.set(key, peer);
}
