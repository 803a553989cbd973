/**
 * Which value the label `stream_id` has for an id. An id that a client made up is `unknown`; streams beyond a limit
 * count together as `other`, so that no configuration makes a scrape as large as it likes.
 */
import { OTHER_STREAMS, UNKNOWN_STREAM } from "./names.ts";

export class StreamLabels {
  private readonly isStream: (id: string) => boolean;
  private readonly streamsMax: number;
  private readonly named = new Set<string>();

  /** `isStream` says which ids are configured streams, at the time of the event. */
  constructor(isStream: (id: string) => boolean, streamsMax: number) {
    this.isStream = isStream;
    this.streamsMax = streamsMax;
  }

  of(id: string): string {
    if (!this.isStream(id)) return UNKNOWN_STREAM;
    if (this.named.has(id)) return id;
    if (this.named.size >= this.streamsMax) this.forgetGone();
    if (this.named.size >= this.streamsMax) return OTHER_STREAMS;
    this.named.add(id);
    return id;
  }

  /** The values in use for these streams. */
  all(ids: Iterable<string>): ReadonlySet<string> {
    return new Set([...ids].map((id) => this.of(id)));
  }

  private forgetGone(): void {
    for (const id of this.named) if (!this.isStream(id)) this.named.delete(id);
  }
}
