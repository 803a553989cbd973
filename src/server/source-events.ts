/** Writes down what happens to FFmpeg and to the legs of the streams. */

import type { JournalEntry } from "../journal/entry.ts";
import type { Journal } from "../journal/journal.ts";
import type { MediaKind } from "../media-kind.ts";
import type { Clock } from "../process/clock.ts";
import type { ProcessRecord } from "../process/record.ts";
import { type ExecState, hasFailed, isAlive } from "../process/state.ts";
import type { LegFailure } from "../source/ffmpeg-source.ts";
import { ShortRuns } from "./short-runs.ts";
import type { SourceHooks } from "./stream-sources.ts";

/** A run that lasts so long is none of a source that is away; nor shorter than the process waits for such a one. */
const LASTING_MS_MIN = 30_000;
const STALE_MARGIN_SECONDS = 5;

interface Watched {
  readonly shortRuns: ShortRuns;
  cancelWait: () => void;
}

export class SourceEvents {
  private readonly journal: Pick<Journal, "record">;
  private readonly clock: Pick<Clock, "monotonicMs" | "after">;
  private readonly watched = new Map<string, Watched>();

  constructor(journal: Pick<Journal, "record">, clock: Pick<Clock, "monotonicMs" | "after">) {
    this.journal = journal;
    this.clock = clock;
  }

  /** The same hooks, which are written down before they are called. */
  watch({ hooks, onRecord }: SourceHooks): SourceHooks {
    return {
      onRecord: (record, id) => {
        if (record === undefined) this.forget(id);
        onRecord(record, id);
      },
      hooks: {
        ...hooks,
        stateChanged: (record, state) => {
          this.stateChanged(record, state);
          hooks.stateChanged(record, state);
        },
        exited: (record, facts) => {
          const { code, signal, willRestart } = facts;
          // That it is over for good is always news.
          if (!willRestart) this.forget(record.id);
          const metadata = {
            ...(code !== null && { code }),
            ...(signal !== null && { signal }),
            will_restart: willRestart,
          };
          this.write({ event: "process_exited", streamId: record.id, metadata });
          hooks.exited(record, facts);
        },
      },
    };
  }

  legFailed(streamId: string, leg: MediaKind, failure: LegFailure): void {
    this.write({ event: "leg_failed", streamId, metadata: { leg, failure } });
  }

  private stateChanged(record: ProcessRecord, state: ExecState): void {
    const watched = this.of(record.id);
    watched.cancelWait();
    if (state === "starting") watched.shortRuns.begin(this.clock.monotonicMs());
    this.writeState(record.id, state);
    if (state === "running") {
      const staleMs = (record.stale_timeout_seconds + STALE_MARGIN_SECONDS) * 1000;
      const lastingMs = Math.max(LASTING_MS_MIN, staleMs);
      watched.cancelWait = this.clock.after(lastingMs, () => {
        if (watched.shortRuns.lasts()) this.writeState(record.id, "running");
      });
    }
    if (!isAlive(state)) watched.shortRuns.ended();
  }

  private writeState(streamId: string, state: ExecState): void {
    this.write({
      event: "process_state_changed",
      streamId,
      severity: hasFailed(state) ? "warning" : "info",
      metadata: { state },
    });
  }

  private write(entry: JournalEntry & { readonly streamId: string }): void {
    const watched = this.watched.get(entry.streamId);
    const folded = watched === undefined ? 0 : watched.shortRuns.pass();
    if (folded === undefined) return;
    this.journal.record(
      folded === 0 ? entry : { ...entry, metadata: { ...entry.metadata, folded } },
    );
  }

  private of(id: string): Watched {
    const known = this.watched.get(id);
    if (known !== undefined) return known;
    const watched = { shortRuns: new ShortRuns(), cancelWait: () => {} };
    this.watched.set(id, watched);
    return watched;
  }

  private forget(id: string): void {
    this.watched.get(id)?.cancelWait();
    this.watched.delete(id);
  }
}
