/** Whether this version can use what is stored. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { StoreFailed } from "../../errors/process.ts";
import { ProcessStore, storeFileName } from "../../process/store.ts";
import type { CheckResult } from "./result.ts";

/** The store is made at the first start, so none is fine. */
export function checkStore(folder: string): CheckResult {
  const name = "process store";
  const path = join(resolve(folder), storeFileName);
  if (!existsSync(path)) return { name, passed: true, detail: `${path} will be made` };
  try {
    const { processes, unreadable } = ProcessStore.examine(folder);
    const detail = `${path}: ${processes.length} processes`;
    if (unreadable.length === 0) return { name, passed: true, detail };
    const lost = unreadable.map(({ id, problem }) => `${id} (${problem})`).join("; ");
    return { name, passed: true, detail: `${detail}, and not usable, so not run: ${lost}` };
  } catch (error) {
    if (!(error instanceof StoreFailed)) throw error;
    return { name, passed: false, detail: error.message };
  }
}
