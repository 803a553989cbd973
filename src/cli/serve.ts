/** Runs the server until a signal ends it. Signals, crashes and exit codes; nothing of what a server is. */

import { isFromEnvironment, type LoadedConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { DomainError } from "../errors.ts";
import { type RunningServer, startServer } from "../server.ts";
import { FloodGate } from "../telemetry/flood-gate.ts";
import { FoldedLogger } from "../telemetry/folded-logger.ts";
import { LogTail } from "../telemetry/log-tail.ts";
import { createLogger, type Logger, type LoggerOptions } from "../telemetry/logger.ts";
import { changeProblems } from "./check/changes.ts";
import type { Write } from "./output.ts";
import { firstSignal } from "./signals.ts";
import { COMMIT, VERSION } from "./version.ts";

export interface ServeOptions {
  configuration: LoadedConfig;
  /** The configuration as it is now, for a start without a new process. */
  readAgain: () => LoadedConfig | { problems: string[] };
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
  const log = new LogSettings(options);
  const plain = createLogger(log.settings);
  const gate = new FloodGate({ logger: plain, nowMs: () => performance.now() });
  setInterval(() => gate.flush(), FLUSH_MS).unref();
  const logger = new FoldedLogger(plain, gate);
  logCrashes(gate);
  const round = { ...options, logger, log, stopAsked: firstSignal(logger) };
  let next: LoadedConfig | number = options.configuration;
  while (typeof next !== "number") next = await serveOnce(next, round);
  gate.close();
  return next;
}

interface Round extends ServeOptions {
  logger: Logger;
  log: LogSettings;
  stopAsked: Promise<string>;
}

/** The exit code, or the configuration to go on with. */
async function serveOnce(loaded: LoadedConfig, round: Round): Promise<number | LoadedConfig> {
  const { logger, log, demo } = round;
  const { config, origins, warnings } = loaded;
  log.use(config);
  for (const warning of warnings) logger.warn(warning);
  const reload = Promise.withResolvers<LoadedConfig>();
  const overrides = [...origins].filter(([, origin]) => isFromEnvironment(origin));
  try {
    const server = await startServer({
      ...{ config, demo, logger, version: VERSION, commit: COMMIT },
      log: log.tail,
      overrides: overrides.map(([key]) => key),
      onReload: () => readAgain(round, config, reload.resolve),
    });
    const end = await Promise.race([round.stopAsked, reload.promise]);
    const isSignal = typeof end === "string";
    logger.info("stopping", isSignal ? { signal: end } : { reason: "configuration reload" });
    const code = await stopInTime(server, logger);
    return isSignal || code !== 0 ? code : end;
  } catch (error) {
    logger.error("the server cannot run", { reason: startProblem(error, config) });
    return 1;
  }
}

/** A configuration with mistakes, or one that could not start, is no reason to end what runs. Returns what is wrong. */
async function readAgain(
  { readAgain: read, logger }: Round,
  now: Config,
  use: (found: LoadedConfig) => void,
): Promise<readonly string[]> {
  const found = read();
  const problems = "problems" in found ? found.problems : await changeProblems(now, found.config);
  if (problems.length > 0) {
    logger.error("configuration not reloaded", { problems: problems.join("; ") });
  } else if (!("problems" in found)) use(found);
  return problems;
}

/** The logger's settings, which a reload changes. */
class LogSettings {
  readonly settings: LoggerOptions;
  tail: LogTail;
  readonly #isTerminal: boolean;

  constructor({ configuration: { config }, write, isTerminal }: ServeOptions) {
    this.#isTerminal = isTerminal;
    this.tail = new LogTail(config.log.max_lines);
    this.settings = {
      level: config.log.level,
      format: logFormat(config.log.format, isTerminal),
      write,
      keep: (line) => this.tail.keep(line),
      now: () => new Date(),
    };
  }

  use({ log }: Config): void {
    this.settings.level = log.level;
    this.settings.format = logFormat(log.format, this.#isTerminal);
    this.tail = this.tail.resized(log.max_lines);
  }
}

function logFormat(format: Config["log"]["format"], isTerminal: boolean): "json" | "text" {
  if (format !== "auto") return format;
  return isTerminal ? "text" : "json";
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
function logCrashes(gate: FloodGate): void {
  const onCrash = (kind: string) => (error: unknown) => {
    const text = textOf(error);
    const stack = error instanceof Error ? (error.stack ?? "") : "";
    const cause = text.replace(/\d+/g, "0").slice(0, CAUSE_LENGTH_MAX);
    gate.error(cause, kind, { id: crypto.randomUUID(), reason: text, stack });
  };
  process.on("uncaughtException", onCrash("uncaught error"));
  process.on("unhandledRejection", onCrash("unhandled rejection"));
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
