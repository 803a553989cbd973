/**
 * One log line per interval per cause, with the number of lines it stands for. Keeps a bounded number
 * of causes; where there are more, the newcomers share one.
 */

import type { LogFields, Logger } from "./logger.ts";

export interface FloodGateOptions {
  logger: Logger;
  /** A clock that never goes back, in milliseconds. */
  nowMs: () => number;
  intervalMs?: number;
  causesMax?: number;
}

interface Line {
  level: "warn" | "error";
  message: string;
  fields: LogFields | undefined;
}

interface Cause {
  openAtMs: number;
  folded: number;
  last: Line;
}

/** Where a cause goes once the table is full. */
const OVERFLOW_CAUSE = "(other causes)";

export class FloodGate {
  readonly #logger: Logger;
  readonly #nowMs: () => number;
  readonly #intervalMs: number;
  readonly #causesMax: number;
  readonly #causes = new Map<string, Cause>();

  constructor(options: FloodGateOptions) {
    this.#logger = options.logger;
    this.#nowMs = options.nowMs;
    this.#intervalMs = options.intervalMs ?? 1000;
    this.#causesMax = options.causesMax ?? 256;
  }

  /** Logs at once if the cause was quiet for an interval, else counts towards its next line. */
  warn(cause: string, message: string, fields?: LogFields): void {
    this.#pass(cause, { level: "warn", message, fields });
  }

  /** The same as an error. */
  error(cause: string, message: string, fields?: LogFields): void {
    this.#pass(cause, { level: "error", message, fields });
  }

  /**
   * Writes what was folded and whose interval is over, and forgets the causes that fell silent.
   * Call it about once per interval.
   */
  flush(): void {
    const nowMs = this.#nowMs();
    for (const [name, cause] of this.#causes) {
      if (nowMs < cause.openAtMs) continue;
      if (cause.folded === 0) {
        this.#causes.delete(name);
        continue;
      }
      this.#write(cause.last, cause.folded - 1);
      cause.folded = 0;
      cause.openAtMs = nowMs + this.#intervalMs;
    }
  }

  /** Writes what is still folded. */
  close(): void {
    for (const { folded, last } of this.#causes.values()) {
      if (folded > 0) this.#write(last, folded - 1);
    }
    this.#causes.clear();
  }

  #pass(cause: string, line: Line): void {
    const nowMs = this.#nowMs();
    const name = this.#admit(cause, nowMs);
    const known = this.#causes.get(name);
    if (known !== undefined && nowMs < known.openAtMs) {
      known.folded += 1;
      known.last = line;
      return;
    }
    this.#write(line, known?.folded ?? 0);
    this.#causes.set(name, { openAtMs: nowMs + this.#intervalMs, folded: 0, last: line });
  }

  #admit(cause: string, nowMs: number): string {
    if (this.#causes.has(cause) || this.#causes.size < this.#causesMax) return cause;
    for (const [name, { openAtMs, folded }] of this.#causes) {
      if (folded === 0 && openAtMs <= nowMs) this.#causes.delete(name);
    }
    return this.#causes.size < this.#causesMax ? cause : OVERFLOW_CAUSE;
  }

  #write({ level, message, fields }: Line, folded: number): void {
    this.#logger[level](message, folded === 0 ? fields : { ...fields, folded });
  }
}
