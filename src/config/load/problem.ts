/** The words of a problem: which field, from where, what was found, what is allowed. */

import { type ValueError, ValueErrorType } from "@sinclair/typebox/errors";
import { Value } from "@sinclair/typebox/value";
import type { Field } from "../fields.ts";

const FOUND_LENGTH_MAX = 80;

/** Undefined where the value is allowed. `origin` is the variable or the place in the file. */
export function fieldProblem(field: Field, value: unknown, origin: string): string | undefined {
  const error = Value.Errors(field.schema, value).First();
  if (error === undefined) return undefined;
  const key = field.key + elementOf(error);
  const { secret, holdsSecrets } = field.schema;
  const found = (secret ?? holdsSecrets) ? "a value that is not shown" : foundText(error);
  return `${key} (${origin}): found ${found}; allowed: ${field.schema.allowed}`;
}

/** `[0].urls[1]` for `/0/urls/1`. */
function elementOf(error: ValueError): string {
  return error.path
    .split("/")
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))
    .join("");
}

function foundText(error: ValueError): string {
  if (error.type === ValueErrorType.ArrayMaxItems && Array.isArray(error.value)) {
    return `${error.value.length} entries`;
  }
  return shown(error.value);
}

/** A value as JSON, cut to a length that fits on a line. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > FOUND_LENGTH_MAX ? `${text.slice(0, FOUND_LENGTH_MAX)}…` : text;
}
