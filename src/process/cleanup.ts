/**
 * Deletes what outputs leave in the storage, as the cleanup rules of the processes say: too many files, too old ones,
 * and all of them with their process. Rules for other filesystems than the disk are left alone.
 */
import type { DiskStorage } from "../storage/disk.ts";
import type { FileEntry } from "../storage/walk.ts";
import type { CleanupRule } from "./record/cleanup.ts";
import type { ProcessIO, ProcessRecord } from "./record.ts";
import { fillIn, UnknownPlaceholder } from "./resolve/placeholders.ts";

export interface StorageCleanupOptions {
  readonly disk: Pick<DiskStorage, "list" | "remove">;
  /** Unix milliseconds. */
  readonly unixMs: () => number;
  readonly log: { debug(message: string, fields: Readonly<Record<string, string | number>>): void };
}

/** Core looks each second; the files of a live stream are some seconds long. */
export const CLEANUP_MS = 5000;
/** `diskfs` is Core's older name. */
const onDisk = /^(?:disk|diskfs):/;

export class StorageCleanup {
  readonly #options: StorageCleanupOptions;
  readonly #rules = new Map<string, readonly CleanupRule[]>();
  /** Of processes that are gone: deleted at the next look. */
  #purges: CleanupRule[] = [];
  #busy = false;

  constructor(options: StorageCleanupOptions) {
    this.#options = options;
  }

  /** A process came or changed; undefined: it went. */
  recordChanged(record: ProcessRecord | undefined, id: string): void {
    const before = this.#rules.get(id) ?? [];
    const rules = record?.output.flatMap((output) => rulesOf(record, output)) ?? [];
    if (rules.length === 0) this.#rules.delete(id);
    else this.#rules.set(id, rules);
    if (record === undefined) this.#purges.push(...before.filter((rule) => rule.purge_on_delete));
  }

  /** One look at the storage, if there is anything to look for. Never rejects. */
  async look(): Promise<void> {
    if (this.#busy || (this.#rules.size === 0 && this.#purges.length === 0)) return;
    this.#busy = true;
    try {
      const rules = [...this.#rules.values()].flat();
      const patterns = new Set(rules.map(({ pattern }) => pattern));
      // A process that was renamed is another one with the same files.
      const purges = this.#purges.filter(({ pattern }) => !patterns.has(pattern));
      this.#purges = [];
      const files = await this.#options.disk.list();
      for (const rule of rules) await this.#remove(rule.pattern, this.#surplus(rule, files));
      for (const { pattern } of purges) await this.#remove(pattern, matching(pattern, files));
    } finally {
      this.#busy = false;
    }
  }

  #surplus(rule: CleanupRule, files: readonly FileEntry[]): FileEntry[] {
    const found = matching(rule.pattern, files).toSorted((a, b) => b.modifiedMs - a.modifiedMs);
    const oldestMs = this.#options.unixMs() - rule.max_file_age_seconds * 1000;
    return found.filter(({ modifiedMs }, index) => {
      if (rule.max_files > 0 && index >= rule.max_files) return true;
      return rule.max_file_age_seconds > 0 && modifiedMs < oldestMs;
    });
  }

  async #remove(pattern: string, files: readonly FileEntry[]): Promise<void> {
    const { disk, log } = this.#options;
    let removed = 0;
    for (const { name } of files) {
      removed += await disk.remove(name).then(
        () => 1,
        () => 0,
      );
    }
    if (removed > 0) log.debug("files cleaned up", { pattern, files: removed });
    // A glob over thousands of files takes its time; others have their turn in between.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function matching(pattern: string, files: readonly FileEntry[]): FileEntry[] {
  const glob = new Bun.Glob(pattern);
  return files.filter(({ name }) => glob.match(name));
}

function rulesOf(record: ProcessRecord, output: ProcessIO): CleanupRule[] {
  const values = new Map([
    ["processid", record.id],
    ["reference", record.reference],
    ["outputid", output.id],
  ]);
  return output.cleanup.flatMap((rule) => {
    try {
      if (!onDisk.test(rule.pattern)) return [];
      const path = fillIn(rule.pattern.replace(onDisk, ""), values);
      return [{ ...rule, pattern: path.startsWith("/") ? path : `/${path}` }];
    } catch (error) {
      if (error instanceof UnknownPlaceholder) return [];
      throw error;
    }
  });
}
