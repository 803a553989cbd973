/** Recorded answers of datarhei Core, and how one of ours differs from them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Exchange {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly contentType: string | null;
  readonly body: string | null;
  readonly status: number;
  readonly answer: unknown;
}

/** Of a Core with its login on. */
export interface LoginExchange extends Exchange {
  /** Which token was sent with it. */
  readonly token: "access" | "refresh" | "bad" | null;
}

const RECORDED = join(import.meta.dir, "../../golden/datarhei");

/** In the order of the recording: later requests see what earlier ones did. */
export function recordedExchanges(): readonly Exchange[] {
  return lines("exchanges.jsonl").map((line): Exchange => JSON.parse(line));
}

/** The same of a Core with its login on. Tokens are left out. */
export function recordedLoginExchanges(): readonly LoginExchange[] {
  return lines("login-exchanges.jsonl").map((line): LoginExchange => JSON.parse(line));
}

function lines(file: string): readonly string[] {
  return readFileSync(join(RECORDED, file), "utf8").trim().split("\n");
}

/** Members whose value depends on the time, the machine or FFmpeg; their type still counts. */
const VARYING = new Set([
  ...["created_at", "updated_at", "uptime_seconds", "runtime_seconds", "reconnect_seconds"],
  ...["last_logline", "memory_bytes", "cpu_usage", "command", "prelude", "log", "history"],
  ...["frame", "packet", "fps", "q", "size_kb", "time", "bitrate_kbit"],
  ...["speed", "drop", "dup", "uptime", "values"],
  // Of the build and the installation, in the answer about the server.
  ...["name", "compiler", "build_date", "repository_commit", "repository_branch", "arch"],
]);

/** Ids that the server makes up itself. */
const GENERATED_ID = /^[2-9A-HJ-NP-Za-km-z]{22}$/;

/** Where ours is not what Core answered: "path: what", sorted. Members that Core lacks count too. */
export function differences(recorded: unknown, ours: unknown, path = ""): readonly string[] {
  if (kindOf(recorded) !== kindOf(ours)) {
    return [`${path || "body"}: ${kindOf(recorded)} became ${kindOf(ours)}`];
  }
  if (isMembers(recorded) && isMembers(ours)) return memberDifferences(recorded, ours, path);
  if (Array.isArray(recorded) && Array.isArray(ours)) return listDifferences(recorded, ours, path);
  if (typeof recorded === "string" && GENERATED_ID.test(recorded)) return [];
  return recorded === ours || isVarying(path) ? [] : [`${path || "body"}: another value`];
}

function memberDifferences(
  recorded: Readonly<Record<string, unknown>>,
  ours: Readonly<Record<string, unknown>>,
  path: string,
): readonly string[] {
  const names = [...new Set([...Object.keys(recorded), ...Object.keys(ours)])].sort();
  return names.flatMap((name) => {
    const at = path === "" ? name : `${path}.${name}`;
    if (!Object.hasOwn(ours, name)) return [`${at}: missing`];
    if (!Object.hasOwn(recorded, name)) return [`${at}: added`];
    return differences(recorded[name], ours[name], at);
  });
}

function listDifferences(
  recorded: readonly unknown[],
  ours: readonly unknown[],
  path: string,
): readonly string[] {
  if (!isVarying(path) && recorded.length !== ours.length) {
    return [`${path || "body"}: ${recorded.length} elements became ${ours.length}`];
  }
  // These lists have no order in Core.
  const unordered = path === "" || path === "metrics";
  const [theirs, mine] = unordered ? [byKey(recorded), byKey(ours)] : [recorded, ours];
  const shared = theirs.slice(0, mine.length);
  return shared.flatMap((value, index) => differences(value, mine[index], `${path}[${index}]`));
}

/** By id or by name and labels; ids that a server made up come last. */
function byKey(list: readonly unknown[]): readonly unknown[] {
  const key = (value: unknown) => {
    if (!isMembers(value)) return "";
    const id = String(value["id"]);
    if (GENERATED_ID.test(id) || id.startsWith("generated")) return "\uffff";
    return `${id} ${String(value["name"])} ${JSON.stringify(value["labels"])}`;
  };
  return list.toSorted((a, b) => Number(key(a) > key(b)) - Number(key(a) < key(b)));
}

function isVarying(path: string): boolean {
  return path.split(".").some((part) => VARYING.has(part.replace(/(\[\d+\])+$/, "")));
}

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return kindOf(value) === "object";
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "list" : typeof value;
}
