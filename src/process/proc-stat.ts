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
const pageBytes = 4096;

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
