/** Opens the journal in its thread. */
import { Worker } from "node:worker_threads";
import { Journal, type JournalOptions } from "./journal.ts";

/** Where deploy/build.ts puts the worker in the binary: import.meta.url names the source it was built from. */
const EMBEDDED = "/$bunfs/root/";

/** Never throws: where nothing can be written, the journal says so and the server goes on. */
export function openJournal(options: Omit<JournalOptions, "createThread">): Journal {
  const embedded = Bun.main.startsWith(EMBEDDED);
  const path = embedded ? `${EMBEDDED}journal/worker.js` : new URL("./worker.ts", import.meta.url);
  return new Journal({ ...options, createThread: () => new Worker(path) });
}
