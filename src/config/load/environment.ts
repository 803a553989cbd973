/** Settings from environment variables, whose values are all text. */

import { TypeGuard } from "@sinclair/typebox";
import { FIELDS, type Field } from "../fields.ts";
import type { ConfigFormat } from "../formats.ts";
import { parseConfigFile } from "./file.ts";
import { nearest } from "./nearest.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Names the configuration file where the command line names none. */
export const CONFIG_FILE_VARIABLE = "CORE_CONFIGFILE";

/** The value of the field's variable, undefined where it is not set. An empty one counts as not set. */
export function environmentValue(field: Field, env: Environment): unknown {
  const text = env[field.schema.env]?.trim();
  if (text === undefined || text === "") return undefined;
  if (TypeGuard.IsArray(field.schema)) return listValue(field, text);
  if (TypeGuard.IsBoolean(field.schema)) return flagValue(text);
  if (TypeGuard.IsInteger(field.schema) || TypeGuard.IsNumber(field.schema))
    return numberValue(text);
  if (isWordOrNumber(field)) return numberValue(text);
  return text;
}

/** Such as `auto` or a count. */
function isWordOrNumber({ schema }: Field): boolean {
  return TypeGuard.IsUnion(schema) && schema.anyOf.some((choice) => TypeGuard.IsInteger(choice));
}

/** Variables that look like ours but are none: a mistyped name must not pass in silence. */
export function unknownVariables(env: Environment): string[] {
  const known = [CONFIG_FILE_VARIABLE, ...FIELDS.map(({ schema }) => schema.env)];
  return Object.keys(env)
    .filter((name) => name.startsWith("CORE_") && !known.includes(name))
    .sort()
    .map((name) => {
      const meant = nearest(name, known);
      return `${name} is no setting and is ignored${meant ? `; did you mean ${meant}?` : ""}`;
    });
}

/** What is no number stays text, so that the message shows it. */
function numberValue(text: string): number | string {
  return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
}

/** The words that datarhei Core takes; what is none of them stays text, so that the message shows it. */
function flagValue(text: string): boolean | string {
  if (/^(?:1|t|true)$/i.test(text)) return true;
  return /^(?:0|f|false)$/i.test(text) ? false : text;
}

/** Words are separated by commas or spaces; a list that starts with [ is JSON, so that [] can empty a list. */
function listValue(field: Field, text: string): unknown {
  const { items } = field.schema;
  const ofWords = TypeGuard.IsString(items);
  // A comma may be part of an expression, and a bracket its beginning.
  if (ofWords && items.format === ("dragonfork-pattern" satisfies ConfigFormat)) {
    return text.split(/\s+/);
  }
  if (ofWords && !text.startsWith("[")) return text.split(/[\s,]+/).filter((word) => word !== "");
  const parsed = parseConfigFile(text);
  return "problems" in parsed ? text : parsed.values;
}
