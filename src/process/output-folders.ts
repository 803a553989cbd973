/** Which folders the files of a record's outputs lie in: FFmpeg makes none itself, and fails at its first file. Pure. */
import { dirname } from "node:path";
import { isInside } from "../storage/confine.ts";
import { formatOf, readArguments } from "./access/arguments.ts";
import { parseTee } from "./access/tee.ts";
import type { ProcessIO, ProcessRecord } from "./record.ts";

/** Absolute, inside of the storage folder. A name with a % is a pattern, of which FFmpeg makes the names. */
export function outputFolders({ output }: ProcessRecord, storageFolder: string): string[] {
  const folders = output
    .flatMap(addressesOf)
    .filter((address) => address.startsWith("file:"))
    .map((address) => dirname(address.slice("file:".length)))
    .filter((folder) => isInside(folder, storageFolder) && !folder.includes("%"));
  return [...new Set(folders)];
}

function addressesOf({ address, options }: ProcessIO): string[] {
  const last = readArguments(options).at(-1);
  if (last === undefined || formatOf(last) !== "tee") return [address];
  return (parseTee(address) ?? []).map((slave) => slave.address);
}
