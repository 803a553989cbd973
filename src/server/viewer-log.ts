/** A log line for each viewer that connects or leaves, and for what only a broken or hostile one does. */
import type { PeerEvent } from "../peer-events.ts";
import type { Logger } from "../telemetry/logger.ts";

export class ViewerLog {
  private readonly logger: Pick<Logger, "info" | "warn">;

  constructor(logger: Pick<Logger, "info" | "warn">) {
    this.logger = logger;
  }

  peerEvent(event: PeerEvent): void {
    const { streamId: stream, peerId: peer } = event;
    switch (event.type) {
      case "security":
        this.logger.warn("viewer suspected", { stream, peer, event: event.event });
        return;
      case "connected":
        this.logger.info("viewer connected", { stream, peer, connection: event.connectionType });
        return;
      case "closed":
        this.logger.info("viewer left", { stream, peer, reason: event.reason });
        return;
      default:
        return;
    }
  }
}
