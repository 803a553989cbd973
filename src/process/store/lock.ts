/**
 * Keeps a second server, or an import, away from a store that is in use: both would run every process. The lock is one
 * of the operating system on a file of its own, so it ends with whoever held it, also by kill -9.
 */
import { Database, SQLiteError } from "bun:sqlite";
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { StoreFailed } from "../../errors/process.ts";
import { guard, isDamage, OPEN_REMEDY } from "./guard.ts";

export const lockFileName = "dragonfork.lock";

/** Takes the lock of a folder; the result gives it back. Throws StoreFailed. */
export function lockStore(folder: string): () => void {
  const path = join(folder, lockFileName);
  const open = () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const database = new Database(path, { create: true });
    try {
      chmodSync(path, 0o600);
      // Nothing is written, so a full disk is no reason not to start.
      database.run("PRAGMA journal_mode = MEMORY");
      database.run("BEGIN EXCLUSIVE");
    } catch (error) {
      database.close();
      throw failureOf(error, folder, path);
    }
    return () => database.close();
  };
  return guard(`${path} can't be opened`, open, OPEN_REMEDY);
}

function failureOf(error: unknown, folder: string, path: string): unknown {
  if (error instanceof SQLiteError && error.code === "SQLITE_BUSY") {
    return new StoreFailed(
      `${folder} is in use by a running server. Stop that one first, or choose another CORE_DB_DIR.`,
    );
  }
  if (!isDamage(error)) return error;
  return new StoreFailed(
    `${path} can't be locked (${error.message}). Nothing is in it: delete it.`,
  );
}
