/** A viewer that lives in a media worker, as the side of control sees it. */

import type { PeerState, PeerView } from "../peer/peer.ts";
import type { CloseReason } from "../peer-events.ts";
import type { LocalIce } from "../wire/sdp/answer.ts";
import type { RemoteCandidate } from "../wire/sdp/candidate.ts";
import type { OpenedPeer, ToWorker } from "./messages.ts";
import type { ShardPeer } from "./shard.ts";

export class RemotePeer implements ShardPeer {
  readonly id: string;
  readonly streamId: string;
  readonly answer: string;
  readonly iceTransportMids: OpenedPeer["iceTransportMids"];
  local: LocalIce;
  /** What the worker told last. */
  lastView: PeerView;
  private closeReason: CloseReason | undefined;
  private readonly listeners: ((reason: CloseReason) => void)[] = [];
  private readonly post: (message: ToWorker) => void;

  constructor(streamId: string, opened: OpenedPeer, post: (message: ToWorker) => void) {
    this.id = opened.view.id;
    this.streamId = streamId;
    this.answer = opened.answer;
    this.local = opened.local;
    this.iceTransportMids = opened.iceTransportMids;
    this.lastView = opened.view;
    this.post = post;
  }

  get state(): PeerState {
    return this.closeReason === undefined ? this.lastView.state : "closed";
  }

  addRemoteCandidates(candidates: readonly RemoteCandidate[]): void {
    this.post({ type: "candidates", peerId: this.id, candidates });
  }

  close(reason: CloseReason): void {
    if (this.closeReason !== undefined) return;
    this.post({ type: "close", peerId: this.id, reason });
    this.ended(reason);
  }

  /** The worker, or the loss of it, has ended the viewer. Returns the reason that counts: the first. */
  ended(reason: CloseReason): CloseReason {
    if (this.closeReason !== undefined) return this.closeReason;
    this.closeReason = reason;
    for (const listener of this.listeners) listener(reason);
    return reason;
  }

  onClosed(listener: (reason: CloseReason) => void): void {
    if (this.closeReason === undefined) this.listeners.push(listener);
    else listener(this.closeReason);
  }

  view(): PeerView {
    return { ...this.lastView, state: this.state };
  }
}
