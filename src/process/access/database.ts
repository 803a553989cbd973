/** The folder where the server keeps tokens and passwords: FFmpeg reads nothing of it, by no way. */
import { resolve as absolutePath } from "node:path";
import { isInside, realPath } from "../../storage/confine.ts";
import type { AccessRules } from "./rules.ts";

export const IN_DATABASE = "the server keeps its secrets in this folder";

/** True for a path that leads into it. The storage may lie inside of it. */
export function isInDatabase(path: string, rules: AccessRules): boolean {
  const absolute = absolutePath(rules.workingFolder, path);
  const real = realPath(absolute) ?? absolute;
  const inFolder = (folder: string) => isInside(real, realPath(folder) ?? folder);
  return !inFolder(rules.storageFolder) && inFolder(rules.databaseFolder);
}
