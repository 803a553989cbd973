/** What the side of control and a media worker say to each other. Plain data. */
import type { MediaKind } from "../media-kind.ts";
import type { PeerView } from "../peer/peer.ts";
import type { MediaTotals } from "../peer/totals.ts";
import type { CloseReason, PeerEvent } from "../peer-events.ts";
import type { ReplayLimits } from "../stream/packet-ring.ts";
import type { IceCredentials } from "../transport/ice-lite.ts";
import type { LocalIce, Negotiation } from "../wire/sdp/answer.ts";
import type { RemoteCandidate } from "../wire/sdp/candidate.ts";
import type { ShardSettings } from "./shard.ts";

/** A track of a stream; `number` is its name in the packet queue, ever-growing. */
export interface TrackDescription {
  readonly number: number;
  readonly kind: MediaKind;
  readonly clockRate: number;
  readonly replayLimits: ReplayLimits;
}

export type ToWorker =
  | {
      readonly type: "start";
      readonly settings: ShardSettings;
      readonly queue: SharedArrayBuffer;
      /** Of the timelines' clock ahead of the system's, in ms. */
      readonly unixAheadMs: number;
    }
  /** The stream is played from here on, with these tracks instead of those it had. */
  | { readonly type: "stream"; readonly id: string; readonly tracks: readonly TrackDescription[] }
  | { readonly type: "replay-limits"; readonly number: number; readonly limits: ReplayLimits }
  | { readonly type: "remove-stream"; readonly id: string }
  | {
      readonly type: "open";
      readonly request: number;
      readonly streamId: string;
      readonly negotiation: Negotiation;
    }
  | {
      readonly type: "restart-ice";
      readonly request: number;
      readonly peerId: string;
      readonly remote: IceCredentials;
    }
  | {
      readonly type: "candidates";
      readonly peerId: string;
      readonly candidates: readonly RemoteCandidate[];
    }
  | { readonly type: "close"; readonly peerId: string; readonly reason: CloseReason }
  | { readonly type: "stop" };

/** What is told of a viewer that was opened. */
export interface OpenedPeer {
  readonly answer: string;
  readonly local: LocalIce;
  readonly iceTransportMids: readonly { readonly mid: string; readonly kind: string }[];
  readonly view: PeerView;
}

export type FromWorker =
  | { readonly type: "ready"; readonly udpPort: number; readonly backend: string }
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "opened"; readonly request: number; readonly peer: OpenedPeer }
  | { readonly type: "restarted"; readonly request: number; readonly local: LocalIce }
  /** The stream or the viewer that a request names is not there. */
  | { readonly type: "gone"; readonly request: number }
  | { readonly type: "events"; readonly events: readonly PeerEvent[] }
  /** A sign of life, once a second, with what is known of each viewer. */
  | { readonly type: "pulse"; readonly peers: readonly PeerView[]; readonly totals: MediaTotals }
  /** An error that nobody expected; the worker goes on. */
  | { readonly type: "crashed"; readonly reason: string; readonly stack: string }
  | { readonly type: "stopped" };
