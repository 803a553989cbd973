/** The machine: processors, memory, network, and the disk of the storage. Read from /proc; empty elsewhere. */
import { readFile, statfs } from "node:fs/promises";
import { availableParallelism } from "node:os";
import type { FileEntry } from "../storage/walk.ts";
import type { Collector, Value } from "./value.ts";

export interface HostOptions {
  readonly storageFolder: string;
  /** -1 where there is none. */
  readonly storageBytesMax: number;
  readonly files: () => Promise<readonly FileEntry[]>;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** The text of a file of /proc, "" where there is none. */
  readonly read?: (path: string) => Promise<string>;
}

/** The storage is walked through no more often than this. */
const STORAGE_MS = 30_000;
const INTERFACES_MAX = 32;

interface CpuTimes {
  readonly user: number;
  readonly system: number;
  readonly idle: number;
  readonly all: number;
}

export class HostValues implements Collector {
  readonly #options: HostOptions;
  readonly #read: (path: string) => Promise<string>;
  readonly #startedMs: number;
  #cpu: CpuTimes | undefined;
  #shares: Omit<CpuTimes, "all"> = { user: 0, system: 0, idle: 100 };
  #storage: { readonly atMs: number; readonly values: Promise<readonly Value[]> } | undefined;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#read = options.read ?? readProc;
    this.#startedMs = options.nowMs();
  }

  async collect(): Promise<readonly Value[]> {
    const [stat, memory, network, disk, storage] = await Promise.all([
      this.#read("/proc/stat"),
      this.#read("/proc/meminfo"),
      this.#read("/proc/net/dev"),
      this.#disk(),
      this.#files(),
    ]);
    const uptime = (this.#options.nowMs() - this.#startedMs) / 1000;
    return [
      ...this.#processors(stat),
      ...memoryValues(memory),
      ...networkValues(network),
      ...disk,
      ...storage,
      { name: "uptime_uptime", labels: null, value: uptime },
    ];
  }

  /** Shares of the time since the last call; of the time since the boot at the first. */
  #processors(stat: string): Value[] {
    const times = cpuTimes(stat);
    if (times === undefined) return [];
    const before = this.#cpu ?? { user: 0, system: 0, idle: 0, all: 0 };
    const all = times.all - before.all;
    // Two calls within a tick of the kernel tell nothing new.
    if (all > 0) {
      const share = (name: "user" | "system" | "idle") =>
        (100 * (times[name] - before[name])) / all;
      this.#shares = { user: share("user"), system: share("system"), idle: share("idle") };
      this.#cpu = times;
    }
    const { user, system, idle } = this.#shares;
    const value = (name: string, number: number) => ({ name, labels: null, value: number });
    return [
      value("cpu_ncpu", availableParallelism()),
      value("cpu_user", user),
      value("cpu_system", system),
      value("cpu_idle", idle),
      value("cpu_other", Math.max(0, 100 - user - system - idle)),
    ];
  }

  async #disk(): Promise<Value[]> {
    const labels = { path: this.#options.storageFolder };
    try {
      const { bsize, blocks, bfree } = await statfs(this.#options.storageFolder);
      return [
        { name: "disk_total", labels, value: blocks * bsize },
        { name: "disk_usage", labels, value: (blocks - bfree) * bsize },
      ];
    } catch {
      return [];
    }
  }

  #files(): Promise<readonly Value[]> {
    const atMs = this.#options.nowMs();
    if (this.#storage === undefined || atMs - this.#storage.atMs > STORAGE_MS) {
      this.#storage = { atMs, values: this.#walk() };
    }
    return this.#storage.values;
  }

  async #walk(): Promise<readonly Value[]> {
    const labels = { name: "disk" };
    const files = await this.#options.files();
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    return [
      { name: "filesystem_files", labels, value: files.length },
      { name: "filesystem_usage", labels, value: bytes },
      { name: "filesystem_limit", labels, value: this.#options.storageBytesMax },
    ];
  }
}

/** proc(5): user, nice, system, idle, iowait, irq, softirq, steal. */
function cpuTimes(stat: string): CpuTimes | undefined {
  const line = /^cpu +(.*)$/m.exec(stat)?.[1];
  if (line === undefined) return undefined;
  const times = line.trim().split(/\s+/).slice(0, 8).map(Number);
  const [user = 0, nice = 0, system = 0, idle = 0] = times;
  return { user: user + nice, system, idle, all: times.reduce((sum, time) => sum + time, 0) };
}

function memoryValues(text: string): Value[] {
  const bytes = (field: string) =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) * 1024;
  const total = bytes("MemTotal");
  if (total === 0) return [];
  return [
    { name: "mem_total", labels: null, value: total },
    { name: "mem_free", labels: null, value: bytes("MemAvailable") },
  ];
}

function networkValues(text: string): Value[] {
  const lines = [...text.matchAll(/^\s*([^\s:]+):\s*(.*)$/gm)].slice(0, INTERFACES_MAX);
  return lines.flatMap(([, name = "", numbers = ""]) => {
    const fields = numbers.split(/\s+/).map(Number);
    const labels = { interface: name };
    // proc(5): eight fields of what came in, then eight of what went out.
    return [
      { name: "net_rx", labels, value: fields[0] ?? 0 },
      { name: "net_tx", labels, value: fields[8] ?? 0 },
    ];
  });
}

async function readProc(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return "";
  }
}
