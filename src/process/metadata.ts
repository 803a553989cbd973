/** What clients keep about one process: JSON values by key, bounded. Pure. */
import { ProcessInvalid } from "../errors/process.ts";

export type Metadata = Readonly<Record<string, unknown>>;

/** Of all values as JSON: each change writes them all. */
export const METADATA_BYTES_MAX = 1 << 20;

/** The values with one set; null removes it. Throws ProcessInvalid where they are too much. */
export function withValue(metadata: Metadata, key: string, value: unknown): Metadata {
  const values = new Map(Object.entries(metadata));
  if (value === null || value === undefined) values.delete(key);
  else values.set(key, value);
  const changed = Object.fromEntries(values);
  const bytes = Buffer.byteLength(JSON.stringify(changed));
  if (bytes <= METADATA_BYTES_MAX) return changed;
  throw new ProcessInvalid("Invalid metadata", [
    `found ${bytes} bytes in all values of the process; allowed: at most ${METADATA_BYTES_MAX}`,
  ]);
}
