/**
 * Keeps a second server, or an import, away from a store that is in use: both would run every process. The lock is one
 * of the operating system on a file of its own, so it ends with whoever held it, also by kill -9.
 */
import { Database } from "bun:sqlite";
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { StoreFailed } from "../../errors/process.ts";
import { guard, OPEN_REMEDY } from "./guard.ts";

export const lockFileName = "dragonfork.lock";

/** Takes the lock of a folder; the result gives it back. Throws StoreFailed. */
export function lockStore(folder: string): () => void {
  const path = join(folder, lockFileName);
  const open = () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return new Database(path, { create: true });
  };
  const database = guard(`${path} can't be opened`, open, OPEN_REMEDY);
  try {
    chmodSync(path, 0o600);
    database.run("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    const reason = error instanceof Error ? error.message : String(error);
    if (!/locked|busy/i.test(reason)) {
      throw new StoreFailed(`${path} can't be locked (${reason}). Nothing is in it: delete it.`);
    }
    throw new StoreFailed(
      `${folder} is in use by a running server. Stop that one first, or choose another CORE_DB_DIR.`,
    );
  }
  return () => database.close();
}
