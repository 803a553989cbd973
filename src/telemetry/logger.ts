/**
 * Log lines as JSON or as text for people. Never console.log: Bun expands %s in any of its arguments.
 * Every string is redacted, and nothing that steers a terminal or forges a line passes unescaped.
 */

import type { LogLine } from "./log-tail.ts";
import { redact } from "./redact.ts";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to each of its lines. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  level: LogLevel;
  format: "json" | "text";
  /** Gets each line with its line feed. */
  write: (line: string) => void;
  /** Told of each line that is written. */
  keep?: (line: LogLine) => void;
  now: () => Date;
}

const RANK: Readonly<Record<LogLevel, number>> = {
  debug: 0,
  info: 1,
  warn: 2,
  error: 3,
  silent: 4,
};

/** Longer strings are cut: a source may print without end. Cut after redaction, never through a secret. */
const STRING_LENGTH_MAX = 8192;

/** Controls (C0, DEL, C1), line and paragraph separators, and the marks that reorder text. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** Writes each line at or above the level through `write`; keeps nothing. */
export function createLogger(options: LoggerOptions): Logger {
  return new LineLogger(options, {});
}

class LineLogger implements Logger {
  readonly #options: LoggerOptions;
  readonly #fields: LogFields;

  constructor(options: LoggerOptions, fields: LogFields) {
    this.#options = options;
    this.#fields = fields;
  }

  debug(message: string, fields?: LogFields): void {
    this.#log("debug", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#log("info", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#log("warn", message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#log("error", message, fields);
  }

  child(fields: LogFields): Logger {
    return new LineLogger(this.#options, { ...this.#fields, ...fields });
  }

  #log(level: LogLevel, message: string, fields: LogFields | undefined): void {
    const { format, now, write, keep } = this.#options;
    if (RANK[level] < RANK[this.#options.level]) return;
    const timestamp = now().toISOString();
    const text = presentable(message);
    const all = { ...this.#fields, ...fields };
    write(
      format === "json"
        ? jsonLine(timestamp, level, text, all)
        : textLine(timestamp, level, text, all),
    );
    keep?.({ ts: timestamp, level, message: text, fields: presentableFields(all) });
  }
}

function jsonLine(ts: string, level: LogLevel, msg: string, fields: LogFields): string {
  const record: Record<string, unknown> = { ts, level, msg };
  for (const [name, value] of Object.entries(presentableFields(fields))) {
    // The three names of the line itself cannot be taken by a field.
    record[Object.hasOwn(record, name) ? `field_${name}` : name] = value;
  }
  // JSON.stringify leaves DEL, C1 and the text-order marks as they are.
  return `${JSON.stringify(record).replace(UNSAFE, escaped)}\n`;
}

function presentableFields(fields: LogFields): Record<string, string | number | boolean | null> {
  const shown: Record<string, string | number | boolean | null> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) shown[name] = typeof value === "string" ? presentable(value) : value;
  }
  return shown;
}

function textLine(ts: string, level: LogLevel, msg: string, fields: LogFields): string {
  const parts = [ts, level.toUpperCase().padEnd(5), msg.replace(UNSAFE, escaped)];
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) parts.push(`${name}=${textValue(value)}`);
  }
  return `${parts.join(" ")}\n`;
}

function textValue(value: string | number | boolean | null): string {
  if (typeof value !== "string") return String(value);
  const text = presentable(value);
  const needsQuotes = text === "" || /[\s"=\\]/.test(text);
  return (needsQuotes ? JSON.stringify(text) : text).replace(UNSAFE, escaped);
}

function presentable(text: string): string {
  const safe = redact(text);
  return safe.length > STRING_LENGTH_MAX ? `${safe.slice(0, STRING_LENGTH_MAX)}…` : safe;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
