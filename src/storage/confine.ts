/** Keeps paths inside a folder, also where a symbolic link on the way leads out of it. */
import { lstatSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";

/** Why a path is not to be used, in a phrase that begins with the path. */
export interface Outside {
  readonly problem: string;
}

/** The absolute path; Outside where it is not in the folder. What does not exist yet is judged by its parents. */
export function confine(path: string, folder: string, workingFolder: string): string | Outside {
  const absolute = resolve(workingFolder, path);
  const problem = `${absolute} is not inside of ${folder}`;
  if (!isInside(absolute, folder)) return { problem };
  const real = realPath(absolute);
  const realFolder = realPath(folder);
  if (real !== undefined && realFolder !== undefined && isInside(real, realFolder)) return absolute;
  return { problem: `${problem}: a symbolic link leads out of it` };
}

/** True for the folder itself too. Both are absolute and normal. */
export function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** The path without symbolic links; undefined where one of them leads nowhere, or to itself. */
export function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    // Writing through a link that leads nowhere would make its target.
    if (isLink(path)) return undefined;
    const parent = dirname(path);
    if (parent === path) return path;
    const realParent = realPath(parent);
    return realParent === undefined ? undefined : join(realParent, basename(path));
  }
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}
