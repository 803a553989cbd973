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
    if (event.type === "connected") this.instruments.iceConnected(event.streamId, event.seconds);
    if (event.type !== "closed") return;
    const failure = FAILURES[event.reason];
    if (failure !== undefined) this.instruments.iceFailed(event.streamId, event.seconds, failure);
  }
}
