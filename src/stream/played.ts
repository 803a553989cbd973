/** What the egress side needs of a stream, whichever thread it was received in. */
import type { MediaKind } from "../media-kind.ts";
import type { PacketRing } from "./packet-ring.ts";

export interface PlayedTrack {
  readonly kind: MediaKind;
  /** Of the RTP timestamps, in Hz. */
  readonly clockRate: number;
  readonly ring: PacketRing;
}

export interface PlayedStream {
  readonly id: string;
  track(kind: MediaKind): PlayedTrack | undefined;
  /** Returns how to stop listening. */
  listen(listener: StreamListener): () => void;
}

/** What the egress side wants to be told. */
export interface StreamListener {
  /** New packets are at the head of a track's ring. Called once per packet: must only take a note. */
  packets(): void;
  /** The tracks were replaced by others: what was negotiated with viewers is void. */
  tracksReplaced(): void;
}
