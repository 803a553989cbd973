/** /api/v3/process: the processes in datarhei Core's shape, with its words for what goes wrong. */
import { Elysia } from "elysia";
import { CommandFailed, ProcessInvalid, ProcessNotFound } from "../../errors/process.ts";
import { commands } from "../../process/manager.ts";
import type { ProcessRecord } from "../../process/record.ts";
import { dryRunView, effectHeader, effectValue, isDryRun } from "../dry-run.ts";
import { globMatches } from "../glob.ts";
import { readJson, sendJson } from "../json.ts";
import type { Change, Command, ProcessApi, ProcessEntry } from "../process-api.ts";
import { PROCESS_DETAILS as details } from "./process-documentation.ts";

const LIST = "/api/v3/process";
const ONE = "/api/v3/process/:id";

export function processRoutes(processes: ProcessApi) {
  return new Elysia({ name: "process" })
    .post(
      LIST,
      async ({ request, query, set }) => {
        const dry = isDryRun(query);
        const body = await readJson(request);
        if (dry) return sendJson(set, dryRun(processes.previewAdd(body)));
        return sendJson(set, configView(processes.add(body).config));
      },
      { parse: "none", detail: details.add },
    )
    .put(
      ONE,
      async ({ request, params, query, set }) => {
        const dry = isDryRun(query);
        // First, so that an unknown id is found out before its body is blamed.
        // Core has other words for it here than everywhere else.
        if (!processes.has(params.id)) throw new ProcessNotFound([params.id], "Process not found");
        const body = await readJson(request);
        if (dry) return sendJson(set, dryRun(processes.previewUpdate(params.id, body)));
        const { entry, effect } = await processes.update(params.id, body);
        set.headers[effectHeader] = effectValue(effect);
        return sendJson(set, configView(entry.config));
      },
      { parse: "none", detail: details.update },
    )
    .delete(
      ONE,
      async ({ params, set }) => {
        await processes.delete(params.id);
        return sendJson(set, "OK");
      },
      { parse: "none", detail: details.remove },
    )
    .put(
      `${ONE}/command`,
      async ({ request, params, set }) => {
        await processes.command(params.id, commandOf(await readJson(request)));
        return sendJson(set, "OK");
      },
      { parse: "none", detail: details.command },
    )
    .use(readRoutes(processes))
    .use(metadataRoutes(processes));
}

function readRoutes(processes: ProcessApi) {
  return new Elysia({ name: "process-read" })
    .get(
      LIST,
      ({ query, set }) => {
        const wanted = processes.list().filter((entry) => isWanted(entry, query));
        return sendJson(
          set,
          wanted.map((entry) => processView(processes, entry, query)),
        );
      },
      { detail: details.list },
    )
    .get(
      ONE,
      ({ params, query, set }) =>
        sendJson(set, processView(processes, processes.get(params.id), query)),
      { detail: details.get },
    )
    .get(
      `${ONE}/config`,
      ({ params, set }) => sendJson(set, configView(processes.get(params.id).config)),
      { detail: details.config },
    )
    .get(`${ONE}/state`, ({ params, set }) => sendJson(set, processes.state(params.id)), {
      detail: details.state,
    })
    .get(`${ONE}/report`, ({ params, set }) => sendJson(set, processes.report(params.id)), {
      detail: details.report,
    })
    .get(
      `${ONE}/probe`,
      async ({ params, request, set }) =>
        sendJson(set, await probeFor(request, processes, params.id)),
      { detail: details.probe },
    );
}

/** Whoever goes away while the inputs are opened has called it off: that is no failure. */
async function probeFor({ signal }: Request, processes: ProcessApi, id: string) {
  try {
    return await processes.probe(id, signal);
  } catch (error) {
    if (signal.aborted) return { streams: [], log: [] };
    throw error;
  }
}

function metadataRoutes(processes: ProcessApi) {
  return new Elysia({ name: "process-metadata" })
    .get(`${ONE}/metadata`, ({ params, set }) => sendJson(set, processes.metadata(params.id)), {
      detail: details.metadata,
    })
    .get(
      `${ONE}/metadata/:key`,
      ({ params, set }) => sendJson(set, processes.metadata(params.id, params.key)),
      { detail: details.metadataKey },
    )
    .put(
      `${ONE}/metadata/:key`,
      async ({ request, params, set }) => {
        const value = await readJson(request);
        processes.setMetadata(params.id, params.key, value);
        return sendJson(set, value);
      },
      { parse: "none", detail: details.setMetadata },
    );
}

interface Query {
  readonly filter?: string;
  readonly reference?: string;
  readonly id?: string;
  readonly idpattern?: string;
  readonly refpattern?: string;
}

/** Core's filters: reference makes id of no effect; the patterns narrow what is left. Empty is absent. */
function isWanted(entry: ProcessEntry, query: Query): boolean {
  const { reference, id, idpattern, refpattern } = query;
  if (reference ? entry.reference !== reference : id && !id.split(",").includes(entry.id)) {
    return false;
  }
  if (idpattern && !globMatches(idpattern, entry.id)) return false;
  return !(refpattern && !globMatches(refpattern, entry.reference));
}

const PARTS = ["config", "state", "report", "metadata"] as const;

/** An empty filter is all parts, one that names no part is none. */
function processView(processes: ProcessApi, entry: ProcessEntry, { filter }: Query) {
  const parts = filter ? filter.split(",").map((part) => part.trim()) : PARTS;
  const has = (part: (typeof PARTS)[number]) => (parts as readonly string[]).includes(part);
  const { id, type, reference, created_at, updated_at } = entry;
  return {
    ...{ id, type, reference, created_at, updated_at },
    ...(has("config") && { config: configView(entry.config) }),
    ...(has("state") && { state: processes.state(id) }),
    ...(has("report") && { report: processes.report(id) }),
    ...(has("metadata") && { metadata: entry.metadata }),
  };
}

function dryRun(change: Change) {
  return dryRunView(change, configView(change.entry.config));
}

/** As Core sends it: no cleanup where there is none. */
function configView(record: ProcessRecord) {
  const ios = (list: ProcessRecord["input"]) =>
    list.map(({ cleanup, ...io }) => (cleanup.length > 0 ? { ...io, cleanup } : io));
  return { ...record, input: ios(record.input), output: ios(record.output) };
}

function commandOf(body: unknown): Command {
  const sent = typeof body === "object" && body !== null ? Reflect.get(body, "command") : undefined;
  if (typeof sent !== "string" || sent === "") {
    const found = sent === undefined ? "nothing" : JSON.stringify(sent).slice(0, 60);
    throw new ProcessInvalid("Invalid JSON", [
      `command: found ${found}; allowed: ${commands.join(", ")}`,
    ]);
  }
  const command = commands.find((known) => known === sent);
  if (command === undefined) {
    throw new CommandFailed("Unknown command provided", [
      "Known commands are: start, stop, reload, restart",
    ]);
  }
  return command;
}
