/** Runs the server until a signal ends it. Signals, crashes and exit codes; nothing of what a server is. */

import type { Config } from "../config/schema.ts";
import { DomainError } from "../errors.ts";
import { type RunningServer, startServer } from "../server.ts";
import { FloodGate } from "../telemetry/flood-gate.ts";
import { createLogger, type Logger } from "../telemetry/logger.ts";
import type { Write } from "./output.ts";
import { COMMIT, VERSION } from "./version.ts";

export interface ServeOptions {
  config: Config;
  warnings: readonly string[];
  demo: boolean;
  write: Write;
  isTerminal: boolean;
}

/** The last thing: SIGTERM has to end the process within 10 s, whatever hangs. */
const STOP_MS_MAX = 9500;
const FLUSH_MS = 1000;
const CAUSE_LENGTH_MAX = 100;

/** The exit code, once the server has stopped or could not start. */
export async function serve(options: ServeOptions): Promise<number> {
  const logger = createLogger({
    level: options.config.log.level,
    format: logFormat(options.config.log.format, options.isTerminal),
    write: options.write,
    now: () => new Date(),
  });
  for (const warning of options.warnings) logger.warn(warning);
  logCrashes(logger);
  const stopAsked = firstSignal(logger);
  const { config, demo } = options;
  try {
    const server = await startServer({ config, demo, logger, version: VERSION, commit: COMMIT });
    logger.info("stopping", { signal: await stopAsked });
    return await stopInTime(server, logger);
  } catch (error) {
    logger.error("the server cannot run", { reason: startProblem(error, config) });
    return 1;
  }
}

function logFormat(format: Config["log"]["format"], isTerminal: boolean): "json" | "text" {
  if (format !== "auto") return format;
  return isTerminal ? "text" : "json";
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
function firstSignal(logger: Logger): Promise<string> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (asked) {
        logger.warn("second signal: ending without a clean stop", { signal });
        process.exit(1);
      }
      asked = true;
      resolve(signal);
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
  });
}

async function stopInTime(server: RunningServer, logger: Logger): Promise<number> {
  const stopped = server.stop().then(
    () => 0,
    (error: unknown) => {
      logger.error("the stop failed", { reason: textOf(error) });
      return 1;
    },
  );
  const code = await Promise.race([stopped, Bun.sleep(STOP_MS_MAX)]);
  if (code === undefined) logger.error("the stop took too long", { ms: STOP_MS_MAX });
  else if (code === 0) logger.info("stopped");
  return code ?? 1;
}

/**
 * An error that nobody expected belongs to one request or viewer: it is logged with an id, and the server
 * goes on for the others.
 */
function logCrashes(logger: Logger): void {
  const gate = new FloodGate({ logger, nowMs: () => performance.now() });
  const onCrash = (kind: string) => (error: unknown) => {
    const text = textOf(error);
    const stack = error instanceof Error ? (error.stack ?? "") : "";
    const cause = text.replace(/\d+/g, "0").slice(0, CAUSE_LENGTH_MAX);
    gate.error(cause, kind, { id: crypto.randomUUID(), reason: text, stack });
  };
  process.on("uncaughtException", onCrash("uncaught error"));
  process.on("unhandledRejection", onCrash("unhandled rejection"));
  setInterval(() => gate.flush(), FLUSH_MS).unref();
}

function startProblem(error: unknown, config: Config): string {
  if (error instanceof DomainError) return error.message;
  if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") {
    return `address ${config.address} is in use. End the other program, or choose another CORE_ADDRESS.`;
  }
  return textOf(error);
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
