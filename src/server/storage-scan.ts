/** How many bytes the files below a folder hold. Bounded in files and time; follows no symbolic link. */
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";

export interface ScanLimits {
  readonly filesMax: number;
  readonly msMax: number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

export interface ScanResult {
  readonly bytes: number;
  /** False where a bound was met, or something could not be read. */
  readonly complete: boolean;
}

/** `counts` says which files belong to the sum. Never rejects. */
export async function scanFolder(
  folder: string,
  counts: (path: string) => boolean,
  limits: ScanLimits,
): Promise<ScanResult> {
  const endMs = limits.nowMs() + limits.msMax;
  const waiting = [folder];
  let [bytes, files, complete] = [0, 0, true];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    try {
      for await (const entry of await opendir(next)) {
        if (++files > limits.filesMax || limits.nowMs() > endMs) return { bytes, complete: false };
        const path = join(next, entry.name);
        if (entry.isDirectory()) waiting.push(path);
        else if (entry.isFile() && counts(path)) bytes += await sizeOf(path);
      }
    } catch (error) {
      if (!isGone(error)) complete = false;
    }
  }
  return { bytes, complete };
}

/** SQLite takes its side files away at any time; what has gone holds nothing. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await lstat(path)).size;
  } catch (error) {
    if (isGone(error)) return 0;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
