/** Lists the plain files of a folder and its folders. Follows no symbolic link. */
import type { Dirent } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

export interface FileEntry {
  /** Begins with /, which is the folder. */
  readonly name: string;
  readonly size: number;
  readonly modifiedMs: number;
}

/** More are left out. */
export const FILES_MAX = 10_000;
const FOLDERS_MAX = 1000;
/** Begins the name of a file that is still being uploaded. */
export const UPLOAD_PREFIX = ".upload-";

export const isUpload = (name: string): boolean => name.startsWith(UPLOAD_PREFIX);

/** Empty where the folder is not there. `takes` decides by the name of a file without its folders. */
export async function walk(
  folder: string,
  takes: (name: string) => boolean = (name) => !isUpload(name),
): Promise<FileEntry[]> {
  const files: FileEntry[] = [];
  const folders = [""];
  for (const inside of folders) {
    for (const entry of await readFolder(join(folder, inside))) {
      const name = `${inside}/${entry.name}`;
      if (entry.isDirectory() && folders.length < FOLDERS_MAX) folders.push(name);
      if (!entry.isFile() || !takes(entry.name)) continue;
      const file = await describe(join(folder, name), name);
      if (file !== undefined) files.push(file);
      if (files.length === FILES_MAX) return files;
    }
  }
  return files;
}

async function readFolder(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** undefined where it went away meanwhile. */
async function describe(path: string, name: string): Promise<FileEntry | undefined> {
  try {
    const { size, mtimeMs } = await lstat(path);
    return { name, size, modifiedMs: mtimeMs };
  } catch {
    return undefined;
  }
}
