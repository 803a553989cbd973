/** `dragonfork dashboards export DIR` and `dragonfork rules export DIR`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MONITORING_FILES, type MonitoringKind } from "./monitoring-files.ts";
import type { Write } from "./output.ts";

/** Writes the files of a kind into a folder, which is made where it is missing. Returns the exit code. */
export async function exportFiles(
  kind: MonitoringKind,
  folder: string,
  output: { out: Write; err: Write },
): Promise<number> {
  try {
    mkdirSync(folder, { recursive: true });
    for (const [name, path] of Object.entries(MONITORING_FILES[kind])) {
      const target = join(folder, name);
      writeFileSync(target, await Bun.file(path).bytes());
      output.out(`${target}\n`);
    }
    return 0;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    output.err(`dragonfork: the ${kind} cannot be written to ${folder}: ${reason}\n`);
    return 1;
  }
}
