/**
 * The files under the storage folder, for clients: list, read, write, remove. Paths begin with / and mean the folder.
 * No symbolic link is followed, and what is opened is held against the folder once more, so that nobody can swap a
 * folder for a link in between.
 */
import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open, readlink, rename, unlink } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { FileNotFound, StorageFull, StorageRefused } from "../errors/process.ts";
import { BodyTooLarge, type DomainError } from "../errors.ts";
import { confine, isInside, realPath } from "./confine.ts";
import { type FileEntry, isUpload, UPLOAD_PREFIX, walk } from "./walk.ts";

export interface DiskOptions {
  /** Absolute. */
  readonly folder: string;
  /** Of one upload. */
  readonly uploadBytesMax: number;
  /** Of all files together, for uploads; 0 = no limit. */
  readonly totalBytesMax: number;
  readonly randomBytes: (size: number) => Buffer;
}

export interface OpenedFile {
  readonly size: number;
  readonly modifiedMs: number;
  /** From the beginning to the size above. Closes the file at its end or when it is cancelled. */
  stream(): ReadableStream<Uint8Array>;
  /** Where the stream is not wanted. */
  close(): Promise<void>;
}

/** What an upload may have, and what is wrong with more. */
interface Room {
  readonly bytes: number;
  readonly exceeded: () => DomainError;
}

/** An upload writes now and then; one that did not for so long is of a server that was killed. */
const UPLOAD_MS_MAX = 3_600_000;
const CHUNK_BYTES = 64 * 1024;
const NAME_BYTES = 9;
/** FIFOs and devices must not make an open wait. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const WRITE_FLAGS =
  constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

export class DiskStorage {
  readonly #options: DiskOptions;

  constructor(options: DiskOptions) {
    this.#options = options;
  }

  /** All files, or those that a glob matches; in no order. At most FILES_MAX. */
  async list(glob = ""): Promise<readonly FileEntry[]> {
    const files = await walk(this.#options.folder);
    if (glob === "") return files;
    const pattern = new Bun.Glob(glob);
    return files.filter(({ name }) => pattern.match(name));
  }

  /** Rejects with FileNotFound, also for what is no plain file. */
  async open(path: string): Promise<OpenedFile> {
    const file = this.#confined(path);
    const handle = file === undefined ? undefined : await openOrNothing(file, READ_FLAGS);
    if (handle === undefined) throw new FileNotFound(path);
    try {
      const stat = await handle.stat();
      if (!stat.isFile() || !(await this.#isInside(handle))) throw new FileNotFound(path);
      return {
        size: stat.size,
        modifiedMs: stat.mtimeMs,
        stream: () => streamOf(handle, stat.size),
        close: () => handle.close(),
      };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /**
   * Puts a file in its place once all of it is there. Resolves to true where there was none before. Rejects with
   * StorageRefused, StorageFull or BodyTooLarge, and leaves what was there.
   */
  async write(path: string, body: ReadableStream<Uint8Array> | null): Promise<boolean> {
    const file = this.#confined(path);
    if (file === undefined || path.endsWith("/"))
      throw new StorageRefused(path, "no path for a file");
    const upload = join(
      dirname(file),
      `${UPLOAD_PREFIX}${this.#options.randomBytes(NAME_BYTES).toString("hex")}`,
    );
    const room = await this.#room([file]);
    const handle = await this.#create(path, upload);
    try {
      if (!(await this.#isInside(handle)))
        throw new StorageRefused(path, "it leads out of the storage");
      const bytes = await copy(chunksOf(path, body), handle, room);
      await handle.close();
      // Others may have written meanwhile.
      const stillRoom = await this.#room([file, upload]);
      if (bytes > stillRoom.bytes) throw stillRoom.exceeded();
      const isNew = !(await exists(file));
      await rename(upload, file);
      return isNew;
    } catch (error) {
      await handle.close().catch(() => undefined);
      await unlink(upload).catch(() => undefined);
      throw failureOf(path, error);
    }
  }

  /** Takes away what uploads to an earlier server left: nobody sees it, and it takes space. Never rejects. */
  async removeLeftUploads(unixMs: number): Promise<void> {
    const { folder } = this.#options;
    for (const { name, modifiedMs } of await walk(folder, isUpload)) {
      if (unixMs - modifiedMs < UPLOAD_MS_MAX) continue;
      await unlink(join(folder, name)).catch(() => undefined);
    }
  }

  /** Rejects with FileNotFound, also for folders. */
  async remove(path: string): Promise<void> {
    const file = this.#confined(path);
    const stat = file === undefined ? undefined : await lstat(file).catch(() => undefined);
    if (file === undefined || stat?.isFile() !== true) throw new FileNotFound(path);
    await unlink(file).catch(() => {
      throw new FileNotFound(path);
    });
  }

  #confined(path: string): string | undefined {
    const { folder } = this.#options;
    if (path.includes("\0")) return undefined;
    const file = confine(join(folder, path), folder, folder);
    const isName =
      typeof file === "string" && file !== folder && !basename(file).startsWith(UPLOAD_PREFIX);
    return isName ? file : undefined;
  }

  async #create(path: string, upload: string): Promise<FileHandle> {
    try {
      await mkdir(dirname(upload), { recursive: true });
      return await open(upload, WRITE_FLAGS, 0o644);
    } catch (error) {
      throw failureOf(path, error);
    }
  }

  /** Beside all files but those that go. Throws StorageFull where not a byte is left. Running uploads take space too. */
  async #room(going: readonly string[]): Promise<Room> {
    const { folder, totalBytesMax, uploadBytesMax } = this.#options;
    const byUpload = {
      bytes: uploadBytesMax,
      exceeded: () => new BodyTooLarge(uploadBytesMax),
    };
    if (totalBytesMax === 0) return byUpload;
    const full = () =>
      new StorageFull(`it may have ${totalBytesMax} bytes, CORE_STORAGE_DISK_MAX_SIZE_MBYTES`);
    const names = going.map((file) => `/${relative(folder, file)}`);
    const others = (await walk(folder, () => true)).filter(({ name }) => !names.includes(name));
    const left = totalBytesMax - others.reduce((sum, { size }) => sum + size, 0);
    if (left <= 0) throw full();
    return left < uploadBytesMax ? { bytes: left, exceeded: full } : byUpload;
  }

  /** Where the system tells the way of an open file, it has to lie in the folder. */
  async #isInside(handle: FileHandle): Promise<boolean> {
    const way = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => undefined);
    const folder = realPath(this.#options.folder);
    return way === undefined || (folder !== undefined && isInside(way, folder));
  }
}

/** Throws StorageRefused where the client goes away in the middle. */
async function* chunksOf(path: string, body: ReadableStream<Uint8Array> | null) {
  try {
    yield* body ?? [];
  } catch {
    throw new StorageRefused(path, "the upload ended too early");
  }
}

/** Resolves to the bytes that were written. Throws where there is no room for them. */
async function copy(
  chunks: AsyncIterable<Uint8Array>,
  handle: FileHandle,
  room: Room,
): Promise<number> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > room.bytes) throw room.exceeded();
    for (let at = 0; at < chunk.length; ) at += (await handle.write(chunk, at)).bytesWritten;
  }
  return bytes;
}

function streamOf(handle: FileHandle, size: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = new Uint8Array(Math.min(CHUNK_BYTES, size - at));
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, at);
      at += bytesRead;
      if (bytesRead > 0) controller.enqueue(chunk.subarray(0, bytesRead));
      if (bytesRead > 0 && at < size) return;
      controller.close();
      await handle.close();
    },
    cancel: () => handle.close(),
  });
}

async function openOrNothing(path: string, flags: number): Promise<FileHandle | undefined> {
  try {
    return await open(path, flags);
  } catch {
    return undefined;
  }
}

function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** What the system's codes mean for whoever uploads. */
const REASONS: Readonly<Record<string, string>> = {
  EISDIR: "there is a folder of this name",
  EEXIST: "a folder on its way is a file",
  ENOTDIR: "a folder on its way is a file",
  ENAMETOOLONG: "a name in it is too long",
  EACCES: "the server may not write there",
  EPERM: "the server may not write there",
  EROFS: "the server may not write there",
};

function failureOf(path: string, error: unknown): unknown {
  if (!isSystemError(error)) return error;
  const { code } = error;
  if (code === "ENOSPC" || code === "EDQUOT")
    return new StorageFull("no space is left on the disk");
  return new StorageRefused(path, Object.hasOwn(REASONS, code) ? (REASONS[code] ?? code) : code);
}

function isSystemError(error: unknown): error is Error & { code: string } {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}
