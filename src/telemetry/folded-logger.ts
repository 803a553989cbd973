/**
 * A logger in which warnings and errors of one cause are one line per second, with the number of lines it stands for:
 * a fault that repeats, or a hostile client, must not fill the disk. Lines of level info and debug pass as they are.
 */
import type { FloodGate } from "./flood-gate.ts";
import type { LogFields, Logger } from "./logger.ts";

/** The fields that tell one cause from another, besides the message. */
const CAUSE_FIELDS = ["stream", "worker", "event", "failure", "reason", "error", "id"] as const;
const CAUSE_LENGTH_MAX = 200;

export class FoldedLogger implements Logger {
  readonly #logger: Logger;
  readonly #gate: FloodGate;
  readonly #fields: LogFields;

  /** The gate writes to the same place as the logger. */
  constructor(logger: Logger, gate: FloodGate, fields: LogFields = {}) {
    this.#logger = logger;
    this.#gate = gate;
    this.#fields = fields;
  }

  debug(message: string, fields?: LogFields): void {
    this.#logger.debug(message, { ...this.#fields, ...fields });
  }

  info(message: string, fields?: LogFields): void {
    this.#logger.info(message, { ...this.#fields, ...fields });
  }

  warn(message: string, fields?: LogFields): void {
    const all = { ...this.#fields, ...fields };
    this.#gate.warn(causeOf(message, all), message, all);
  }

  error(message: string, fields?: LogFields): void {
    const all = { ...this.#fields, ...fields };
    this.#gate.error(causeOf(message, all), message, all);
  }

  child(fields: LogFields): Logger {
    return new FoldedLogger(this.#logger, this.#gate, { ...this.#fields, ...fields });
  }
}

function causeOf(message: string, fields: LogFields): string {
  const values = CAUSE_FIELDS.map((name) => {
    const value = fields[name];
    // The id of a request is another one each time.
    return name === "id" && value === fields["request"] ? "" : String(value ?? "");
  });
  return [message, ...values].join(" ").slice(0, CAUSE_LENGTH_MAX);
}
