/** Walks the schema: each setting with its dotted key and its notes, in the order of the schema. */

import { type TSchema, TypeGuard } from "@sinclair/typebox";
import type { FieldNotes } from "./schema/setting.ts";
import { ConfigSchema } from "./schema.ts";

export interface Field {
  /** As in the file: `webrtc.udp_port`. */
  key: string;
  path: readonly string[];
  schema: TSchema & FieldNotes;
}

/** Every setting of the configuration. */
export const FIELDS: readonly Field[] = fieldsOf(ConfigSchema, []);

/** The dotted keys that hold settings instead of a value. */
export const GROUP_KEYS: ReadonlySet<string> = new Set(
  FIELDS.flatMap(({ path }) =>
    path.slice(0, -1).map((_, depth) => path.slice(0, depth + 1).join(".")),
  ),
);

function fieldsOf(schema: TSchema, path: readonly string[]): Field[] {
  if (isField(schema)) return [{ key: path.join("."), path, schema }];
  if (!TypeGuard.IsObject(schema)) throw new TypeError(`${path.join(".")} has no environment name`);
  return Object.entries(schema.properties).flatMap(([name, child]) =>
    fieldsOf(child, [...path, name]),
  );
}

function isField(schema: TSchema): schema is TSchema & FieldNotes {
  const { env } = schema;
  return typeof env === "string";
}
