/**
 * Each handshake leaves some 70 kB behind, much of it outside of the collector's sight, so that it sees no need to hurry:
 * crowds that come and go would make the process grow by tens of megabytes. A full collection takes some 20 ms, which
 * nobody notices when nobody watches; with viewers there it has to be worth a late frame.
 */
import type { PeerEventSink } from "../peer-events.ts";

/** Viewers that have left between two collections: where nobody watches now, and at most. */
const LEFT_ALONE = 20;
const LEFT_MAX = 500;

/** Passes events on, and calls `collect` when enough viewers have left. */
export function collectingAfterViewers(onEvent: PeerEventSink, collect: () => void): PeerEventSink {
  let here = 0;
  let left = 0;
  return (event) => {
    onEvent(event);
    if (event.type === "opened") here++;
    if (event.type !== "closed") return;
    here--;
    left++;
    if (left < (here === 0 ? LEFT_ALONE : LEFT_MAX)) return;
    left = 0;
    collect();
  };
}
