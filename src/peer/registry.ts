/**
 * The viewers of one media socket: the way from a datagram to its peer, and the tick that ends those who are gone.
 */
import { attachFanOut, FanOut } from "../egress/fan-out.ts";
import { StreamNotLive } from "../errors/viewer.ts";
import type { CloseReason, PeerChange, PeerEventSink } from "../peer-events.ts";
import type { PlayedStream } from "../stream/played.ts";
import { datagramKind } from "../transport/demux.ts";
import { endpointKey, type IceCredentials } from "../transport/ice-lite.ts";
import type { Endpoint } from "../transport/media-socket.ts";
import type { LocalIce, Negotiation } from "../wire/sdp/answer.ts";
import { parseStun } from "../wire/stun/message.ts";
import { Peer, type PeerContext, type PeerState } from "./peer.ts";
import { type LegTotals, type MediaTotals, sumLegs } from "./totals.ts";

const TICK_MS = 250;
/** A source that was replaced is likely to be there again after this time. */
const RETRY_SECONDS = 5;

/** A stream that is played here. */
interface Played {
  readonly stream: PlayedStream;
  readonly fanOut: FanOut;
}

export class PeerRegistry {
  private readonly context: PeerContext;
  private readonly onEvent: PeerEventSink;
  private readonly peers = new Map<string, Peer>();
  private readonly byUfrag = new Map<string, Peer>();
  private readonly byAddress = new Map<string, Peer>();
  /** By the transaction of a check of ours that may be answered. */
  private readonly byCheck = new Map<string, Peer>();
  private readonly streams = new Map<string, Played>();
  /** Of viewers that have left, by stream. */
  private readonly left = new Map<string, readonly LegTotals[]>();
  private readonly timer: ReturnType<typeof setInterval>;

  constructor(options: { context: PeerContext; onEvent: PeerEventSink }) {
    this.context = options.context;
    this.onEvent = options.onEvent;
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  /** From here on the stream's packets reach its viewers. */
  addStream(stream: PlayedStream): void {
    const fanOut = new FanOut(this.context.batch);
    this.streams.set(stream.id, { stream, fanOut });
    attachFanOut(stream, fanOut, () => this.closeStream(stream.id, "source_changed"));
  }

  removeStream(id: string): void {
    this.closeStream(id, "stream_removed");
    this.streams.get(id)?.fanOut.close();
    this.streams.delete(id);
    this.left.delete(id);
  }

  /** A viewer for what was negotiated. Throws StreamNotLive for a stream that is not played here. */
  open(streamId: string, negotiation: Negotiation): Peer {
    const played = this.streams.get(streamId);
    if (played === undefined) throw new StreamNotLive(streamId, RETRY_SECONDS);
    const peer = new Peer({
      ...played,
      negotiation,
      context: this.context,
      onChange: (changed, change) => this.tell(changed, change),
    });
    this.peers.set(peer.id, peer);
    this.syncUfrags(peer);
    peer.onClosed((reason) => this.forget(peer, reason));
    this.tell(peer, { type: "opened" });
    return peer;
  }

  get(id: string): Peer | undefined {
    return this.peers.get(id);
  }

  list(): readonly Peer[] {
    return [...this.peers.values()];
  }

  /** What was sent since the start, to all viewers of the streams that are played. */
  get totals(): MediaTotals {
    const { batch, socket } = this.context;
    const peers = this.list();
    const peersByState: Partial<Record<PeerState, number>> = {};
    for (const { state } of peers) peersByState[state] = (peersByState[state] ?? 0) + 1;
    return {
      legs: sumLegs([...this.left.values(), ...peers.map((peer) => peer.totals)].flat()),
      packetsDropped: batch.packetsDropped + socket.datagramsDropped,
      packetsQueued: batch.packetsQueued,
      peersByState,
    };
  }

  /** ICE restart: the peer's new ufrag leads to it as well as the old one. */
  restartIce(peer: Peer, remote: IceCredentials): LocalIce {
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

  /** Called by the timer; tests call it themselves. */
  tick(): void {
    const nowMs = this.context.nowMs();
    for (const peer of this.list()) peer.tick(nowMs);
    this.context.batch.flush();
  }

  /** Ends all viewers, and the timer. */
  close(): void {
    for (const peer of this.list()) peer.close("server_drain");
    clearInterval(this.timer);
    for (const { fanOut } of this.streams.values()) fanOut.close();
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
    // The first check under new credentials ends the old ones; late checks under those are no attack.
    this.syncUfrags(peer);
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

  private closeStream(id: string, reason: CloseReason): void {
    for (const peer of this.list()) if (peer.streamId === id) peer.close(reason);
  }

  private forget(peer: Peer, reason: CloseReason): void {
    this.peers.delete(peer.id);
    if (this.streams.has(peer.streamId)) {
      const before = this.left.get(peer.streamId) ?? [];
      this.left.set(peer.streamId, sumLegs([...before, ...peer.totals]));
    }
    moveKeys(this.byUfrag, peer, peer.ufragKeys, []);
    moveKeys(this.byAddress, peer, peer.addressKeys, []);
    moveKeys(this.byCheck, peer, peer.checkKeys, []);
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
