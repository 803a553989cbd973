/**
 * One configuration from defaults, a file and the environment, in this order. Finds every problem, not
 * only the first. Reads no file and no environment itself: both are handed in.
 */

import "./formats.ts";
import { relative, resolve, sep } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { FIELDS, type Field, GROUP_KEYS } from "./fields.ts";
import { PORT_MAX, parsePortRange } from "./formats.ts";
import {
  CONFIG_FILE_VARIABLE,
  type Environment,
  environmentValue,
  unknownVariables,
} from "./load/environment.ts";
import { type ConfigFile, parseConfigFile } from "./load/file.ts";
import { nearest } from "./load/nearest.ts";
import { fieldProblem, shown } from "./load/problem.ts";
import { mediaPorts } from "./media-ports.ts";
import { type Config, ConfigSchema } from "./schema.ts";
import { getIn, isTree, setIn } from "./tree.ts";

export interface LoadOptions {
  /** From the command line; wins over CORE_CONFIGFILE. */
  file?: string | undefined;
  env: Environment;
  readFile: (path: string) => string;
}

export interface LoadedConfig {
  config: Config;
  /** Where each setting that is not the default came from, by its dotted key. */
  origins: ReadonlyMap<string, string>;
  /** Not wrong, but probably not meant. */
  warnings: string[];
}

const ENVIRONMENT_ORIGIN = "environment variable ";

/** Whether an origin of LoadedConfig is a variable, which wins over the file. */
export function isFromEnvironment(origin: string): boolean {
  return origin.startsWith(ENVIRONMENT_ORIGIN);
}

/** All problems at once; each names the field and its origin, what was found and what is allowed. */
export function loadConfig(options: LoadOptions): LoadedConfig | { problems: string[] } {
  const path = options.file ?? (options.env[CONFIG_FILE_VARIABLE] || undefined);
  const file = path === undefined ? undefined : openFile(path, options.readFile);
  if (file !== undefined && "problems" in file) return { problems: file.problems };

  const problems = file === undefined ? [] : unknownKeys(file);
  const values: Record<string, unknown> = {};
  const origins = new Map<string, string>();
  for (const field of FIELDS) {
    const { value, origin } = settingOf(field, options.env, file);
    setIn(values, field.path, value);
    if (origin === undefined) continue;
    origins.set(field.key, origin);
    const problem = fieldProblem(field, value, origin);
    if (problem !== undefined) problems.push(problem);
  }
  if (problems.length > 0) return { problems };

  const config = Value.Decode(ConfigSchema, values);
  const conflict = portConflict(config) ?? folderConflict(config) ?? loginGap(config);
  if (conflict !== undefined) return { problems: [conflict] };
  return { config, origins, warnings: unknownVariables(options.env) };
}

interface OpenFile extends ConfigFile {
  name: string;
}

function openFile(
  name: string,
  readFile: LoadOptions["readFile"],
): OpenFile | { problems: string[] } {
  let text: string;
  try {
    text = readFile(name);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { problems: [`configuration file ${name}: cannot be read: ${reason}`] };
  }
  const parsed = parseConfigFile(text);
  if ("problems" in parsed) {
    return { problems: parsed.problems.map((problem) => `configuration file ${name}, ${problem}`) };
  }
  // A file with nothing but comments is an empty configuration.
  if (parsed.values === null || parsed.values === undefined) return { ...parsed, name, values: {} };
  if (isTree(parsed.values)) return { ...parsed, name };
  const found = shown(parsed.values);
  return {
    problems: [`configuration file ${name}: found ${found}; allowed: settings as key: value`],
  };
}

interface FoundValue {
  value: unknown;
  /** Undefined where the setting is not given and has its default. */
  origin: string | undefined;
}

function settingOf(field: Field, env: Environment, file: OpenFile | undefined): FoundValue {
  const fromEnvironment = environmentValue(field, env);
  if (fromEnvironment !== undefined) {
    return { value: fromEnvironment, origin: `${ENVIRONMENT_ORIGIN}${field.schema.env}` };
  }
  const value = file === undefined ? undefined : getIn(file.values, field.path);
  // `key:` with nothing behind it is null in YAML: the default.
  if (file === undefined || value === undefined || value === null) {
    return { value: structuredClone(field.schema.default), origin: undefined };
  }
  return { value, origin: placeOf(file, field.path) };
}

function placeOf(file: OpenFile, path: readonly string[]): string {
  const line = file.lineOf(path);
  return line === undefined ? `file ${file.name}` : `file ${file.name}, line ${line}`;
}

/** A problem for each key of the file that is no setting, and for each value where a group belongs. */
function unknownKeys(file: OpenFile): string[] {
  const problems: string[] = [];
  const visit = (group: Readonly<Record<string, unknown>>, path: readonly string[]): void => {
    for (const [name, value] of Object.entries(group)) {
      const here = [...path, name];
      const key = here.join(".");
      // `webrtc.udp_port: 1` is one key with a dot in it, not a setting of the group.
      const isDotted = name.includes(".");
      if (!isDotted && FIELDS.some((field) => field.key === key)) continue;
      if (isDotted || !GROUP_KEYS.has(key)) {
        problems.push(`${key} (${placeOf(file, here)}): found an unknown key; ${suggestion(here)}`);
      } else if (isTree(value)) {
        visit(value, here);
      } else if (value !== null) {
        const names = namesIn(here).join(", ");
        problems.push(
          `${key} (${placeOf(file, here)}): found ${shown(value)}; allowed: keys ${names}`,
        );
      }
    }
  };
  if (isTree(file.values)) visit(file.values, []);
  return problems;
}

/** The nearest name in the same group; else the place where a setting of exactly this name belongs. */
function suggestion(path: readonly string[]): string {
  const group = path.slice(0, -1);
  const name = path.at(-1) ?? "";
  const names = namesIn(group);
  const near = nearest(name, names);
  if (near !== undefined) return `did you mean ${[...group, near].join(".")}?`;
  const elsewhere = FIELDS.find(({ key, path: known }) => key === name || known.at(-1) === name);
  if (elsewhere !== undefined) return `did you mean ${elsewhere.key}?`;
  return `allowed: keys ${names.join(", ")}`;
}

function namesIn(group: readonly string[]): string[] {
  const inside = FIELDS.filter(({ path }) => group.every((name, depth) => path[depth] === name));
  return [...new Set(inside.map(({ path }) => path[group.length] ?? ""))];
}

/** FFmpeg's packets would arrive on the viewers' socket. */
function portConflict(config: Config): string | undefined {
  const legs = config.webrtc.leg_ports;
  const range = parsePortRange(legs);
  const ports = mediaPorts(config);
  const first = Math.min(...ports);
  const last = Math.max(...ports);
  if (range === undefined || first === 0) return undefined;
  const found = first === last ? String(first) : `${first}-${last} for the media workers`;
  const problem = `webrtc.udp_port (CORE_WEBRTC_UDP_PORT): found ${found}; allowed:`;
  if (last > PORT_MAX) return `${problem} ports up to ${PORT_MAX}`;
  if (last < range.first || first > range.last) return undefined;
  return `${problem} a port outside of webrtc.leg_ports ${legs}`;
}

/** With an empty password everybody could log in. */
function loginGap({ api }: Config): string | undefined {
  const { enable, username, password } = api.auth;
  if (!enable || (username !== "" && password !== "")) return undefined;
  return "api.auth.enable (CORE_API_AUTH_ENABLE): found true without a name and a password; allowed: with both CORE_API_AUTH_USERNAME and CORE_API_AUTH_PASSWORD";
}

/** What is in the storage can be read over HTTP; tokens and passwords must not be. */
function folderConflict({ storage, db }: Config): string | undefined {
  const way = relative(resolve(storage.disk.dir), resolve(db.dir));
  if (way === ".." || way.startsWith(`..${sep}`)) return undefined;
  return `storage.disk.dir (CORE_STORAGE_DISK_DIR): found ${storage.disk.dir}; allowed: a folder that does not hold db.dir ${db.dir}`;
}
