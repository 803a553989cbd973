/**
 * The journal of running children, and the end of those an earlier server left behind (kill -9 on a
 * system without setpriv). A pid alone may long belong to another program, so each entry also has
 * the start time and the boot.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SpawnChild } from "./child.ts";
import { readBootId, readProcStat } from "./proc-stat.ts";

interface Entry {
  readonly pid: number;
  readonly startTicks: number;
}

interface Journal {
  readonly boot: string;
  readonly server: Entry;
  readonly children: readonly Entry[];
}

/** What the journal needs of the system; replaced in tests. */
export interface ProcessTable {
  bootId(): string;
  startTicks(pid: number): number | undefined;
  kill(pid: number): void;
}

export const systemProcesses: ProcessTable = {
  bootId: readBootId,
  startTicks: (pid) => {
    const stat = readProcStat(pid);
    return stat === undefined || stat.state === "Z" ? undefined : stat.startTicks;
  },
  kill: (pid) => {
    process.kill(pid, "SIGKILL");
  },
};

const journalName = "ffmpeg.pids";

export class ChildJournal {
  readonly #path: string;
  readonly #table: ProcessTable;
  readonly #server: Entry;
  readonly #children = new Map<number, Entry>();

  constructor(folder: string, serverPid: number, table: ProcessTable = systemProcesses) {
    this.#path = join(folder, journalName);
    this.#table = table;
    this.#server = { pid: serverPid, startTicks: table.startTicks(serverPid) ?? 0 };
  }

  /**
   * Ends what an earlier server left; returns how many. Does nothing while that server still runs:
   * then the children are not orphans but somebody's.
   */
  endOrphans(): number {
    const journal = this.#read();
    if (journal === undefined || journal.boot !== this.#table.bootId()) return 0;
    const isOurs = journal.server.pid === this.#server.pid;
    if (!isOurs && this.#isAlive(journal.server)) return 0;
    const left = journal.children.filter((child) => this.#isAlive(child));
    for (const child of left) this.#table.kill(child.pid);
    rmSync(this.#path, { force: true });
    return left.length;
  }

  /** Wraps a spawn so that each child stands in the journal while it lives. */
  watch(spawn: SpawnChild): SpawnChild {
    return (argv, handlers) => {
      let pid: number | undefined;
      const child = spawn(argv, {
        ...handlers,
        onExit: (exit) => {
          if (pid !== undefined) this.#remove(pid);
          handlers.onExit(exit);
        },
      });
      pid = child.pid;
      this.#add(child.pid);
      return child;
    };
  }

  #add(pid: number): void {
    const startTicks = this.#table.startTicks(pid);
    if (startTicks === undefined) return;
    this.#children.set(pid, { pid, startTicks });
    this.#write();
  }

  #remove(pid: number): void {
    if (this.#children.delete(pid)) this.#write();
  }

  #isAlive(entry: Entry): boolean {
    return this.#table.startTicks(entry.pid) === entry.startTicks;
  }

  /** A journal that can't be written (full disk) costs the clean-up after a crash, not the stream. */
  #write(): void {
    const journal: Journal = {
      boot: this.#table.bootId(),
      server: this.#server,
      children: [...this.#children.values()],
    };
    try {
      writeFileSync(`${this.#path}.tmp`, JSON.stringify(journal), { mode: 0o600 });
      renameSync(`${this.#path}.tmp`, this.#path);
    } catch {
      rmSync(`${this.#path}.tmp`, { force: true });
    }
  }

  #read(): Journal | undefined {
    try {
      const journal: unknown = JSON.parse(readFileSync(this.#path, "utf8"));
      return isJournal(journal) ? journal : undefined;
    } catch {
      return undefined;
    }
  }
}

function isJournal(value: unknown): value is Journal {
  if (typeof value !== "object" || value === null) return false;
  const { boot, server, children } = value as Partial<Record<keyof Journal, unknown>>;
  return (
    typeof boot === "string" &&
    isEntry(server) &&
    Array.isArray(children) &&
    children.every(isEntry)
  );
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== "object" || value === null) return false;
  const { pid, startTicks } = value as Partial<Record<keyof Entry, unknown>>;
  return Number.isSafeInteger(pid) && Number(pid) > 1 && Number.isSafeInteger(startTicks);
}
