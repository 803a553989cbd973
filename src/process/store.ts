/**
 * Process records on disk, in one bun:sqlite file: record, order, metadata, times. Viewer tokens are in it too.
 * A write that fails throws StoreFailed and has changed nothing; a damaged file is refused, not
 * repaired, and left as it is.
 */
import { Database } from "bun:sqlite";
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { StoreFailed } from "../errors/process.ts";
import { type ProcessRecord, parseRecord } from "./record.ts";
import type { Order } from "./state.ts";
import { guard, isDamage, OPEN_REMEDY } from "./store/guard.ts";
import { VIEWER_TOKEN_TABLE, ViewerTokenTable } from "./store/viewer-tokens.ts";

export interface StoredProcess {
  readonly record: ProcessRecord;
  readonly order: Order;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Unix seconds. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A row that no longer passes the rules; kept on disk, not run. */
export interface UnreadableProcess {
  readonly id: string;
  readonly problem: string;
}

export interface StoredProcesses {
  readonly processes: readonly StoredProcess[];
  readonly unreadable: readonly UnreadableProcess[];
}

export const storeFileName = "dragonfork.sqlite";

/** Step n brings a file from user_version n to n + 1. Steps are only ever added. */
const migrations: readonly string[] = [
  `CREATE TABLE process (
     id TEXT PRIMARY KEY NOT NULL,
     record TEXT NOT NULL,
     run_order TEXT NOT NULL CHECK (run_order IN ('start', 'stop')),
     metadata TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     updated_at INTEGER NOT NULL
   ) STRICT`,
  "CREATE TABLE server_metadata (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT",
  VIEWER_TOKEN_TABLE,
];

interface Row {
  id: string;
  record: string;
  run_order: Order;
  metadata: string;
  created_at: number;
  updated_at: number;
}

export class ProcessStore {
  readonly viewerTokens: ViewerTokenTable;
  readonly #database: Database;
  /** Of all pages, without what waits in the write-ahead log. */
  bytes: number;
  /** Nothing was there before. */
  readonly isNew: boolean;

  private constructor(database: Database, isNew = false) {
    this.#database = database;
    this.isNew = isNew;
    this.viewerTokens = new ViewerTokenTable(database);
    this.bytes = pageBytes(database);
  }

  /** Opens or makes the store in a folder. Throws StoreFailed with what to do about it. */
  static open(folder: string): ProcessStore {
    const path = join(folder, storeFileName);
    const open = () => {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const database = new Database(path, { create: true, strict: true });
      try {
        // Records hold camera passwords.
        chmodSync(path, 0o600);
        check(database, path);
        return new ProcessStore(database, migrate(database, path) === 0);
      } catch (error) {
        database.close();
        throw error;
      }
    };
    return guard(`${path} can't be opened`, open, OPEN_REMEDY);
  }

  /** For a look at a store that a server may be using: nothing is written. Throws StoreFailed. */
  static openToRead(folder: string): ProcessStore {
    return readOnly(folder, (database, version) => {
      if (version === migrations.length) return new ProcessStore(database);
      throw new StoreFailed(
        `${database.filename} is of version ${version}, this program of ${migrations.length}: start the server once, which brings it up to date.`,
      );
    });
  }

  /** Reads a store as a start would, also one that a server is using, and writes nothing. Throws StoreFailed. */
  static examine(folder: string): StoredProcesses {
    return readOnly(folder, (database, version) => {
      const nothing = { processes: [], unreadable: [] };
      const found = version === 0 ? nothing : new ProcessStore(database).load();
      database.close();
      return found;
    });
  }

  /** Everything stored, and what could not be read. */
  load(): StoredProcesses {
    return guard("reading failed", () => {
      const processes: StoredProcess[] = [];
      const unreadable: UnreadableProcess[] = [];
      for (const row of this.#database
        .query<Row, []>("SELECT * FROM process ORDER BY rowid")
        .all()) {
        try {
          processes.push(fromRow(row));
        } catch (error) {
          unreadable.push({ id: row.id, problem: String(error) });
        }
      }
      return { processes, unreadable };
    });
  }

  insert(stored: StoredProcess): void {
    this.#write(
      "INSERT INTO process VALUES ($id, $record, $order, $metadata, $created, $updated)",
      {
        ...values(stored),
        id: stored.record.id,
      },
    );
  }

  /** Replaces a process, under another id if the record has one. */
  replace(id: string, stored: StoredProcess): void {
    this.#write(
      "UPDATE process SET id = $newId, record = $record, run_order = $order, metadata = $metadata, created_at = $created, updated_at = $updated WHERE id = $id",
      { ...values(stored), newId: stored.record.id, id },
    );
  }

  setOrder(id: string, order: Order): void {
    this.#write("UPDATE process SET run_order = $order WHERE id = $id", { id, order });
  }

  setMetadata(id: string, metadata: Readonly<Record<string, unknown>>): void {
    const text = JSON.stringify(metadata);
    this.#write("UPDATE process SET metadata = $text WHERE id = $id", { id, text });
  }

  remove(id: string): void {
    this.#write("DELETE FROM process WHERE id = $id", { id });
  }

  /** What clients keep about the whole server, by key, each as JSON. */
  serverMetadata(): ReadonlyMap<string, unknown> {
    return guard("reading failed", () => {
      const rows = this.#database
        .query<{ key: string; value: string }, []>("SELECT * FROM server_metadata ORDER BY rowid")
        .all();
      return new Map(rows.flatMap(({ key, value }) => entryOf(key, value)));
    });
  }

  /** undefined removes the key. */
  setServerMetadata(key: string, value: unknown): void {
    if (value === undefined) {
      this.#write("DELETE FROM server_metadata WHERE key = $key", { key });
      return;
    }
    this.#write("INSERT OR REPLACE INTO server_metadata VALUES ($key, $value)", {
      key,
      value: JSON.stringify(value),
    });
  }

  /** What keeps it from being read; undefined where nothing does. */
  problem(): string | undefined {
    try {
      this.#database.query("SELECT 1 FROM process LIMIT 1").get();
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Adds all of them, or none: an id that is used throws StoreFailed. Metadata of the server replace those of their key. */
  takeOver(processes: readonly StoredProcess[], metadata: Readonly<Record<string, unknown>>): void {
    guard("writing failed", () =>
      this.#database.transaction(() => {
        for (const stored of processes) this.insert(stored);
        for (const [key, value] of Object.entries(metadata)) this.setServerMetadata(key, value);
      })(),
    );
  }

  close(): void {
    this.#database.close();
  }

  #write(sql: string, bindings: Record<string, string | number>): void {
    guard("writing failed", () => {
      this.#database.query(sql).run(bindings);
    });
    this.bytes = pageBytes(this.#database);
  }
}

function pageBytes(database: Database): number {
  const sql = "SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size";
  return database.query<{ bytes: number }, []>(sql).get()?.bytes ?? 0;
}

function values(stored: StoredProcess): Record<string, string | number> {
  return {
    record: JSON.stringify(stored.record),
    order: stored.order,
    metadata: JSON.stringify(stored.metadata),
    created: stored.createdAt,
    updated: stored.updatedAt,
  };
}

function fromRow(row: Row): StoredProcess {
  return {
    record: parseRecord(JSON.parse(row.record)),
    order: row.run_order,
    metadata: JSON.parse(row.metadata) as Record<string, unknown>,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** `use` is given the version of the file, and closes it unless it throws. */
function readOnly<T>(folder: string, use: (database: Database, version: number) => T): T {
  const path = join(folder, storeFileName);
  return guard(`${path} can't be read`, () => {
    const database = new Database(path, { readonly: true, strict: true });
    try {
      check(database, path);
      return use(database, versionOf(database, path));
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/** None for a damaged value: what clients noted must not keep the server from starting. */
function entryOf(key: string, value: string): [string, unknown][] {
  try {
    return [[key, JSON.parse(value)]];
  } catch {
    return [];
  }
}

/** Looks before anything is written, so that a damaged file stays as it was found. */
function check(database: Database, path: string): void {
  const verdict = verdictOn(database);
  if (verdict === "ok") return;
  throw new StoreFailed(
    `${path} is damaged (${verdict}). It was left as it is: restore a copy, or move it away to start empty.`,
  );
}

/** "ok", or what is wrong. A file that is no database at all is only found out with the first question. */
function verdictOn(database: Database): string {
  try {
    const sql = "PRAGMA integrity_check(1)";
    const row = database.query<{ integrity_check: string }, []>(sql).get();
    return row?.integrity_check ?? "no answer";
  } catch (error) {
    if (isDamage(error)) return error.message;
    throw error;
  }
}

function versionOf(database: Database, path: string): number {
  const version =
    database.query<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version ?? 0;
  if (version > migrations.length) {
    throw new StoreFailed(
      `${path} was written by a newer version (${version}, this one knows ${migrations.length}). Use that version, or another CORE_DB_DIR.`,
    );
  }
  return version;
}

/** The version that was found, 0 for a new file. */
function migrate(database: Database, path: string): number {
  const version = versionOf(database, path);
  database.run("PRAGMA journal_mode = WAL");
  // An answered change must survive a power cut.
  database.run("PRAGMA synchronous = FULL");
  // Nothing is written, so a full disk is no reason not to start.
  if (version === migrations.length) return version;
  database.transaction(() => {
    for (const step of migrations.slice(version)) database.run(step);
    database.run(`PRAGMA user_version = ${migrations.length}`);
  })();
  return version;
}
