/** In a media worker: the streams as the thread that receives them tells of them, filled from the packet queue. */
import type { MediaKind } from "../media-kind.ts";
import { PacketRing, type ReplayLimits, RING_PACKETS } from "../stream/packet-ring.ts";
import type { PlayedStream, PlayedTrack, StreamListener } from "../stream/played.ts";
import type { TrackDescription } from "./messages.ts";
import type { PacketQueue } from "./packet-queue.ts";

class MirroredTrack implements PlayedTrack {
  readonly number: number;
  readonly kind: MediaKind;
  readonly clockRate: number;
  readonly ring: PacketRing;

  constructor({ number, kind, clockRate, replayLimits }: TrackDescription) {
    this.number = number;
    this.kind = kind;
    this.clockRate = clockRate;
    this.ring = new PacketRing(RING_PACKETS[kind]);
    this.ring.replayLimits = replayLimits;
  }
}

class MirroredStream implements PlayedStream {
  readonly id: string;
  tracks: readonly MirroredTrack[] = [];
  listener: StreamListener | undefined;

  constructor(id: string) {
    this.id = id;
  }

  track(kind: MediaKind): MirroredTrack | undefined {
    return this.tracks.find((track) => track.kind === kind);
  }

  listen(listener: StreamListener): () => void {
    this.listener = listener;
    return () => {
      this.listener = undefined;
    };
  }
}

export class Mirror {
  private readonly queue: PacketQueue;
  private readonly streams = new Map<string, MirroredStream>();
  private readonly byNumber = new Map<
    number,
    { readonly stream: MirroredStream; readonly track: MirroredTrack }
  >();
  private newestNumber = -1;

  constructor(queue: PacketQueue) {
    this.queue = queue;
  }

  /** Gives a stream these tracks. Returns it where it is new. */
  setTracks(id: string, tracks: readonly TrackDescription[]): PlayedStream | undefined {
    const known = this.streams.get(id);
    const stream = known ?? new MirroredStream(id);
    this.streams.set(id, stream);
    this.forget(stream);
    const had = stream.tracks.length > 0;
    stream.tracks = tracks.map((description) => new MirroredTrack(description));
    for (const track of stream.tracks) {
      this.byNumber.set(track.number, { stream, track });
      this.newestNumber = Math.max(this.newestNumber, track.number);
    }
    if (had) stream.listener?.tracksReplaced();
    return known === undefined ? stream : undefined;
  }

  setReplayLimits(number: number, limits: ReplayLimits): void {
    const known = this.byNumber.get(number);
    if (known !== undefined) known.track.ring.replayLimits = limits;
  }

  remove(id: string): void {
    const stream = this.streams.get(id);
    if (stream !== undefined) this.forget(stream);
    this.streams.delete(id);
  }

  /**
   * Takes over what is in the queue. A track that is not known yet is announced by a message that is on its way:
   * its packets wait. One that was known is gone, and so are they. False where packets wait.
   */
  takePackets(): boolean {
    for (let packet = this.queue.peek(); packet !== undefined; packet = this.queue.peek()) {
      if (packet.track > this.newestNumber) return false;
      const known = this.byNumber.get(packet.track);
      if (known?.track.ring.append(packet.payload, packet) === true)
        known.stream.listener?.packets();
      this.queue.skip();
    }
    return true;
  }

  private forget(stream: MirroredStream): void {
    for (const { number } of stream.tracks) this.byNumber.delete(number);
  }
}
