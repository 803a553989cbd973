/**
 * Reads a JSON object the way datarhei Core does (Go's encoding/json): unknown fields are ignored,
 * names match without regard to case, null leaves a value as it is, whole numbers are not negative.
 * Problems are collected, so that one answer names all of them.
 */
import { ProcessInvalid } from "../../errors/process.ts";
import { redact } from "../../telemetry/redact.ts";

/** Strings may be long (filter graphs), but not endless. */
export const textLengthMax = 16 * 1024;
/** More entries than any command line needs. */
export const listLengthMax = 1000;

/** Collects what is wrong; wrong JSON types are told apart from broken rules, as Core does. */
export class Problems {
  readonly #types: string[] = [];
  readonly #rules: string[] = [];
  #refusedSource = false;

  type(path: string, found: unknown, allowed: string): void {
    this.#types.push(`${path}: found ${show(found)}; allowed: ${allowed}`);
  }

  rule(sentence: string): void {
    this.#rules.push(sentence);
  }

  /** An address that FFmpeg must not be given. */
  refusedSource(sentence: string): void {
    this.#refusedSource = true;
    this.rule(sentence);
  }

  /** Throws ProcessInvalid if anything was reported. */
  check(ruleMessage: string): void {
    if (this.#types.length > 0) throw new ProcessInvalid("Invalid JSON", this.#types);
    if (this.#rules.length === 0) return;
    const event = this.#refusedSource ? "source_url_refused" : undefined;
    throw new ProcessInvalid(ruleMessage, this.#rules, event);
  }
}

export class Fields {
  readonly path: string;
  readonly problems: Problems;
  readonly #values: ReadonlyMap<string, unknown>;

  constructor(source: Readonly<Record<string, unknown>>, path: string, problems: Problems) {
    const values = new Map<string, unknown>();
    for (const [name, value] of Object.entries(source)) {
      const folded = name.toLowerCase();
      // An exact name wins over one in another case.
      if (!values.has(folded) || name === folded) values.set(folded, value);
    }
    this.#values = values;
    this.path = path;
    this.problems = problems;
  }

  /** In lower case. */
  get names(): readonly string[] {
    return [...this.#values.keys()];
  }

  /** The raw value; undefined when the key is absent. */
  raw(name: string): unknown {
    return this.#values.get(name);
  }

  at(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }

  text(name: string, otherwise: string): string {
    const value = this.raw(name);
    if (value === undefined || value === null) return otherwise;
    if (typeof value === "string" && isCleanText(value)) return value;
    this.problems.type(this.at(name), value, textRule);
    return otherwise;
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.raw(name);
    if (value === undefined || value === null) return otherwise;
    if (typeof value === "boolean") return value;
    this.problems.type(this.at(name), value, "true or false");
    return otherwise;
  }

  /** A whole number from 0. */
  count(name: string, otherwise: number): number {
    const value = this.raw(name);
    if (value === undefined || value === null) return otherwise;
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
    this.problems.type(this.at(name), value, "a whole number from 0");
    return otherwise;
  }

  /** Any number within the bounds. */
  amount(name: string, otherwise: number, bounds: { least: number; most: number }): number {
    const value = this.raw(name);
    if (value === undefined || value === null) return otherwise;
    const { least, most } = bounds;
    if (typeof value === "number" && value >= least && value <= most) return value;
    const allowed = most === Number.MAX_VALUE ? `a number from ${least}` : `${least} to ${most}`;
    this.problems.type(this.at(name), value, allowed);
    return otherwise;
  }

  choice<T extends string>(name: string, otherwise: T, allowed: readonly T[]): T {
    const value = this.raw(name);
    if (value === undefined || value === null) return otherwise;
    const found = allowed.find((option) => option === value);
    if (found !== undefined) return found;
    this.problems.type(this.at(name), value, allowed.join(", "));
    return otherwise;
  }

  /** undefined: the key is absent. null counts as an empty list. */
  list(name: string): readonly unknown[] | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (value === null) return [];
    if (Array.isArray(value) && value.length <= listLengthMax) return value;
    this.problems.type(this.at(name), value, `a list of at most ${listLengthMax} entries`);
    return undefined;
  }

  texts(name: string, otherwise: readonly string[]): string[] {
    const list = this.list(name);
    if (list === undefined) return [...otherwise];
    return list.map((value, index) => {
      if (typeof value === "string" && isCleanText(value)) return value;
      this.problems.type(`${this.at(name)}[${index}]`, value, textRule);
      return "";
    });
  }

  /** undefined: absent or null. */
  child(name: string): Fields | undefined {
    const value = this.raw(name);
    if (value === undefined || value === null) return undefined;
    return asFields(value, this.at(name), this.problems);
  }
}

/** Wraps an object; anything else is reported and becomes undefined. */
export function asFields(value: unknown, path: string, problems: Problems): Fields | undefined {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return new Fields(value as Record<string, unknown>, path, problems);
  }
  problems.type(path === "" ? "body" : path, value, "an object");
  return undefined;
}

const textRule = `a string of at most ${textLengthMax} characters without NUL and lone surrogates`;

/**
 * A NUL ends a C string: what is checked here would not be what FFmpeg gets. Half of a surrogate pair becomes another
 * character in the store and in FFmpeg's arguments, and no URL can name it.
 */
function isCleanText(value: string): boolean {
  return value.length <= textLengthMax && !value.includes("\0") && value.isWellFormed();
}

function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  // Redacted first: a cut could take away what shows that a part is a password.
  if (typeof value === "string") return JSON.stringify(redact(value).slice(0, 60));
  return typeof value === "object" && value !== null ? "an object" : String(value).slice(0, 60);
}
