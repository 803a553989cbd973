/** A journal without a disk: answers what it is told to, and remembers what it was asked. */
import type { EventsApi } from "../../../src/api/routes/events.ts";
import type { EventView, JournalRecord } from "../../../src/journal/entry.ts";
import type { EventQuery } from "../../../src/journal/query/model.ts";

export class FakeEvents implements EventsApi {
  readonly asked: EventQuery[] = [];
  readonly listeners = new Set<(event: EventView) => void>();
  records: readonly JournalRecord[] = [];
  cursor: EventQuery["cursor"];
  failure: Error | undefined;
  health = { trouble: undefined as string | undefined, dropped: 0 };
  limits = { ageMsMax: 86_400_000, bytesMax: 1_000_000 };

  async search(query: EventQuery) {
    if (this.failure !== undefined) throw this.failure;
    this.asked.push(query);
    return { records: this.records, cursor: this.cursor };
  }

  async stats() {
    if (this.failure !== undefined) throw this.failure;
    const byEvent = { server_started: 2 };
    return { events: 2, byEvent, oldestMs: 1000, newestMs: 2000, bytes: 4096 };
  }

  listen(listener: (event: EventView) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
