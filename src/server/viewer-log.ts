/** A log line for each viewer that leaves, and for what only a broken or hostile one does. */
import type { PeerEvent } from "../peer-events.ts";
import type { Logger } from "../telemetry/logger.ts";

export class ViewerLog {
  private readonly logger: Pick<Logger, "info" | "warn">;

  constructor(logger: Pick<Logger, "info" | "warn">) {
    this.logger = logger;
  }

  peerEvent(event: PeerEvent): void {
    const { streamId: stream, peerId: peer } = event;
    if (event.type === "security") {
      this.logger.warn("viewer suspected", { stream, peer, event: event.event });
    }
    if (event.type !== "closed") return;
    this.logger.info("viewer left", { stream, peer, reason: event.reason });
  }
}
