/** How long a viewer waits for its picture, from its offer on: the wait for a source that starts is part of it. */
import type { PeerEvent } from "../peer-events.ts";

export class JoinClock {
  /** Seconds from offer to answer, of viewers without a picture; no more than there are viewers. */
  private readonly waited = new Map<string, number>();

  answered(peerId: string, seconds: number): void {
    this.waited.set(peerId, Math.max(0, seconds));
  }

  /** The event as it is to be told: peers count from their answer. */
  event(event: PeerEvent): PeerEvent {
    const { peerId, type } = event;
    if (type !== "first_keyframe_sent" && type !== "closed") return event;
    const waited = this.waited.get(peerId) ?? 0;
    this.waited.delete(peerId);
    return type === "closed" ? event : { ...event, seconds: event.seconds + waited };
  }
}
