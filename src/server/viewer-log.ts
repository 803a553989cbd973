/** A log line for each viewer that leaves. */
import type { PeerEvent } from "../peer-events.ts";
import type { Logger } from "../telemetry/logger.ts";

export class ViewerLog {
  private readonly logger: Pick<Logger, "info">;

  constructor(logger: Pick<Logger, "info">) {
    this.logger = logger;
  }

  peerEvent(event: PeerEvent): void {
    if (event.type !== "closed") return;
    const { streamId: stream, peerId: peer, reason } = event;
    this.logger.info("viewer left", { stream, peer, reason });
  }
}
