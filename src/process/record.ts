/**
 * A process record in datarhei Core's shape plus our `webrtc` block: types, schema, and the one
 * parser that all ways in (configuration file, API, store) go through.
 * Knows nothing of how FFmpeg is run.
 */
import { Type } from "@sinclair/typebox";
import { ProcessInvalid } from "../errors/process.ts";
import {
  hasControlCharacter,
  inputAddressProblem,
  outputAddressProblem,
} from "./record/address.ts";
import { type CleanupRule, parseCleanup } from "./record/cleanup.ts";
import { asFields, type Fields, Problems } from "./record/fields.ts";
import { parseWebrtcBlock, type WebrtcBlock, WebrtcBlockSchema } from "./record/webrtc-block.ts";

export type {
  AudioPolicy,
  LegMode,
  VideoPolicy,
  WebrtcBlock,
} from "./record/webrtc-block.ts";

export interface ProcessIO {
  id: string;
  address: string;
  options: string[];
  /** Of an output: what becomes of its files. */
  cleanup: CleanupRule[];
}

export interface ProcessLimits {
  cpu_usage: number;
  memory_mbytes: number;
  waitfor_seconds: number;
}

export interface ProcessRecord {
  id: string;
  type: "ffmpeg";
  reference: string;
  input: ProcessIO[];
  output: ProcessIO[];
  options: string[];
  reconnect: boolean;
  reconnect_delay_seconds: number;
  autostart: boolean;
  stale_timeout_seconds: number;
  limits: ProcessLimits;
  webrtc: WebrtcBlock | undefined;
}

export const idLengthMax = 256;

const CleanupSchema = Type.Object({
  pattern: Type.String({
    description: "A glob in the storage, such as `disk:/live/*.ts`; placeholders are filled in.",
  }),
  max_files: Type.Integer({
    minimum: 0,
    description: "The oldest files above this number are deleted; 0 = no limit.",
  }),
  max_file_age_seconds: Type.Integer({
    minimum: 0,
    description: "Files older than this are deleted; 0 = no limit.",
  }),
  purge_on_delete: Type.Boolean({
    description: "Whether all of them are deleted with the process.",
  }),
});

const IoSchema = Type.Object({
  id: Type.String({ maxLength: idLengthMax }),
  address: Type.String({
    description:
      "What FFmpeg reads or writes: a URL, a path, for an input also `#id:output=x`, an output of another process.",
  }),
  options: Type.Array(Type.String(), {
    description: "FFmpeg's options before the address, each word an entry.",
  }),
  cleanup: Type.Optional(Type.Array(CleanupSchema)),
});

/** For the API documentation; parseRecord is more tolerant and has the messages. */
export const ProcessRecordSchema = Type.Object(
  {
    id: Type.String({
      minLength: 1,
      maxLength: idLengthMax,
      description: "Also the id of its stream. Generated if a new process has none.",
    }),
    type: Type.Literal("ffmpeg"),
    reference: Type.String({ description: "For clients: processes can be listed by it." }),
    input: Type.Array(IoSchema, { minItems: 1 }),
    output: Type.Array(IoSchema, { description: "May only be empty with webrtc.enabled." }),
    options: Type.Array(Type.String(), { description: "FFmpeg's global options." }),
    reconnect: Type.Boolean({ description: "Whether FFmpeg is started again after it has ended." }),
    reconnect_delay_seconds: Type.Integer({
      minimum: 0,
      description:
        "0 and 1 mean at once for a stream that was live, otherwise after a second; longer after each start that fails.",
    }),
    autostart: Type.Boolean({ description: "Whether a new process starts at once." }),
    stale_timeout_seconds: Type.Integer({
      minimum: 0,
      description: "Restart after this long without a new frame or RTP packet; 0 = never.",
    }),
    limits: Type.Object({
      cpu_usage: Type.Number({ minimum: 0, description: "Percent of the machine; 0 = no limit." }),
      memory_mbytes: Type.Integer({ minimum: 0, description: "0 = no limit." }),
      waitfor_seconds: Type.Integer({
        minimum: 0,
        description: "How long FFmpeg may be above a limit before it is stopped.",
      }),
    }),
    webrtc: Type.Optional(WebrtcBlockSchema),
  },
  { $id: "ProcessConfig" },
);

/** Where ids come from when the body has none. */
export type NewId = () => string;

/**
 * Reads a record. With a base this is Core's PUT: what is absent stays as it is. Without a base it
 * is POST: autostart defaults to true, everything else to zero. Throws ProcessInvalid.
 */
export function parseRecord(input: unknown, base?: ProcessRecord, newId?: NewId): ProcessRecord {
  const problems = new Problems();
  const fields = asFields(input, "", problems);
  if (fields === undefined) throw new ProcessInvalid("Invalid JSON", ["body: allowed: an object"]);
  const limits = fields.child("limits");
  const record: ProcessRecord = {
    id: fields.text("id", base?.id ?? newId?.() ?? ""),
    type: parseType(fields, base),
    reference: fields.text("reference", base?.reference ?? ""),
    input: parseIos(fields, "input", base?.input, newId),
    output: parseIos(fields, "output", base?.output, newId),
    options: fields.texts("options", base?.options ?? []),
    reconnect: fields.flag("reconnect", base?.reconnect ?? false),
    reconnect_delay_seconds: fields.count(
      "reconnect_delay_seconds",
      base?.reconnect_delay_seconds ?? 0,
    ),
    autostart: fields.flag("autostart", base?.autostart ?? true),
    stale_timeout_seconds: fields.count("stale_timeout_seconds", base?.stale_timeout_seconds ?? 0),
    limits: parseLimits(limits, base?.limits ?? noLimits),
    webrtc: parseWebrtcBlock(fields, base?.webrtc),
  };
  checkPresence(fields, record, base);
  checkRules(record, problems);
  problems.check(base === undefined ? "Invalid process config" : "Process can't be updated");
  return record;
}

const noLimits: ProcessLimits = { cpu_usage: 0, memory_mbytes: 0, waitfor_seconds: 0 };

function parseLimits(fields: Fields | undefined, base: ProcessLimits): ProcessLimits {
  if (fields === undefined) return { ...base };
  const bounds = { least: 0, most: Number.MAX_VALUE };
  return {
    cpu_usage: fields.amount("cpu_usage", base.cpu_usage, bounds),
    memory_mbytes: fields.count("memory_mbytes", base.memory_mbytes),
    waitfor_seconds: fields.count("waitfor_seconds", base.waitfor_seconds),
  };
}

function parseType(fields: Fields, base: ProcessRecord | undefined): "ffmpeg" {
  const type = fields.text("type", "ffmpeg");
  if (type === "" && base === undefined) {
    throw new ProcessInvalid("Unsupported process type", ['type: found ""; allowed: ffmpeg']);
  }
  if (type !== "" && type !== "ffmpeg") fields.problems.type("type", type, "ffmpeg");
  return "ffmpeg";
}

/** Element i is read over the old element i, as Core does (its Go slices are reused). */
function parseIos(
  fields: Fields,
  name: "input" | "output",
  base: readonly ProcessIO[] | undefined,
  newId: NewId | undefined,
): ProcessIO[] {
  const list = fields.list(name);
  if (list === undefined) return (base ?? []).map((io) => ({ ...io, options: [...io.options] }));
  return list.map((value, index) => {
    const path = `${name}[${index}]`;
    const io = asFields(value, path, fields.problems);
    const old = base?.[index];
    const otherwise = old?.id ?? newId?.() ?? `${name}_${index}`;
    return {
      id: io?.text("id", otherwise) ?? otherwise,
      address: io?.text("address", old?.address ?? "") ?? "",
      options: io?.texts("options", old?.options ?? []) ?? [],
      cleanup: cleanupOf(io, `${path}.cleanup`, old?.cleanup ?? []),
    };
  });
}

function cleanupOf(io: Fields | undefined, path: string, otherwise: CleanupRule[]): CleanupRule[] {
  const list = io?.list("cleanup");
  return io === undefined || list === undefined
    ? [...otherwise]
    : parseCleanup(list, path, io.problems);
}

/** A missing list is a mistake in the JSON for Core, an empty one a broken rule. */
function checkPresence(
  fields: Fields,
  record: ProcessRecord,
  base: ProcessRecord | undefined,
): void {
  const outputOptional = record.webrtc?.enabled === true;
  if (base === undefined) {
    if (fields.raw("input") === undefined) {
      fields.problems.type("input", undefined, "a list with at least one input");
    }
    if (fields.raw("output") === undefined && !outputOptional) {
      fields.problems.type(
        "output",
        undefined,
        "a list, which may be absent only with webrtc.enabled",
      );
    }
  }
  if (record.input.length > 0 && (record.output.length > 0 || outputOptional)) return;
  fields.problems.check("Invalid JSON");
  throw new ProcessInvalid("At least one input and one output need to be defined", [
    `input has ${record.input.length}, output has ${record.output.length}; only a process with webrtc.enabled may have no output`,
  ]);
}

function checkRules(record: ProcessRecord, problems: Problems): void {
  checkId(record.id, problems);
  checkIos(record, "input", problems);
  checkIos(record, "output", problems);
  for (const [path, options] of optionLists(record)) {
    // An extra -i would be an input that no address rule has seen.
    if (options.includes("-i")) {
      problems.rule(`${path}: found -i; allowed: each input as its own entry of input`);
    }
  }
}

function checkId(id: string, problems: Problems): void {
  if (id.trim() === "") problems.rule("an empty ID is not allowed");
  if (id.length > idLengthMax) {
    problems.rule(`id: found ${id.length} characters; allowed: at most ${idLengthMax}`);
  }
  if (id === "." || id === "..") problems.rule(`id: ${id} cannot be part of a URL`);
  if (hasControlCharacter(id)) problems.rule("id: control characters are not allowed");
}

function checkIos(record: ProcessRecord, name: "input" | "output", problems: Problems): void {
  const seen = new Set<string>();
  for (const io of record[name]) {
    const id = io.id.trim();
    if (id === "") problems.rule(`the ID of an ${name} must not be empty`);
    if (id.length > idLengthMax || hasControlCharacter(id)) {
      problems.rule(`the ID of an ${name} may have at most ${idLengthMax} plain characters`);
    }
    if (seen.has(id)) {
      problems.rule(`the ${name} ID '${id}' is already in use for the process \`${record.id}\``);
    }
    seen.add(id);
    const problem = name === "input" ? inputAddressProblem(io) : outputAddressProblem(io.address);
    if (name === "input" && io.address === "") {
      problems.rule(`reference error for '#${record.id}:${id}': empty address`);
    } else if (problem !== undefined) {
      problems.refusedSource(`the address for ${name} '#${record.id}:${id}' ${problem}`);
    }
  }
}

function optionLists(record: ProcessRecord): [string, readonly string[]][] {
  const ofIos = (name: "input" | "output") =>
    record[name].map((io, index): [string, readonly string[]] => [
      `${name}[${index}].options`,
      io.options,
    ]);
  return [["options", record.options], ...ofIos("input"), ...ofIos("output")];
}

const idAlphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/** An id as Core makes them: 22 characters (128 bits) of an alphabet without look-alikes. */
export function shortId(randomBytes: (count: number) => Uint8Array): string {
  let rest = randomBytes(16).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  const base = BigInt(idAlphabet.length);
  let id = "";
  for (let at = 0; at < 22; at++) {
    id += idAlphabet[Number(rest % base)] ?? "";
    rest /= base;
  }
  return id;
}
