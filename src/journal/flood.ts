/**
 * Keeps a flood of one event from washing the others out of the journal: above its rate it is counted only, and the
 * next one that passes says how many it stands for.
 */
import { categoryOf, type EventName, type JournalEntry } from "./entry.ts";

interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** What strangers can cause at will; some 17,000 a day. */
const HOSTILE: Rate = { perSecond: 0.2, burst: 20 };
/** A crowd comes at once, then stays: some 430,000 a day. */
const USUAL: Rate = { perSecond: 5, burst: 5000 };
const HOSTILE_EVENTS: ReadonlySet<EventName> = new Set<EventName>(["join_refused", "cap_rejected"]);

interface Bucket {
  tokens: number;
  filledMs: number;
  folded: number;
}

export class Flood {
  /** By event, of which there is a closed list. */
  private readonly buckets = new Map<EventName, Bucket>();

  /** The entry, with what was folded into it; undefined where it is folded itself. */
  pass(entry: JournalEntry, atMs: number): JournalEntry | undefined {
    const { event } = entry;
    const { perSecond, burst } = rateOf(event);
    const bucket = this.buckets.get(event) ?? { tokens: burst, filledMs: atMs, folded: 0 };
    this.buckets.set(event, bucket);
    const seconds = Math.max(0, atMs - bucket.filledMs) / 1000;
    bucket.tokens = Math.min(burst, bucket.tokens + seconds * perSecond);
    // Also where the time of day was put back: tokens come again from then on.
    bucket.filledMs = atMs;
    if (bucket.tokens < 1) {
      bucket.folded++;
      return undefined;
    }
    bucket.tokens--;
    const { folded } = bucket;
    bucket.folded = 0;
    return folded === 0 ? entry : { ...entry, metadata: { ...entry.metadata, folded } };
  }
}

function rateOf(event: EventName): Rate {
  const hostile = categoryOf(event) === "security" || HOSTILE_EVENTS.has(event);
  return hostile ? HOSTILE : USUAL;
}
