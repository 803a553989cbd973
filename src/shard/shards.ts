/** All viewers of the server: who is let in, which media shard serves whom, and the way back from an id to its viewer. */
import { SessionNotFound } from "../errors/viewer.ts";
import type { Admission } from "../peer/admission.ts";
import { negotiate } from "../peer/negotiate.ts";
import { type MediaTotals, sumTotals } from "../peer/totals.ts";
import type { Stream } from "../stream/stream.ts";
import type { IceCredentials } from "../transport/ice-lite.ts";
import type { LocalIce } from "../wire/sdp/answer.ts";
import type { Offer } from "../wire/sdp/offer.ts";
import type { MediaShard, ShardPeer } from "./shard.ts";

interface Entry {
  readonly peer: ShardPeer;
  readonly shard: MediaShard;
}

type ShardHealth = Pick<
  MediaShard,
  "name" | "isServing" | "heartbeatAgeMs" | "restarts" | "peerCount"
> & {
  readonly sessionsCompleted: number;
};

export class Shards {
  private readonly shards: readonly MediaShard[];
  private readonly admission: Admission;
  private readonly peers = new Map<string, Entry>();
  private readonly completed = new Map<MediaShard, number>();
  private draining = false;

  /** At least one shard. */
  constructor(shards: readonly MediaShard[], admission: Admission) {
    this.shards = shards;
    this.admission = admission;
  }

  get udpPorts(): readonly number[] {
    return this.shards.map((shard) => shard.udpPort);
  }

  /** The send path and cipher in use. */
  get backend(): string {
    return this.shards[0]?.backend ?? "";
  }

  /** How each shard is, and how many viewers it has had that are gone. */
  get health(): readonly ShardHealth[] {
    return this.shards.map((shard) => {
      const { name, isServing, heartbeatAgeMs, restarts, peerCount } = shard;
      const sessionsCompleted = this.completed.get(shard) ?? 0;
      return { name, isServing, heartbeatAgeMs, restarts, peerCount, sessionsCompleted };
    });
  }

  get totals(): MediaTotals {
    return sumTotals(this.shards.map((shard) => shard.totals));
  }

  addStream(stream: Stream): void {
    for (const shard of this.shards) shard.addStream(stream);
  }

  /** Ends the stream's viewers. */
  removeStream(id: string): void {
    for (const shard of this.shards) shard.removeStream(id);
  }

  /** Throws ServerDraining or PeerLimitReached; to be called before a body is read or parsed. */
  admit(stream: Stream): void {
    this.admission.check(stream);
  }

  /**
   * Answers an offer. Rejects with what admit() and negotiate() throw, StreamNotLive for a stream just removed, and
   * NotReady while no shard serves.
   */
  async open(stream: Stream, offer: Offer): Promise<ShardPeer> {
    const negotiation = negotiate(offer, stream.produced);
    // The place is taken before the answer is there: many may ask at once.
    this.admission.take(stream);
    try {
      const shard = this.emptiest();
      const peer = await shard.open(stream.id, negotiation);
      if (this.draining) peer.close("server_drain");
      this.peers.set(peer.id, { peer, shard });
      peer.onClosed(() => {
        this.peers.delete(peer.id);
        this.completed.set(shard, (this.completed.get(shard) ?? 0) + 1);
        this.admission.release(stream.id);
      });
      return peer;
    } catch (error) {
      this.admission.release(stream.id);
      throw error;
    }
  }

  /** Rejects with SessionNotFound where the viewer has ended meanwhile. */
  async restartIce(peer: ShardPeer, remote: IceCredentials): Promise<LocalIce> {
    const entry = this.peers.get(peer.id);
    if (entry === undefined) throw new SessionNotFound();
    return entry.shard.restartIce(peer.id, remote);
  }

  get(id: string): ShardPeer | undefined {
    return this.peers.get(id)?.peer;
  }

  list(streamId: string): readonly ShardPeer[] {
    return this.all().filter((peer) => peer.streamId === streamId);
  }

  all(): readonly ShardPeer[] {
    return [...this.peers.values()].map(({ peer }) => peer);
  }

  /** Viewers of one stream, or of all. */
  count(streamId?: string): number {
    return this.admission.count(streamId);
  }

  /** Takes no more viewers and tells those who are here that it is over. */
  drain(): void {
    this.draining = true;
    this.admission.drain();
    for (const { peer } of [...this.peers.values()]) peer.close("server_drain");
  }

  async close(): Promise<void> {
    this.drain();
    await Promise.all(this.shards.map((shard) => shard.close()));
  }

  /**
   * Of those that serve: a worker that was lost has no viewers, and would draw all new ones. Shards take turns where
   * they are equal, as the map of viewers grows.
   */
  private emptiest(): MediaShard {
    const serving = this.shards.filter((shard) => shard.isServing);
    const choice = serving.length > 0 ? serving : this.shards;
    return choice.reduce((best, shard) => (shard.peerCount < best.peerCount ? shard : best));
  }
}
