/** How long a viewer waits for its picture, from its offer on: the wait for a source that starts is part of it. */
import type { PeerEvent } from "../peer-events.ts";

/** A viewer that ended before it was told to be answered leaves an entry behind. */
export const WAITED_MAX = 1000;

export class JoinClock {
  /** Seconds from offer to answer, of viewers without a picture. */
  private readonly waited = new Map<string, number>();

  answered(peerId: string, seconds: number): void {
    this.waited.set(peerId, Math.max(0, seconds));
    const [oldest] = this.waited.keys();
    if (oldest !== undefined && this.waited.size > WAITED_MAX) this.waited.delete(oldest);
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
