/** Reads what Linux tells about a process in /proc. The parsers are pure; elsewhere all is unknown. */
import { readFileSync } from "node:fs";

export interface Usage {
  /** CPU time used so far, in seconds. */
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

export interface ProcStat {
  readonly state: string;
  readonly cpuTicks: number;
  /** Ticks after boot at which the process started: together with the pid it names one process. */
  readonly startTicks: number;
  readonly residentPages: number;
}

/** Linux reports CPU time in 1/100 s to user space on every architecture. */
const ticksPerSecond = 100;
/** AT_PAGESZ of getauxval(3). */
const pageSizeKey = 6n;
const pageBytes = readPageBytes();

/** Parses /proc/<pid>/stat. The name in brackets may hold blanks and brackets itself. */
export function parseProcStat(text: string): ProcStat | undefined {
  const close = text.lastIndexOf(")");
  if (close < 0) return undefined;
  const fields = text.slice(close + 2).split(" ");
  const at = (index: number) => Number(fields[index]);
  // proc(5): state is field 3, utime 14, stime 15, starttime 22, rss 24; the slice begins at 3.
  const stat = {
    state: fields[0] ?? "",
    cpuTicks: at(11) + at(12),
    startTicks: at(19),
    residentPages: at(21),
  };
  const numbers = [stat.cpuTicks, stat.startTicks, stat.residentPages];
  return numbers.every((value) => Number.isFinite(value)) ? stat : undefined;
}

/** The size of a page by /proc/self/auxv: pairs of 64-bit words, key and value. undefined: it isn't said. */
export function parsePageBytes(auxv: Uint8Array): number | undefined {
  const words = new DataView(auxv.buffer, auxv.byteOffset, auxv.byteLength);
  for (let at = 0; at + 16 <= words.byteLength; at += 16) {
    if (words.getBigUint64(at, true) === pageSizeKey) {
      return Number(words.getBigUint64(at + 8, true));
    }
  }
  return undefined;
}

/** 4096 on most machines; arm64 also has 16384 (Raspberry Pi 5) and 65536. */
function readPageBytes(): number {
  try {
    return parsePageBytes(readFileSync("/proc/self/auxv")) ?? 4096;
  } catch {
    return 4096;
  }
}

/** undefined: there is no such process, or no /proc. */
export function readProcStat(pid: number): ProcStat | undefined {
  try {
    return parseProcStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return undefined;
  }
}

export function readUsage(pid: number): Usage | undefined {
  const stat = readProcStat(pid);
  if (stat === undefined) return undefined;
  return {
    cpuSeconds: stat.cpuTicks / ticksPerSecond,
    memoryBytes: stat.residentPages * pageBytes,
  };
}

/** Names this boot of the machine; "" where it is not known. */
export function readBootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}
