/**
 * The journal's side of the disk: keeps what it is given, trims, answers. A disk that is full, slow or gone is told
 * of and tried again; what waits for it meanwhile is bounded.
 */
import { renameSync, rmSync } from "node:fs";
import type { JournalRow } from "./entry.ts";
import type { Answer, FromKeeper, KeeperSettings, Question } from "./messages.ts";
import { JournalFileUnusable, JournalStore } from "./store.ts";

/** What waits for a disk that fails; a few megabytes. The newest are given up. */
export const WAITING_MAX = 20_000;
const TRIM_INTERVAL_MS = 30_000;
/** Between two attempts to open a file. */
const REOPEN_MS = 10_000;

export interface KeeperOptions {
  readonly settings: KeeperSettings;
  readonly post: (message: FromKeeper) => void;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  readonly unixMs: () => number;
}

export class JournalKeeper {
  private readonly options: KeeperOptions;
  private store: JournalStore | undefined;
  private waiting: JournalRow[] = [];
  private trouble: string | undefined;
  private bytes = 0;
  private openedMs = Number.NEGATIVE_INFINITY;
  private trimmedMs = Number.NEGATIVE_INFINITY;

  constructor(options: KeeperOptions) {
    this.options = options;
  }

  /** Also without rows, to try again what waits. Never throws. */
  append(rows: readonly JournalRow[]): void {
    const room = WAITING_MAX - this.waiting.length;
    for (const row of rows.slice(0, room)) this.waiting.push(row);
    this.trouble = this.attempt(() => this.write());
    const lost = Math.max(0, rows.length - room);
    this.bytes = this.trouble === undefined ? (this.store?.bytes ?? 0) : this.bytes;
    this.options.post({ type: "kept", lost, trouble: this.trouble, bytes: this.bytes });
  }

  /** Throws where the disk does. */
  answer(question: Question): Answer {
    // What was told before the question is part of the answer.
    this.trouble = this.attempt(() => this.write());
    const store = this.opened();
    return question.type === "stats" ? store.stats() : store.search(question.query);
  }

  close(): void {
    this.attempt(() => this.write());
    this.attempt(() => this.store?.close());
  }

  private write(): void {
    const store = this.opened();
    if (this.waiting.length > 0) store.append(this.waiting);
    this.waiting = [];
    this.trim(store);
  }

  /** A piece at a time: the rest comes with the next batch. */
  private trim(store: JournalStore): void {
    const { nowMs, unixMs, post, settings } = this.options;
    const startMs = nowMs();
    if (startMs - this.trimmedMs < TRIM_INTERVAL_MS) return;
    try {
      if (store.trim(settings.limits, unixMs())) return;
    } catch (error) {
      post({ type: "trimmed", seconds: undefined });
      throw error;
    }
    this.trimmedMs = startMs;
    post({ type: "trimmed", seconds: (nowMs() - startMs) / 1000 });
  }

  private opened(): JournalStore {
    if (this.store !== undefined) return this.store;
    const { nowMs, settings } = this.options;
    if (nowMs() - this.openedMs < REOPEN_MS) throw new Error(this.trouble ?? "it is not open");
    this.openedMs = nowMs();
    this.store = JournalStore.open(settings.path, nowMs);
    return this.store;
  }

  /** Undefined where it worked, else what did not. */
  private attempt(action: () => void): string | undefined {
    try {
      action();
      return undefined;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (isUnusable(error)) this.setAside(reason);
      return reason;
    }
  }

  /** The one that was set aside before is replaced: two are never kept. */
  private setAside(reason: string): void {
    const { settings, post, nowMs } = this.options;
    const aside = `${settings.path}.unusable`;
    try {
      this.store?.close();
      for (const suffix of ["-wal", "-shm"]) rmSync(settings.path + suffix, { force: true });
      renameSync(settings.path, aside);
      this.openedMs = Number.NEGATIVE_INFINITY;
      post({ type: "set-aside", path: aside, reason });
    } catch {
      // Then it stays where it is, and is tried again.
      this.openedMs = nowMs();
    }
    this.store = undefined;
  }
}

const UNUSABLE_CODES: ReadonlySet<unknown> = new Set(["SQLITE_CORRUPT", "SQLITE_NOTADB"]);

function isUnusable(error: unknown): boolean {
  if (error instanceof JournalFileUnusable) return true;
  return error instanceof Error && "code" in error && UNUSABLE_CODES.has(error.code);
}
