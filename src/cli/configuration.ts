/** The whole configuration with its process records checked: what serve and check both start with. */

import { readFileSync } from "node:fs";
import type { Environment } from "../config/load/environment.ts";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { ProcessInvalid } from "../errors/process.ts";
import { configuredRules } from "../process/access/configured.ts";
import { type ProcessRecord, parseRecord } from "../process/record.ts";
import { resolveRecord } from "../process/resolve.ts";
import { redact } from "../telemetry/redact.ts";
import { unknownProcessKeys } from "./unknown-process-keys.ts";

export interface Configuration extends LoadedConfig {
  records: readonly ProcessRecord[];
}

/** All problems at once, without secrets. */
export function readConfiguration(
  file: string | undefined,
  env: Environment,
): Configuration | { problems: string[] } {
  const loaded = loadConfig({ file, env, readFile: (path) => readFileSync(path, "utf8") });
  if ("problems" in loaded) return { problems: loaded.problems.map(redact) };
  const origin = loaded.origins.get("processes") ?? "default";
  const { records, problems } = parseRecords(loaded.config.processes, origin);
  problems.push(...accessProblems(records, loaded.config, origin));
  if (problems.length > 0) return { problems: problems.map(redact) };
  const ignored = loaded.config.processes.flatMap((record, index) =>
    unknownProcessKeys(record, `processes[${index}]`),
  );
  return { ...loaded, records, warnings: [...loaded.warnings, ...ignored] };
}

function parseRecords(inputs: readonly unknown[], origin: string) {
  const records: ProcessRecord[] = [];
  const problems: string[] = [];
  const ids = new Set<string>();
  for (const [index, input] of inputs.entries()) {
    const at = `processes[${index}]`;
    try {
      const record = parseRecord(input);
      if (ids.has(record.id)) {
        const found = JSON.stringify(record.id);
        problems.push(`${at}.id (${origin}): found ${found} a second time; allowed: each id once`);
      }
      ids.add(record.id);
      records.push(record);
    } catch (error) {
      if (!(error instanceof ProcessInvalid)) throw error;
      const details = error.details.length > 0 ? error.details : [error.message];
      problems.push(...details.map((detail) => `${at} (${origin}): ${detail}`));
    }
  }
  return { records, problems };
}

/** What FFmpeg would not be given. References are left out: they may lead to processes of the store. */
function accessProblems(records: readonly ProcessRecord[], config: Config, origin: string) {
  const rules = configuredRules(config);
  return records.flatMap((record, index) => {
    try {
      const find = (id: string) => records.find((one) => one.id === id);
      resolveRecord(record, { rules, find });
      return [];
    } catch (error) {
      if (!(error instanceof ProcessInvalid)) throw error;
      const details = error.details.filter((detail) => !detail.startsWith("reference error"));
      return details.map((detail) => `processes[${index}] (${origin}): ${detail}`);
    }
  });
}
