/** Failures of SQLite as failures of the store. */
import { StoreFailed } from "../../errors/process.ts";

/** Runs the action; whatever it throws becomes a StoreFailed that begins with `what`. */
export function guard<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof StoreFailed) throw error;
    throw new StoreFailed(`${what} (${error instanceof Error ? error.message : String(error)})`);
  }
}
