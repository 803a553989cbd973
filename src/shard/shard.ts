/**
 * A media shard: one UDP port, and everything that happens to the viewers behind it. In this thread (local-shard.ts)
 * or in a thread of its own (worker-shard.ts); the rest of the server sees no difference.
 */

import type { PeerState, PeerView } from "../peer/peer.ts";
import type { MediaTotals } from "../peer/totals.ts";
import type { CloseReason } from "../peer-events.ts";
import type { Stream } from "../stream/stream.ts";
import type { IceCredentials } from "../transport/ice-lite.ts";
import type { LocalIce, Negotiation } from "../wire/sdp/answer.ts";
import type { RemoteCandidate } from "../wire/sdp/candidate.ts";

/** How a shard is set up. Plain data: it crosses a thread border. */
export interface ShardSettings {
  /** As logs and metrics name it: media-0, media-1, … */
  readonly name: string;
  /** 0 takes any free port. */
  readonly udpPort: number;
  /** Addresses that the answers name. */
  readonly addresses: readonly string[];
  readonly backend: "auto" | "portable";
  /** Milliseconds from the answer until a viewer must be connected. */
  readonly connectMsMax: number;
}

/** A viewer, as the side of control sees it. */
export interface ShardPeer {
  readonly id: string;
  readonly streamId: string;
  readonly state: PeerState;
  /** SDP. */
  readonly answer: string;
  readonly local: LocalIce;
  readonly iceTransportMids: readonly { readonly mid: string; readonly kind: string }[];
  addRemoteCandidates(candidates: readonly RemoteCandidate[]): void;
  /** Ends the viewer. Idempotent. */
  close(reason: CloseReason): void;
  /** Called once; at once where the viewer has ended already. */
  onClosed(listener: (reason: CloseReason) => void): void;
  /** What is known of it; up to a second old. */
  view(): PeerView;
}

export interface MediaShard {
  readonly name: string;
  readonly udpPort: number;
  /** The send path and cipher in use. */
  readonly backend: string;
  /** What was sent; up to a second old. */
  readonly totals: MediaTotals;
  /** Milliseconds since the shard's thread last gave a sign of life; 0 where it is this thread. */
  readonly heartbeatAgeMs: number;
  /** Whether somebody reads from its port. */
  readonly isServing: boolean;
  /** How often its thread had to be replaced. */
  readonly restarts: number;
  /** New viewers go to the shard that has fewest. */
  readonly peerCount: number;
  addStream(stream: Stream): void;
  removeStream(id: string): void;
  /** Rejects with StreamNotLive for a stream that is not played here, NotReady where nobody serves. */
  open(streamId: string, negotiation: Negotiation): Promise<ShardPeer>;
  restartIce(peerId: string, remote: IceCredentials): Promise<LocalIce>;
  /** Ends all viewers and closes the port. */
  close(): Promise<void>;
}
