/** The command line as a command, or what is wrong with it. */

import { parseArgs } from "node:util";
import type { MonitoringKind } from "./monitoring-files.ts";

export type Command =
  | { name: "serve"; file: string | undefined; demo: boolean; mediaBackend?: string }
  | { name: "check"; file: string | undefined }
  | { name: "export"; kind: MonitoringKind; folder: string }
  | { name: "import-db"; file: string | undefined; from: string; skipInvalid: boolean }
  | { name: "export-db"; file: string | undefined; to: string | undefined }
  | { name: "version" }
  | { name: "help" };

export const HELP = `dragonfork: WHEP server, from FFmpeg sources to browsers

Usage:
  dragonfork [serve] [--config FILE] [--demo]   start the server
  dragonfork check [--config FILE]              test configuration, FFmpeg, ports, folders and the store
  dragonfork import FILE [--skip-invalid]       import the processes of a datarhei Core's db.json
  dragonfork export [FILE]                      write the stored processes as a db.json, with their passwords
  dragonfork dashboards export DIR              write the Grafana dashboards of this version to a folder
  dragonfork rules export DIR                   write Prometheus' alert rules of this version to a folder
  dragonfork version                            print version and commit
  dragonfork --help                             print this

Options:
  -c, --config FILE   YAML or JSON; without it the file that CORE_CONFIGFILE names, if any
      --demo          add the built-in test pattern as stream "test"
      --media-backend auto|portable
                      like CORE_WEBRTC_MEDIA_BACKEND, which it overrides
      --skip-invalid  import the valid processes; without it, all or none

Each setting can also be given as an environment variable (CORE_ADDRESS, ...); deploy/docs/settings.md lists them.
Exit codes: 0 fine, 1 something failed, 2 wrong usage or configuration.
`;

interface Values {
  readonly config?: string;
  readonly demo?: boolean;
  readonly "media-backend"?: string;
  readonly "skip-invalid"?: boolean;
}

/** Which options and how many arguments each command takes. */
const COMMANDS: Readonly<Record<string, { options: readonly string[]; argumentsMax: number }>> = {
  serve: { options: ["config", "demo", "media-backend"], argumentsMax: 0 },
  check: { options: ["config"], argumentsMax: 0 },
  dashboards: { options: [], argumentsMax: Infinity },
  rules: { options: [], argumentsMax: Infinity },
  import: { options: ["config", "skip-invalid"], argumentsMax: 1 },
  export: { options: ["config"], argumentsMax: 1 },
  version: { options: [], argumentsMax: 0 },
  help: { options: [], argumentsMax: 0 },
};

/** `problem` is one sentence for a person. */
export function parseCommand(args: readonly string[]): Command | { problem: string } {
  const parsed = parseOptions(args);
  if ("problem" in parsed) return parsed;
  const { help, version, ...values } = parsed.values;
  if (help) return { name: "help" };
  if (version) return { name: "version" };
  const [name = "serve", ...rest] = parsed.positionals;
  const problem = misuse(name, rest, Object.keys(values));
  return problem === undefined ? commandOf(name, rest, values) : { problem };
}

function misuse(name: string, rest: readonly string[], given: readonly string[]) {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    const allowed = Object.keys(COMMANDS).join(", ");
    return `unknown command ${JSON.stringify(name)}; allowed: ${allowed}`;
  }
  const { options, argumentsMax } = command;
  if (rest.length > argumentsMax)
    return `unexpected argument ${JSON.stringify(rest[argumentsMax])}`;
  const wrong = given.find((option) => !options.includes(option));
  if (wrong === undefined) return undefined;
  const owners = Object.keys(COMMANDS).filter((owner) => COMMANDS[owner]?.options.includes(wrong));
  return owners.length === 1
    ? `--${wrong} belongs to ${owners[0]}, not to ${name}`
    : `--${wrong} does not belong to ${name}`;
}

function commandOf(
  name: string,
  rest: readonly string[],
  values: Values,
): Command | { problem: string } {
  const [path] = rest;
  const { config: file, demo = false, "media-backend": mediaBackend } = values;
  if (name === "serve") {
    const serve = { name, file, demo } as const;
    return mediaBackend === undefined ? serve : { ...serve, mediaBackend };
  }
  if (name === "check") return { name, file };
  if (name === "dashboards" || name === "rules") return parseExport(name, rest);
  if (name === "import") {
    if (path === undefined) return { problem: "import takes a file: dragonfork import db.json" };
    return { name: "import-db", file, from: path, skipInvalid: values["skip-invalid"] ?? false };
  }
  if (name === "export") return { name: "export-db", file, to: path };
  return name === "version" ? { name } : { name: "help" };
}

function parseExport(kind: MonitoringKind, rest: readonly string[]): Command | { problem: string } {
  const [verb, folder, ...more] = rest;
  if (verb !== "export" || folder === undefined || folder === "" || more.length > 0) {
    return { problem: `${kind} takes a verb and a folder: dragonfork ${kind} export DIR` };
  }
  return { name: "export", kind, folder };
}

function parseOptions(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: "string", short: "c" },
        demo: { type: "boolean" },
        "media-backend": { type: "string" },
        "skip-invalid": { type: "boolean" },
        help: { type: "boolean", short: "h" },
        version: { type: "boolean", short: "v" },
      },
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // The rest of the message explains how Node treats positional arguments.
    return { problem: (message.split(". ")[0] ?? message).replace(/\.$/, "") };
  }
}
