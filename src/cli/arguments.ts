/** The command line as a command, or what is wrong with it. */

import { parseArgs } from "node:util";
import type { MonitoringKind } from "./monitoring-files.ts";

export type Command =
  | { name: "serve"; file: string | undefined; demo: boolean; mediaBackend?: string }
  | { name: "check"; file: string | undefined }
  | { name: "export"; kind: MonitoringKind; folder: string }
  | { name: "version" }
  | { name: "help" };

export const HELP = `dragonfork: WHEP server, from FFmpeg sources to browsers

Usage:
  dragonfork [serve] [--config FILE] [--demo]   start the server
  dragonfork check [--config FILE]              test configuration, FFmpeg, ports and folders
  dragonfork dashboards export DIR              write the Grafana dashboards of this version to a folder
  dragonfork rules export DIR                   write Prometheus' alert rules of this version to a folder
  dragonfork version                            print version and commit
  dragonfork --help                             print this

Options:
  -c, --config FILE   YAML or JSON; without it the file that CORE_CONFIGFILE names, if any
      --demo          add the built-in test pattern as stream "test"
      --media-backend auto|portable
                      like CORE_WEBRTC_MEDIA_BACKEND, which it overrides

Each setting can also be given as an environment variable (CORE_ADDRESS, ...); README.md lists them.
Exit codes: 0 fine, 1 something failed, 2 wrong usage or configuration.
`;

const COMMANDS = ["serve", "check", "dashboards", "rules", "version", "help"];

/** `problem` is one sentence for a person. */
export function parseCommand(args: readonly string[]): Command | { problem: string } {
  const parsed = parseOptions(args);
  if ("problem" in parsed) return parsed;
  const { values, positionals } = parsed;
  if (values.help) return { name: "help" };
  if (values.version) return { name: "version" };
  const [name = "serve", ...rest] = positionals;
  if (!COMMANDS.includes(name)) {
    return { problem: `unknown command ${JSON.stringify(name)}; allowed: ${COMMANDS.join(", ")}` };
  }
  const isExport = name === "dashboards" || name === "rules";
  if (!isExport && rest.length > 0)
    return { problem: `unexpected argument ${JSON.stringify(rest[0])}` };
  const demo = values.demo ?? false;
  if (demo && name !== "serve") return { problem: `--demo belongs to serve, not to ${name}` };
  const mediaBackend = values["media-backend"];
  if (mediaBackend !== undefined && name !== "serve") {
    return { problem: `--media-backend belongs to serve, not to ${name}` };
  }
  if (name === "serve") {
    const serve = { name, file: values.config, demo } as const;
    return mediaBackend === undefined ? serve : { ...serve, mediaBackend };
  }
  if (name === "check") return { name, file: values.config };
  if (values.config !== undefined) return { problem: `--config does not belong to ${name}` };
  if (isExport) return parseExport(name, rest);
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
