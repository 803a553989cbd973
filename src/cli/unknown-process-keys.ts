/**
 * Keys of a process in the configuration file that are no field of a process. Core's clients send fields
 * that we have not, so the API ignores them; in a file written by hand they are typing errors.
 */

import { type TSchema, TypeGuard } from "@sinclair/typebox";
import { nearest } from "../config/load/nearest.ts";
import { ProcessRecordSchema } from "../process/record.ts";

/** One sentence per key; `at` is where the record stands: `processes[0]`. */
export function unknownProcessKeys(record: unknown, at: string): string[] {
  return unknownKeys(ProcessRecordSchema, record, at);
}

function unknownKeys(schema: TSchema, value: unknown, at: string): string[] {
  if (TypeGuard.IsArray(schema) && Array.isArray(value)) {
    return value.flatMap((item, index) => unknownKeys(schema.items, item, `${at}[${index}]`));
  }
  if (!TypeGuard.IsObject(schema) || typeof value !== "object" || value === null) return [];
  const known = Object.keys(schema.properties);
  return Object.entries(value).flatMap(([name, child]) => {
    // The API takes any case of a name, as Core does.
    const match = known.find((candidate) => candidate.toLowerCase() === name.toLowerCase());
    const property = match === undefined ? undefined : schema.properties[match];
    if (property !== undefined) return unknownKeys(property, child, `${at}.${name}`);
    const meant = nearest(name, known);
    return [
      `${at}.${name} is no field of a process and is ignored${meant ? `; did you mean ${meant}?` : ""}`,
    ];
  });
}
