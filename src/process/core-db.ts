/**
 * datarhei Core's db.json, version 4: reads its processes as ours, and writes ours as Core keeps them. Pure.
 * Our webrtc block travels inside of `config`, where Core passes over it.
 */
import { ProcessInvalid } from "../errors/process.ts";
import { type ProcessRecord, parseRecord } from "./record.ts";
import type { StoredProcess } from "./store.ts";

export interface CoreData {
  readonly processes: readonly StoredProcess[];
  readonly serverMetadata: Readonly<Record<string, unknown>>;
}

export interface CoreDataRead extends CoreData {
  /** Processes that can't be taken over, and why: field, found, allowed. */
  readonly refused: readonly string[];
  /** What is left out of those that can. */
  readonly leftOut: readonly string[];
}

/** The one that Core 16 writes; another one it refuses too. */
const coreVersion = 4;
const bytesPerMegabyte = 1024 * 1024;
/** What a process may ask of newer Cores and we don't have. */
const unsupported = [
  "scheduler",
  "timeout",
  "log_patterns",
  "limit_log_rate",
  "limit_gpu_usage",
  "owner",
  "domain",
  "binary",
];

type Json = Readonly<Record<string, unknown>>;

/** Reads the parsed file. Throws ProcessInvalid where it is no db.json of version 4. */
export function readCoreData(file: unknown): CoreDataRead {
  const data = objectAt(file, "the file");
  if (data["version"] !== coreVersion) {
    throw new ProcessInvalid("Not a db.json that can be read", [
      `version: found ${JSON.stringify(data["version"])}; allowed: ${coreVersion}`,
    ]);
  }
  const metadata = objectAt(data["metadata"] ?? {}, "metadata");
  const ofProcesses = objectAt(metadata["process"] ?? {}, "metadata.process");
  const processes: StoredProcess[] = [];
  const refused: string[] = [];
  const leftOut: string[] = [];
  for (const [id, value] of Object.entries(objectAt(data["process"] ?? {}, "process"))) {
    const at = `process ${JSON.stringify(id)}`;
    try {
      // An id such as "constructor" must not find what every object has.
      const own = Object.hasOwn(ofProcesses, id) ? ofProcesses[id] : undefined;
      const kept = objectAt(own ?? {}, `metadata.process.${id}`);
      processes.push(readProcess(id, objectAt(value, at), kept));
      leftOut.push(...leftOutOf(at, value));
    } catch (error) {
      if (!(error instanceof ProcessInvalid)) throw error;
      refused.push(...problemsOf(error).map((problem) => `${at}: ${problem}`));
    }
  }
  const domains = Object.keys(objectAt(data["domain"] ?? {}, "domain"));
  refused.push(
    ...domains.map((name) => `domain ${JSON.stringify(name)}: there are no domains here`),
  );
  return {
    processes,
    serverMetadata: objectAt(metadata["system"] ?? {}, "metadata.system"),
    refused,
    leftOut,
  };
}

/** The content of a db.json with these. Holds passwords in clear, as Core's does. */
export function writeCoreData({ processes, serverMetadata }: CoreData): Json {
  const process = processes.map((stored): [string, Json] => [
    stored.record.id,
    {
      id: stored.record.id,
      reference: stored.record.reference,
      config: coreConfig(stored.record),
      created_at: stored.createdAt,
      updated_at: stored.updatedAt,
      order: stored.order,
    },
  ]);
  const metadata = processes.map(({ record, metadata: kept }): [string, Json | null] => [
    record.id,
    Object.keys(kept).length === 0 ? null : kept,
  ]);
  return {
    version: coreVersion,
    process: Object.fromEntries(process),
    metadata: { system: serverMetadata, process: Object.fromEntries(metadata) },
  };
}

function coreConfig({ type: _, limits, webrtc, ...config }: ProcessRecord): Json {
  return {
    ...config,
    // Empty: Core writes down the FFmpeg that it finds.
    ffversion: "",
    limit_cpu_usage: limits.cpu_usage,
    limit_memory_bytes: limits.memory_mbytes * bytesPerMegabyte,
    limit_waitfor_seconds: limits.waitfor_seconds,
    ...(webrtc !== undefined && { webrtc }),
  };
}

function readProcess(id: string, process: Json, metadata: Json): StoredProcess {
  const config = objectAt(process["config"], "config");
  const bytes = config["limit_memory_bytes"] ?? 0;
  const record = parseRecord({
    ...config,
    id: config["id"] ?? id,
    type: "ffmpeg",
    limits: {
      cpu_usage: config["limit_cpu_usage"],
      // Less than a megabyte is still a limit.
      memory_mbytes: typeof bytes === "number" ? Math.ceil(bytes / bytesPerMegabyte) : bytes,
      waitfor_seconds: config["limit_waitfor_seconds"],
    },
  });
  if (record.id !== id) {
    const found = JSON.stringify(record.id);
    throw new ProcessInvalid("", [`config.id: found ${found}; allowed: ${JSON.stringify(id)}`]);
  }
  return {
    record,
    order: orderOf(process["order"]),
    metadata,
    createdAt: secondsOf(process, "created_at"),
    updatedAt: secondsOf(process, "updated_at"),
  };
}

function orderOf(order: unknown): "start" | "stop" {
  if (order === "start" || order === "stop") return order;
  throw new ProcessInvalid("", [`order: found ${JSON.stringify(order)}; allowed: start, stop`]);
}

function secondsOf(process: Json, name: string): number {
  const seconds = process[name] ?? 0;
  if (typeof seconds === "number" && Number.isSafeInteger(seconds)) return seconds;
  const found = JSON.stringify(seconds);
  throw new ProcessInvalid("", [`${name}: found ${found}; allowed: Unix seconds`]);
}

function leftOutOf(at: string, process: unknown): string[] {
  const config = objectAt(objectAt(process, at)["config"], "config");
  return unsupported
    .filter((name) => !isNothing(config[name]))
    .map((name) => `${at}: ${name} is not supported and left out`);
}

/** Go's zero values, also inside of an object. */
function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === 0) return true;
  return typeof value === "object" && Object.values(value).every(isNothing);
}

function problemsOf(error: ProcessInvalid): readonly string[] {
  return error.details.length > 0 ? error.details : [error.message];
}

function objectAt(value: unknown, at: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw new ProcessInvalid("Not a db.json that can be read", [
    `${at}: found ${value === undefined ? "nothing" : JSON.stringify(value).slice(0, 60)}; allowed: an object`,
  ]);
}
