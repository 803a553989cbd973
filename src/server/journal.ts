/** The event journal in this server: where its file is, and who tells it what. */
import { join, resolve } from "node:path";
import type { RequestRefusal } from "../api/app.ts";
import type { ProcessApi } from "../api/process-api.ts";
import type { TokenStore } from "../auth/viewer-token.ts";
import type { Config } from "../config/schema.ts";
import type { JournalEntry } from "../journal/entry.ts";
import type { Journal } from "../journal/journal.ts";
import { openJournal } from "../journal/open.ts";
import { ViewerEvents } from "../journal/viewer-events.ts";
import { systemClock } from "../process/clock.ts";
import type { Logger } from "../telemetry/logger.ts";
import { SourceEvents } from "./source-events.ts";

export interface ServerJournal {
  readonly events: Journal;
  /** Of its file. */
  readonly path: string;
  readonly viewers: ViewerEvents;
  readonly sources: SourceEvents;
  readonly refused: (refusal: RequestRefusal) => void;
  readonly tokens: (tokens: TokenStore) => TokenStore;
}

const DAY_MS = 86_400_000;
const MEGABYTE = 1_000_000;

/** Never throws: a journal that cannot be written says so in the log, and the server goes on. */
export function openServerJournal(options: {
  readonly config: Config;
  readonly version: string;
  readonly logger: Logger;
}): ServerJournal {
  const { config, version, logger } = options;
  const { max_age_days, max_megabytes } = config.journal;
  const path = resolve(config.journal.path || join(config.db.dir, "journal.sqlite"));
  const events = openJournal({
    settings: {
      path,
      limits: { ageMsMax: max_age_days * DAY_MS, bytesMax: max_megabytes * MEGABYTE },
    },
    unixMs: () => Date.now(),
    log: logger,
  });
  events.record({ event: "server_started", metadata: { version, pid: process.pid } });
  return {
    events,
    path,
    viewers: new ViewerEvents((entry) => events.record(entry)),
    sources: new SourceEvents(events, systemClock),
    refused: (refusal) => events.record(refusalEntry(refusal)),
    tokens: (tokens) => journaledTokens(tokens, events),
  };
}

export function refusalEntry(refusal: RequestRefusal): JournalEntry {
  const { clientAddress, event, ids, method, url } = refusal;
  const metadata = {
    method,
    path: shownPath(url),
    client_address: clientAddress,
    request_id: ids.request,
    ...(ids.trace !== undefined && { trace_id: ids.trace }),
  };
  return { event, metadata };
}

/** `/api/v3/whep/id` at most: what follows may be the secret of a session. */
const PATH_PARTS = 4;

function shownPath(url: string): string {
  const path = URL.parse(url)?.pathname ?? "";
  return path
    .split("/")
    .slice(0, PATH_PARTS + 1)
    .join("/");
}

/** The same store; which tokens were made and revoked is written down. */
export function journaledTokens(tokens: TokenStore, journal: Pick<Journal, "record">): TokenStore {
  const changed = (change: string, tokenId: string, streamId?: string) =>
    journal.record({
      event: "config_changed",
      ...(streamId !== undefined && { streamId }),
      metadata: { change, token_id: tokenId },
    });
  return {
    get: (id) => tokens.get(id),
    list: (streamId) => tokens.list(streamId),
    count: () => tokens.count(),
    removeExpired: (unixSeconds) => tokens.removeExpired(unixSeconds),
    insert: (token) => {
      tokens.insert(token);
      changed("viewer_token_made", token.id, token.streamId);
    },
    remove: (id) => {
      const streamId = tokens.get(id)?.streamId;
      tokens.remove(id);
      changed("viewer_token_revoked", id, streamId);
    },
  };
}

/** The same processes; what is changed by the API is written down. */
export function journaledProcesses(
  processes: ProcessApi,
  journal: Pick<Journal, "record">,
): ProcessApi {
  const changed = (id: string, change: string, more: Readonly<Record<string, string>> = {}) =>
    journal.record({ event: "config_changed", streamId: id, metadata: { change, ...more } });
  return {
    list: () => processes.list(),
    has: (id) => processes.has(id),
    get: (id) => processes.get(id),
    state: (id) => processes.state(id),
    report: (id) => processes.report(id),
    view: (id) => processes.view(id),
    probe: (id, stop) => processes.probe(id, stop),
    metadata: (id, key) => processes.metadata(id, key),
    previewAdd: (input) => processes.previewAdd(input),
    previewUpdate: (id, input) => processes.previewUpdate(id, input),
    add: (input) => {
      const entry = processes.add(input);
      changed(entry.id, "process_added");
      return entry;
    },
    update: async (id, input) => {
      const change = await processes.update(id, input);
      const { id: newId } = change.entry;
      changed(newId, "process_updated", newId === id ? {} : { renamed_from: id });
      return change;
    },
    delete: async (id) => {
      await processes.delete(id);
      changed(id, "process_deleted");
    },
    command: async (id, command) => {
      await processes.command(id, command);
      journal.record({ event: "process_command", streamId: id, metadata: { command } });
    },
    setMetadata: (id, key, value) => {
      processes.setMetadata(id, key, value);
      changed(id, "process_metadata_set", { key });
    },
  };
}
