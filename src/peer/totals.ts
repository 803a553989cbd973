/** What was sent to the viewers of each stream, those included that have left. Plain data: it crosses a thread border. */
import type { MediaKind } from "../media-kind.ts";
import type { PeerState } from "./peer.ts";

/** Of one leg, since the start. */
export interface LegCounts {
  readonly packets: number;
  /** RTP payload. */
  readonly bytes: number;
  readonly packetsResent: number;
  /** NACK entries of viewers. */
  readonly nacks: number;
  /** PLI and FIR of viewers. */
  readonly keyframeRequests: number;
}

export interface LegTotals extends LegCounts {
  readonly streamId: string;
  readonly leg: MediaKind;
}

export interface MediaTotals {
  readonly legs: readonly LegTotals[];
  /** Packets the kernel did not take. */
  readonly packetsDropped: number;
  /** Packets that wait for the kernel now. */
  readonly packetsQueued: number;
  readonly peersByState: Readonly<Partial<Record<PeerState, number>>>;
}

export const NO_TOTALS: MediaTotals = {
  legs: [],
  packetsDropped: 0,
  packetsQueued: 0,
  peersByState: {},
};

/** The sum, by stream and leg. */
export function sumTotals(all: readonly MediaTotals[]): MediaTotals {
  const peersByState: Partial<Record<PeerState, number>> = {};
  for (const { peersByState: one } of all) {
    for (const [state, count] of Object.entries(one) as [PeerState, number][]) {
      peersByState[state] = (peersByState[state] ?? 0) + count;
    }
  }
  return {
    legs: sumLegs(all.flatMap(({ legs }) => legs)),
    packetsDropped: all.reduce((sum, { packetsDropped }) => sum + packetsDropped, 0),
    packetsQueued: all.reduce((sum, { packetsQueued }) => sum + packetsQueued, 0),
    peersByState,
  };
}

/** One entry per stream and leg. */
export function sumLegs(legs: readonly LegTotals[]): readonly LegTotals[] {
  const sums = new Map<string, LegTotals>();
  for (const leg of legs) {
    const key = `${leg.leg} ${leg.streamId}`;
    const sum = sums.get(key);
    sums.set(key, sum === undefined ? leg : add(sum, leg));
  }
  return [...sums.values()];
}

function add(a: LegTotals, b: LegTotals): LegTotals {
  return {
    ...a,
    packets: a.packets + b.packets,
    bytes: a.bytes + b.bytes,
    packetsResent: a.packetsResent + b.packetsResent,
    nacks: a.nacks + b.nacks,
    keyframeRequests: a.keyframeRequests + b.keyframeRequests,
  };
}
