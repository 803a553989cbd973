/** What the API needs of the processes: that part of the manager. Tests hand in a smaller one. */
import type { ProcessManager } from "../process/manager.ts";

export type { Change, Command, ProcessEntry } from "../process/manager.ts";

export type ProcessApi = Pick<
  ProcessManager,
  | "list"
  | "has"
  | "get"
  | "state"
  | "report"
  | "view"
  | "probe"
  | "add"
  | "previewAdd"
  | "update"
  | "previewUpdate"
  | "delete"
  | "command"
  | "metadata"
  | "setMetadata"
>;
