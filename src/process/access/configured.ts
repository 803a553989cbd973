/** The rules of access from the settings. */
import { resolve } from "node:path";
import { parsePattern } from "../../config/formats.ts";
import type { Config } from "../../config/schema.ts";
import type { AccessList, AccessRules } from "./rules.ts";

/** Folders are relative to the working folder of this process, which FFmpeg has too. */
export function configuredRules({ ffmpeg, storage, db }: Config): AccessRules {
  return {
    storageFolder: resolve(storage.disk.dir),
    workingFolder: resolve("."),
    databaseFolder: resolve(db.dir),
    input: listOf(ffmpeg.access.input),
    output: listOf(ffmpeg.access.output),
  };
}

function listOf({
  allow,
  block,
}: {
  readonly allow: string[];
  readonly block: string[];
}): AccessList {
  return { allow: allow.map(compiled), block: block.map(compiled) };
}

function compiled(text: string): RegExp {
  const pattern = parsePattern(text);
  if (pattern === undefined) throw new Error(`${text} was not checked before`);
  return pattern;
}
