/** /api/v3/fs: the files of the storage, streamed both ways. */
import { Elysia, NotFoundError } from "elysia";
import { FileNotFound } from "../../errors/process.ts";
import type { DiskStorage } from "../../storage/disk.ts";
import type { FileEntry } from "../../storage/walk.ts";
import { sendJson } from "../json.ts";
import { mediaType } from "../media-type.ts";
import { FS_DETAILS } from "./fs-documentation.ts";

export type FsRoutesOptions = Pick<DiskStorage, "list" | "open" | "write" | "remove">;

const ROOT = "/api/v3/fs";
const LIST = `${ROOT}/:name`;
const FILE = `${ROOT}/:name/*`;
/** The only storage there is. */
const DISK = "disk";

/** An uploaded page must not run with the rights of the API's own origin. */
const INERT = {
  "content-security-policy": "default-src 'none'; sandbox",
  "x-content-type-options": "nosniff",
};

/** GET is not routed by itself: for HEAD Elysia would read the whole file to know its length. */
export function fsRoutes(disk: FsRoutesOptions) {
  return new Elysia({ name: "fs" })
    .get(
      ROOT,
      ({ set }) => sendJson(set, [{ name: DISK, type: "disk", mount: `${ROOT}/${DISK}` }]),
      {
        detail: FS_DETAILS.storages,
      },
    )
    .get(
      LIST,
      async ({ params, query, set }) => {
        if (params.name !== DISK) throw unknownStorage(params.name);
        const files = await disk.list(query["glob"]);
        return sendJson(set, sorted(files, query["sort"], query["order"]).map(fileView));
      },
      { detail: FS_DETAILS.list },
    )
    .put(
      FILE,
      async ({ params, path, request, set }) => {
        const isNew = await disk.write(pathOf(params), request.body);
        set.headers["content-location"] = path;
        set.status = isNew ? 201 : 204;
        return "";
      },
      { parse: "none" },
    )
    .delete(
      FILE,
      async ({ params, set }) => {
        const path = pathOf(params);
        await disk.remove(path);
        set.headers["content-type"] = "text/plain; charset=UTF-8";
        return `Deleted: ${path}`;
      },
      { parse: "none" },
    )
    .all(
      FILE,
      ({ params, request }) => {
        if (!["GET", "HEAD"].includes(request.method)) throw new NotFoundError();
        return download(disk, pathOf(params), request.method);
      },
      { parse: "none" },
    );
}

async function download(disk: FsRoutesOptions, path: string, method: string): Promise<Response> {
  const file = await disk.open(path);
  const headers = {
    ...INERT,
    "content-type": mediaType(path),
    "content-length": String(file.size),
    "last-modified": new Date(file.modifiedMs).toUTCString(),
    "cache-control": "no-store",
  };
  if (method !== "HEAD") return new Response(file.stream(), { headers });
  await file.close();
  return new Response(null, { headers });
}

/** The rest of the URL as it was sent, decoded. Throws FileNotFound. */
function pathOf(params: { readonly name: string; readonly "*": string }): string {
  if (params.name !== DISK) throw unknownStorage(params.name);
  try {
    return `/${decodeURIComponent(params["*"])}`;
  } catch {
    throw new FileNotFound(`/${params["*"]}`);
  }
}

function unknownStorage(name: string): FileNotFound {
  return new FileNotFound(`unknown filesystem: ${name}`);
}

/** Core sorts by time unless told otherwise. */
function sorted(files: readonly FileEntry[], by = "", order = "asc"): FileEntry[] {
  const sign = order === "asc" ? 1 : -1;
  return files.toSorted((a, b) => sign * compare(a, b, by));
}

function compare(a: FileEntry, b: FileEntry, by: string): number {
  if (by === "size") return a.size - b.size;
  if (by !== "name") return a.modifiedMs - b.modifiedMs;
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}

function fileView({ name, size, modifiedMs }: FileEntry) {
  return { name, size_bytes: size, last_modified: Math.floor(modifiedMs / 1000) };
}
