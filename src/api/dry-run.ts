/** `?dry_run=1`: says what a change would do, and what a real one did, in the same words. */
import { ProcessInvalid } from "../errors/process.ts";
import type { Change } from "./process-api.ts";

/** True where nothing may be changed. Throws for a value that could have been meant either way. */
export function isDryRun(query: { readonly dry_run?: string }): boolean {
  const { dry_run: value } = query;
  if (value === undefined || value === "" || value === "0" || value === "false") return false;
  if (value === "1" || value === "true") return true;
  throw new ProcessInvalid("Invalid query", [
    `dry_run: found ${JSON.stringify(value.slice(0, 60))}; allowed: 1, true, 0, false`,
  ]);
}

/** The answer to a dry run. `config` is what would be stored. */
export function dryRunView<C>({ entry, effect }: Change, config: C) {
  return {
    dry_run: true,
    id: entry.id,
    changed: effect.changed,
    process: effect.process,
    viewers: effect.viewers,
    viewers_affected: effect.viewersAffected,
    explanation: effect.explanation,
    config,
  };
}

export const effectHeader = "dragonfork-effect";

/** The header of a real change, as an RFC 8941 dictionary: the body is Core's and has no room for it. */
export function effectValue({ process, viewers, viewersAffected }: Change["effect"]): string {
  return `process=${process}, viewers=${viewers}, affected=${viewersAffected}`;
}
