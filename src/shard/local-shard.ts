/** A media shard in this thread: the choice for machines with few cores. */
import { SessionNotFound } from "../errors/viewer.ts";
import type { MediaTotals } from "../peer/totals.ts";
import type { PeerEventSink } from "../peer-events.ts";
import type { Stream } from "../stream/stream.ts";
import type { IceCredentials } from "../transport/ice-lite.ts";
import type { LocalIce, Negotiation } from "../wire/sdp/answer.ts";
import { type MediaClocks, type OpenMedia, openMedia } from "./open-media.ts";
import type { MediaShard, ShardPeer, ShardSettings } from "./shard.ts";

export class LocalShard implements MediaShard {
  readonly name: string;
  readonly heartbeatAgeMs = 0;
  readonly restarts = 0;
  isServing = true;
  private readonly media: OpenMedia;

  private constructor(name: string, media: OpenMedia) {
    this.name = name;
    this.media = media;
  }

  /** Rejects with MediaSocketFailed where the port cannot be bound. */
  static async open(
    settings: ShardSettings,
    clocks: MediaClocks,
    onEvent: PeerEventSink,
  ): Promise<LocalShard> {
    return new LocalShard(settings.name, await openMedia(settings, clocks, onEvent));
  }

  get udpPort(): number {
    return this.media.socket.port;
  }

  get backend(): string {
    return this.media.backend;
  }

  get totals(): MediaTotals {
    return this.media.registry.totals;
  }

  get peerCount(): number {
    return this.media.registry.list().length;
  }

  addStream(stream: Stream): void {
    this.media.registry.addStream(stream);
  }

  removeStream(id: string): void {
    this.media.registry.removeStream(id);
  }

  async open(streamId: string, negotiation: Negotiation): Promise<ShardPeer> {
    return this.media.registry.open(streamId, negotiation);
  }

  async restartIce(peerId: string, remote: IceCredentials): Promise<LocalIce> {
    const peer = this.media.registry.get(peerId);
    if (peer === undefined) throw new SessionNotFound();
    return this.media.registry.restartIce(peer, remote);
  }

  async close(): Promise<void> {
    this.isServing = false;
    this.media.close();
  }
}
