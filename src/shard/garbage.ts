/**
 * Each handshake leaves some 70 kB behind, much of it outside of the collector's sight, so that it sees no need to hurry:
 * crowds that come and go would make the process grow by tens of megabytes. While they come, it is asked to collect
 * beside the media, which stops for a millisecond or two. Memory goes back to the system with a whole collection only.
 * That takes some 20 ms, which nobody notices when nobody watches; with viewers there it has to be worth a late frame.
 */
import type { PeerEventSink } from "../peer-events.ts";

/** Viewers that have connected between two collections beside the media. */
const JOINED = 10;
/** Viewers that have left between two whole ones: where nobody watches now, and at most. */
const LEFT_ALONE = 20;
const LEFT_MAX = 500;

export interface Collector {
  /** Without waiting for it. */
  beside(): void;
  whole(): void;
}

/** Passes events on, and collects when enough viewers have come or left. */
export function collectingAfterViewers(
  onEvent: PeerEventSink,
  collector: Collector,
): PeerEventSink {
  let here = 0;
  let joined = 0;
  let left = 0;
  return (event) => {
    onEvent(event);
    if (event.type === "opened") here++;
    if (event.type === "connected" && ++joined % JOINED === 0) collector.beside();
    if (event.type !== "closed") return;
    here--;
    left++;
    if (left < (here === 0 ? LEFT_ALONE : LEFT_MAX)) return;
    left = 0;
    collector.whole();
  };
}
