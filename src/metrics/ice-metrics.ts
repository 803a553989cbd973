/** What becomes of viewers, as the ICE histogram and failure counter show it. */

import type { CloseReason, PeerEvent } from "../peer-events.ts";
import type { Instruments } from "./instruments.ts";
import type { IceFailureReason } from "./names.ts";

/** Reasons that are no failure of the connection are not here. */
const FAILURES: Partial<Record<CloseReason, IceFailureReason>> = {
  no_stun_received: "timeout",
  stun_but_no_dtls: "timeout",
  dtls_failed: "failed",
  fingerprint_mismatch: "failed",
  consent_lost: "disconnected",
};

export class IceMetrics {
  private readonly instruments: Pick<Instruments, "iceConnected" | "iceFailed">;

  constructor(instruments: Pick<Instruments, "iceConnected" | "iceFailed">) {
    this.instruments = instruments;
  }

  peerEvent(event: PeerEvent): void {
    const { peerId: sessionId, streamId } = event;
    if (event.type === "connected") {
      this.instruments.iceConnected(streamId, event.seconds, sessionId);
    }
    if (event.type !== "closed") return;
    const reason = FAILURES[event.reason];
    const { seconds } = event;
    if (reason !== undefined) this.instruments.iceFailed(streamId, { reason, seconds, sessionId });
  }
}
