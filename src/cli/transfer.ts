/** `dragonfork import` and `dragonfork export`: the stored processes from and to a datarhei Core's db.json. */
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { resolve } from "node:path";
import { ProcessInvalid } from "../errors/process.ts";
import { configuredRules } from "../process/access/configured.ts";
import { type CoreDataRead, readCoreData, writeCoreData } from "../process/core-db.ts";
import { resolveRecord } from "../process/resolve.ts";
import { lockStore } from "../process/store/lock.ts";
import { ProcessStore, type StoredProcess } from "../process/store.ts";
import { redact } from "../telemetry/redact.ts";
import type { Configuration } from "./configuration.ts";
import type { Write } from "./output.ts";

interface Outputs {
  readonly out: Write;
  readonly err: Write;
}

interface ImportOptions {
  readonly from: string;
  readonly skipInvalid: boolean;
}

/** The exit code: 0 when everything that was asked for is in the store, 1 when nothing was changed. */
export function importDb(
  configuration: Configuration,
  { from, skipInvalid }: ImportOptions,
  { out, err }: Outputs,
): number {
  const folder = configuration.config.db.dir;
  try {
    const data = readCoreData(parseFile(from));
    const { taken, refused } = withLock(folder, () => {
      const store = ProcessStore.open(folder);
      try {
        const sorted = sortOut(data, store);
        if (sorted.refused.length > 0 && !skipInvalid) return { ...sorted, taken: [] };
        store.takeOver(sorted.taken, data.serverMetadata);
        return sorted;
      } finally {
        store.close();
      }
    });
    for (const problem of refused) err(redact(`refused: ${problem}\n`));
    if (refused.length > 0 && !skipInvalid) {
      err("Nothing was imported. Correct the file, or leave these out with --skip-invalid.\n");
      return 1;
    }
    for (const note of notesOn(data, taken, configuration)) err(redact(`note: ${note}\n`));
    out(`${taken.length} processes imported into ${resolve(folder)}\n`);
    return 0;
  } catch (error) {
    err(redact(`dragonfork: ${from} was not imported: ${reasonOf(error)}\n`));
    return 1;
  }
}

/** Writes to standard output where no file is named. Returns the exit code. */
export async function exportDb(
  { config }: Configuration,
  file: string | undefined,
  { err }: Outputs,
): Promise<number> {
  try {
    const store = ProcessStore.openToRead(config.db.dir);
    const { processes, unreadable } = store.load();
    const serverMetadata = Object.fromEntries(store.serverMetadata());
    store.close();
    for (const { id, problem } of unreadable) err(redact(`left out: ${id}: ${problem}\n`));
    const data = writeCoreData({ processes, serverMetadata });
    const text = `${JSON.stringify(data, null, 4)}\n`;
    if (file === undefined) await Bun.write(Bun.stdout, text);
    else writeWhole(file, text);
    err(`${processes.length} processes exported, with the passwords in their addresses\n`);
    return unreadable.length === 0 ? 0 : 1;
  } catch (error) {
    err(redact(`dragonfork: nothing was exported: ${reasonOf(error)}\n`));
    return 1;
  }
}

function parseFile(path: string): unknown {
  const text = readFileSync(path, "utf8");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ProcessInvalid("It is not JSON", [error instanceof Error ? error.message : ""]);
  }
}

function withLock<T>(folder: string, action: () => T): T {
  const unlock = lockStore(folder);
  try {
    return action();
  } finally {
    unlock();
  }
}

function sortOut(data: CoreDataRead, store: ProcessStore) {
  const { processes, unreadable } = store.load();
  const used = new Set([
    ...processes.map(({ record }) => record.id),
    ...unreadable.map((one) => one.id),
  ]);
  const taken = data.processes.filter(({ record }) => !used.has(record.id));
  const twice = data.processes
    .filter(({ record }) => used.has(record.id))
    .map(({ record }) => `process ${JSON.stringify(record.id)}: is in the store already`);
  return { taken, refused: [...data.refused, ...twice] };
}

/** What the operator should know of processes that are in the store now. */
function notesOn(
  { leftOut }: CoreDataRead,
  taken: readonly StoredProcess[],
  { config, records }: Configuration,
): string[] {
  const rules = configuredRules(config);
  const find = (id: string) =>
    taken.find(({ record }) => record.id === id)?.record ?? records.find((one) => one.id === id);
  const notes = taken.flatMap(({ record }) => {
    const at = `process ${JSON.stringify(record.id)}`;
    if (records.some(({ id }) => id === record.id)) {
      return [`${at}: hidden by the one of the configuration file`];
    }
    try {
      resolveRecord(record, { rules, find });
      return [];
    } catch (error) {
      return [`${at}: will not start: ${reasonOf(error)}`];
    }
  });
  return [...leftOut, ...notes];
}

/** Passwords are in it, so only the owner may read it; a half-written file never stands under the name. */
function writeWhole(path: string, text: string): void {
  const draft = `${path}.tmp`;
  const file = openSync(draft, "w", 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
    closeSync(file);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof ProcessInvalid && error.details.length > 0) {
    return `${error.message}: ${error.details.join("; ")}`;
  }
  return error instanceof Error ? error.message : String(error);
}
