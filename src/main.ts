/** The command line: which command, its output and its exit code; nothing else. */

import { type Command, HELP, parseCommand } from "./cli/arguments.ts";
import { check } from "./cli/check.ts";
import { readConfiguration } from "./cli/configuration.ts";
import { exportFiles } from "./cli/export.ts";
import { createWrite } from "./cli/output.ts";
import { serve } from "./cli/serve.ts";
import { exportDb, importDb } from "./cli/transfer.ts";
import { versionText } from "./cli/version.ts";

const WRONG_USAGE = 2;

const out = createWrite(process.stdout);
const err = createWrite(process.stderr);

/** An option of the command line counts like the environment variable it stands for. */
function environment(command: Command): Readonly<Record<string, string | undefined>> {
  if (command.name !== "serve" || command.mediaBackend === undefined) return process.env;
  return { ...process.env, CORE_WEBRTC_MEDIA_BACKEND: command.mediaBackend };
}

async function run(args: readonly string[]): Promise<number> {
  const command = parseCommand(args);
  if ("problem" in command) {
    err(`dragonfork: ${command.problem}\nTry dragonfork --help.\n`);
    return WRONG_USAGE;
  }
  if (command.name === "help") {
    out(HELP);
    return 0;
  }
  if (command.name === "version") {
    out(versionText());
    return 0;
  }
  if (command.name === "export") return exportFiles(command.kind, command.folder, { out, err });
  const read = () => readConfiguration(command.file, environment(command));
  const configuration = read();
  if ("problems" in configuration) {
    err("dragonfork: the configuration is wrong:\n");
    for (const problem of configuration.problems) err(`  ${problem}\n`);
    return WRONG_USAGE;
  }
  if (command.name === "check") return check(configuration, out);
  if (command.name === "import-db") return importDb(configuration, command, { out, err });
  if (command.name === "export-db") return exportDb(configuration, command.to, { out, err });
  const isTerminal = process.stderr.isTTY === true;
  return serve({ configuration, readAgain: read, demo: command.demo, write: err, isTerminal });
}

void run(process.argv.slice(2)).then((code) => {
  // exitCode alone would wait for sockets and timers that a failed start left behind.
  process.exit(code);
});
