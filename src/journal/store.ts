/**
 * The journal on disk: one table in a bun:sqlite file that grows at one end and is trimmed at the other.
 * Synchronous, so it belongs into a thread of its own. Every method may throw what SQLite throws.
 */
import { Database, type SQLQueryBindings } from "bun:sqlite";
import { chmodSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { type JournalRecord, type JournalRow, toView } from "./entry.ts";
import type { Cursor, EventQuery } from "./query/model.ts";
import { matcherOf, whereOf } from "./store/where.ts";

export interface JournalLimits {
  readonly ageMsMax: number;
  /** Of the file; the write-ahead log beside it is a few megabytes more at times. */
  readonly bytesMax: number;
}

export interface QueryAnswer {
  readonly records: readonly JournalRecord[];
  /** Where to go on; undefined where everything was looked at. */
  readonly cursor: Cursor | undefined;
}

export interface StoreStats {
  readonly events: number;
  readonly byEvent: Readonly<Record<string, number>>;
  /** Unix milliseconds, undefined where there is none. */
  readonly oldestMs: number | undefined;
  readonly newestMs: number | undefined;
  readonly bytes: number;
}

interface Row extends JournalRow {
  readonly id: number;
}

/** Changed with the table; a file of another version is set aside. */
const VERSION = 1;
const SCHEMA = `
  CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    atMs INTEGER NOT NULL,
    event TEXT NOT NULL,
    category TEXT NOT NULL,
    severity TEXT NOT NULL,
    streamId TEXT,
    peerId TEXT,
    metadata TEXT NOT NULL
  ) STRICT;
  CREATE INDEX event_by_time ON event (atMs);
  CREATE INDEX event_by_name ON event (event, atMs);
  CREATE INDEX event_by_stream ON event (streamId, atMs);
  CREATE INDEX event_by_peer ON event (peerId, atMs);
  PRAGMA user_version = ${VERSION};`;

/** What is trimmed at once; the thread answers questions in between. */
const TRIM_ROWS = 2000;
/** A trim leaves room, so that it is not needed again at once. */
const TRIM_TO = 0.9;
/** How long one question may search; the answer then has a cursor from where to go on. */
const SEARCH_MS_MAX = 500;
/** Between two looks at the clock. */
const SEARCH_ROWS = 64;
const WAL_BYTES_MAX = 4 * 1024 * 1024;

export class JournalStore {
  private readonly database: Database;
  private readonly nowMs: () => number;
  private trimming = false;

  private constructor(database: Database, nowMs: () => number) {
    this.database = database;
    this.nowMs = nowMs;
  }

  /** `nowMs` is a monotonic clock. Throws where the file cannot be opened, or is none of ours. */
  static open(path: string, nowMs: () => number): JournalStore {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const database = new Database(path, { create: true, strict: true });
    try {
      // It holds addresses of clients.
      chmodSync(path, 0o600);
      prepare(database);
    } catch (error) {
      database.close();
      throw error;
    }
    return new JournalStore(database, nowMs);
  }

  /** All or none. */
  append(rows: readonly JournalRow[]): void {
    const insert = this.database.query(
      `INSERT INTO event (atMs, event, category, severity, streamId, peerId, metadata)
       VALUES ($atMs, $event, $category, $severity, $streamId, $peerId, $metadata)`,
    );
    this.database.transaction(() => {
      for (const row of rows) insert.run({ ...row });
    })();
  }

  /** The events that fit, as many as are asked for and the time allows. */
  search(query: EventQuery): QueryAnswer {
    const { sql, bindings } = whereOf(query);
    const matches = matcherOf(query);
    const untilMs = this.nowMs() + SEARCH_MS_MAX;
    const records: JournalRecord[] = [];
    let looked = 0;
    const rows = this.database.query<Row, SQLQueryBindings[]>(`SELECT * FROM event ${sql}`);
    for (const row of rows.iterate(...bindings)) {
      looked++;
      const { id, atMs } = row;
      if (matches(row)) records.push({ id, ...toView(row) });
      const late = looked % SEARCH_ROWS === 0 && this.nowMs() > untilMs;
      if (records.length === query.limit || late) return { records, cursor: { atMs, id } };
    }
    return { records, cursor: undefined };
  }

  stats(): StoreStats {
    const counts = this.database
      .query<{ event: string; count: number; oldest: number; newest: number }, []>(
        "SELECT event, count(*) AS count, min(atMs) AS oldest, max(atMs) AS newest FROM event GROUP BY event",
      )
      .all();
    const some = counts.length > 0;
    return {
      events: counts.reduce((sum, { count }) => sum + count, 0),
      byEvent: Object.fromEntries(counts.map(({ event, count }) => [event, count])),
      oldestMs: some ? Math.min(...counts.map(({ oldest }) => oldest)) : undefined,
      newestMs: some ? Math.max(...counts.map(({ newest }) => newest)) : undefined,
      bytes: this.bytes,
    };
  }

  /** Pages in use; those that a trim has freed are given back to the file system. */
  get bytes(): number {
    return (this.pragma("page_count") - this.pragma("freelist_count")) * this.pragma("page_size");
  }

  /** Takes away what is too old or too much, a bounded number of events. True where more is left to do. */
  trim(limits: JournalLimits, unixMs: number): boolean {
    const aged = this.database.run(
      "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE atMs < ? ORDER BY atMs LIMIT ?)",
      [unixMs - limits.ageMsMax, TRIM_ROWS],
    ).changes;
    const { bytes } = this;
    if (bytes > limits.bytesMax) this.trimming = true;
    if (bytes <= limits.bytesMax * TRIM_TO) this.trimming = false;
    if (this.trimming) {
      this.database.run(
        "DELETE FROM event WHERE id IN (SELECT id FROM event ORDER BY id LIMIT ?)",
        [TRIM_ROWS],
      );
    }
    if (aged > 0 || this.trimming) this.database.run("PRAGMA incremental_vacuum");
    return this.trimming || aged === TRIM_ROWS;
  }

  close(): void {
    this.database.close();
  }

  private pragma(name: "page_count" | "freelist_count" | "page_size"): number {
    return this.database.query<Record<string, number>, []>(`PRAGMA ${name}`).get()?.[name] ?? 0;
  }
}

/** Thrown for a file that is to be set aside, not to be tried again. */
export class JournalFileUnusable extends Error {}

function prepare(database: Database): void {
  const version = database
    .query<{ user_version: number }, []>("PRAGMA user_version")
    .get()?.user_version;
  const fresh = version === 0;
  if (fresh) database.run("PRAGMA auto_vacuum = INCREMENTAL");
  else if (version !== VERSION) throw new JournalFileUnusable(`it has version ${version}`);
  database.run("PRAGMA journal_mode = WAL");
  // A power cut may take the last seconds along, never the file.
  database.run("PRAGMA synchronous = NORMAL");
  database.run(`PRAGMA journal_size_limit = ${WAL_BYTES_MAX}`);
  if (fresh) database.transaction(() => database.run(SCHEMA))();
  const verdict = database.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").get();
  if (verdict?.quick_check !== "ok") {
    throw new JournalFileUnusable(`it is damaged (${verdict?.quick_check ?? "no answer"})`);
  }
}
