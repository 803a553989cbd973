/** Whether the server can keep its state where it is told to. */
import { access, constants, mkdtemp, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { CheckResult } from "./result.ts";

/** The folder is made at the first start, so a missing one is fine where it can be made. */
export async function checkFolder(folder: string): Promise<CheckResult> {
  const name = "database folder";
  const path = resolve(folder);
  try {
    const existing = await nearestExisting(path);
    const probe = await mkdtemp(join(existing, ".check-"));
    await rm(probe, { recursive: true });
    const detail = `${path} ${existing === path ? "is writable" : "will be made"}`;
    return { name, passed: true, detail };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { name, passed: false, detail: `${path}: ${reason}. Choose another CORE_DB_DIR.` };
  }
}

async function nearestExisting(path: string): Promise<string> {
  try {
    await access(path, constants.F_OK);
    return path;
  } catch {
    return dirname(path) === path ? path : nearestExisting(dirname(path));
  }
}
