/** Failures of SQLite as failures of the store. */
import { SQLiteError } from "bun:sqlite";
import { StoreFailed } from "../../errors/process.ts";

/** What helps where a file of the store can't be opened. */
export const OPEN_REMEDY =
  ". The server has to write there: give it the rights, or choose another CORE_DB_DIR.";

/** As SQLite and the system say it. */
const FULL = /disk is full|ENOSPC|EDQUOT/;
const ROOM_REMEDY = ". Make room on the disk.";

/** Runs the action; whatever it throws becomes a StoreFailed that begins with `what` and ends with `remedy`. */
export function guard<T>(what: string, action: () => T, remedy = ""): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof StoreFailed) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreFailed(`${what} (${reason})${FULL.test(reason) ? ROOM_REMEDY : remedy}`);
  }
}

const DAMAGE: readonly (string | undefined)[] = ["SQLITE_NOTADB", "SQLITE_CORRUPT"];

/** Whether an error says that a file is no database, or a broken one. */
export function isDamage(error: unknown): error is SQLiteError {
  return error instanceof SQLiteError && DAMAGE.includes(error.code);
}
