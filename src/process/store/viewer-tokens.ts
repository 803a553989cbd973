/**
 * The viewer tokens that this server made, without their texts: whoever reads the file cannot watch with it. Those of a
 * process go with it.
 */
import type { Database } from "bun:sqlite";
import type { MintedToken, TokenStore } from "../../auth/viewer-token.ts";
import { guard } from "./guard.ts";

/** Steps of the store's migration. */
export const VIEWER_TOKEN_TABLE = `CREATE TABLE viewer_token (
     id TEXT PRIMARY KEY NOT NULL,
     stream_id TEXT NOT NULL,
     label TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     expires_at INTEGER NOT NULL,
     viewers_max INTEGER NOT NULL,
     bitrate_max INTEGER
   ) STRICT;
   CREATE INDEX viewer_token_by_stream ON viewer_token (stream_id);
   CREATE TRIGGER viewer_token_process_deleted AFTER DELETE ON process
     BEGIN DELETE FROM viewer_token WHERE stream_id = OLD.id; END;
   CREATE TRIGGER viewer_token_process_renamed AFTER UPDATE OF id ON process WHEN OLD.id <> NEW.id
     BEGIN DELETE FROM viewer_token WHERE stream_id = OLD.id; END`;

interface Row {
  id: string;
  stream_id: string;
  label: string;
  created_at: number;
  expires_at: number;
  viewers_max: number;
  bitrate_max: number | null;
}

/** All throw StoreFailed. */
export class ViewerTokenTable implements TokenStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  insert(token: MintedToken): void {
    guard("writing failed", () =>
      this.#database
        .query("INSERT INTO viewer_token VALUES ($id, $stream, $label, $at, $end, $viewers, $rate)")
        .run({
          id: token.id,
          stream: token.streamId,
          label: token.label,
          at: token.createdAt,
          end: token.expiresAt,
          viewers: token.viewersMax,
          rate: token.bitrateMax ?? null,
        }),
    );
  }

  get(id: string): MintedToken | undefined {
    const row = guard("reading failed", () =>
      this.#database.query<Row, [string]>("SELECT * FROM viewer_token WHERE id = ?").get(id),
    );
    return row === null ? undefined : fromRow(row);
  }

  /** The newest first. */
  list(streamId: string): readonly MintedToken[] {
    const rows = guard("reading failed", () =>
      this.#database
        .query<Row, [string]>(
          "SELECT * FROM viewer_token WHERE stream_id = ? ORDER BY created_at DESC, rowid DESC",
        )
        .all(streamId),
    );
    return rows.map(fromRow);
  }

  count(): number {
    const row = guard("reading failed", () =>
      this.#database.query<{ n: number }, []>("SELECT count(*) AS n FROM viewer_token").get(),
    );
    return row?.n ?? 0;
  }

  remove(id: string): void {
    this.#delete("id = ?", id);
  }

  removeExpired(unixSeconds: number): void {
    this.#delete("expires_at <= ?", unixSeconds);
  }

  #delete(condition: string, value: string | number): void {
    guard("writing failed", () =>
      this.#database.query(`DELETE FROM viewer_token WHERE ${condition}`).run(value),
    );
  }
}

function fromRow(row: Row): MintedToken {
  return {
    id: row.id,
    streamId: row.stream_id,
    label: row.label,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    viewersMax: row.viewers_max,
    bitrateMax: row.bitrate_max ?? undefined,
  };
}
