/**
 * What the server keeps on disk, in bytes: counted on with every write, and put right now and then by a look at the
 * files themselves. A scrape reads numbers only.
 */
import { access } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { StorageStats } from "../metrics/storage-metrics.ts";
import { scanFolder } from "./storage-scan.ts";

const SCAN_FILES_MAX = 10_000;
const SCAN_MS_MAX = 5000;

/** A database as its writer knows it, which is without what waits in its write-ahead log. */
export interface KnownStore {
  readonly bytes: number;
}

export interface StorageWatchOptions {
  readonly folder: string;
  /** The database of the journal; SQLite puts its side files beside it. */
  readonly journalPath: string;
  readonly state: KnownStore;
  readonly journal: KnownStore;
  readonly intervalMs: number;
  /** Counts and times a run; rejects where that does. */
  readonly task: (work: () => Promise<void>) => Promise<void>;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Unix milliseconds. */
  readonly unixMs: () => number;
}

interface Scanned {
  readonly bytes: number;
  /** What the writer knew then. */
  readonly known: number;
}

export class StorageWatch {
  private readonly options: StorageWatchOptions;
  private state: Scanned = { bytes: 0, known: 0 };
  private journal: Scanned = { bytes: 0, known: 0 };
  private complete = false;
  private scannedMs: number | undefined;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: StorageWatchOptions) {
    this.options = options;
  }

  /** Looks at the files, and again at each interval. */
  async start(): Promise<void> {
    this.timer = setInterval(() => void this.reconcile(), this.options.intervalMs);
    this.timer.unref();
    await this.reconcile();
  }

  close(): void {
    clearInterval(this.timer);
  }

  get stats(): StorageStats {
    const { journal, state } = this.options;
    return {
      bytes: {
        state: this.state.bytes + state.bytes - this.state.known,
        journal: this.journal.bytes + journal.bytes - this.journal.known,
      },
      complete: this.complete,
      scannedMs: this.scannedMs,
    };
  }

  /** Never rejects. */
  async reconcile(): Promise<void> {
    const { folder, journal, journalPath, nowMs, state, task, unixMs } = this.options;
    const limits = { filesMax: SCAN_FILES_MAX, msMax: SCAN_MS_MAX, nowMs };
    const ofJournal = (path: string) =>
      dirname(path) === dirname(journalPath) && basename(path).startsWith(basename(journalPath));
    await task(async () => {
      const [stateKnown, journalKnown] = [state.bytes, journal.bytes];
      const files = await scanFolder(folder, (path) => !ofJournal(path), limits);
      const entries = await scanFolder(dirname(journalPath), ofJournal, limits);
      this.state = { bytes: files.bytes, known: stateKnown };
      this.journal = { bytes: entries.bytes, known: journalKnown };
      this.scannedMs = unixMs();
      this.complete = files.complete && entries.complete && (await isThere(folder));
      if (!this.complete) throw new Error("not all files could be looked at");
    }).catch(() => {});
  }
}

/** A disk that is gone must not pass for an empty one. */
function isThere(folder: string): Promise<boolean> {
  return access(folder).then(
    () => true,
    () => false,
  );
}
