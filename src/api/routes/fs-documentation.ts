/** What the API documentation says of the storage routes. */
import { Type } from "@sinclair/typebox";
import { GUARDED, operation, type Parameter, query } from "../documentation.ts";
import { JSON_TYPE } from "../json.ts";

const name: Parameter = {
  name: "name",
  in: "path",
  description: "The storage: `disk`.",
  required: true,
  example: "disk",
};
const path: Parameter = {
  name: "path",
  in: "path",
  description: "The path of the file in the storage; its slashes need no encoding.",
  required: true,
  example: "recordings/a.ts",
};
const BYTES = Type.String({ format: "binary" });
const common = { tag: "Storage", access: "admin" } as const;

const StoragesSchema = Type.Array(
  Type.Object({
    name: Type.String(),
    type: Type.Literal("disk"),
    mount: Type.String({ description: "Where its files are." }),
  }),
);

const FilesSchema = Type.Array(
  Type.Object({
    name: Type.String({ description: "Begins with /." }),
    size_bytes: Type.Integer({ minimum: 0 }),
    last_modified: Type.Integer({ description: "Unix seconds." }),
  }),
);

export const FS_DETAILS = {
  storages: operation({
    ...common,
    summary: "List the storages",
    description: "There is one: the folder CORE_STORAGE_DISK_DIR.",
    answers: {
      200: {
        description: "The storages.",
        type: JSON_TYPE,
        schema: StoragesSchema,
        example: [{ name: "disk", type: "disk", mount: "/api/v3/fs/disk" }],
      },
    },
    problems: GUARDED,
  }),
  list: operation({
    ...common,
    summary: "List the files of a storage",
    description: "Those in its folders too, at most 10000. Symbolic links are left out.",
    parameters: [
      name,
      query("glob", "Only names that match, such as `/recordings/*.ts`; `**` crosses folders."),
      query("sort", "`name` or `size`; anything else sorts by time."),
      query("order", "`asc`, the default; anything else is descending."),
    ],
    answers: {
      200: {
        description: "The files.",
        type: JSON_TYPE,
        schema: FilesSchema,
        example: [{ name: "/recordings/a.ts", size_bytes: 188_000, last_modified: 1_795_208_703 }],
      },
    },
    problems: [...GUARDED, "file-not-found"],
  }),
  get: operation({
    ...common,
    summary: "Read a file",
    description: "Streamed. HEAD gives only size and time.",
    parameters: [name, path],
    answers: {
      200: {
        description: "The file; its media type follows from its name.",
        type: "*/*",
        schema: BYTES,
        headers: { "Last-Modified": "When it was written.", "Content-Length": "Its size." },
      },
    },
    problems: [...GUARDED, "file-not-found"],
  }),
  put: operation({
    ...common,
    summary: "Write a file",
    description:
      "Streamed; the file appears when it is complete. Missing folders are created. CORE_STORAGE_DISK_MAX_UPLOAD_MBYTES and CORE_STORAGE_DISK_MAX_SIZE_MBYTES limit it.",
    parameters: [name, path],
    body: {
      type: "application/octet-stream",
      schema: BYTES,
      example: "…",
    },
    answers: {
      201: { description: "A new file." },
      204: { description: "The file was replaced." },
    },
    problems: [...GUARDED, "file-not-found", "storage-refused", "storage-full", "body-too-large"],
  }),
  remove: operation({
    ...common,
    summary: "Delete a file",
    description: "Empty folders stay.",
    parameters: [name, path],
    answers: {
      200: {
        description: "It was deleted.",
        type: "text/plain",
        example: "Deleted: /recordings/a.ts",
      },
    },
    problems: [...GUARDED, "file-not-found"],
  }),
};

/** The routes with a wildcard, which Elysia's plug-in leaves out. */
export const FS_PATHS = {
  "/api/v3/fs/{name}/{path}": {
    get: { operationId: "readFile", ...FS_DETAILS.get },
    put: { operationId: "writeFile", ...FS_DETAILS.put },
    delete: { operationId: "deleteFile", ...FS_DETAILS.remove },
  },
};
