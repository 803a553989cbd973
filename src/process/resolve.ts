/**
 * A record as FFmpeg gets it: placeholders filled in, references followed, output paths made absolute, and every
 * address and option held against the rules of access. The record itself stays as it was sent.
 */

import { resolve as absolutePath } from "node:path";
import { ProcessInvalid } from "../errors/process.ts";
import { realPath } from "../storage/confine.ts";
import { redact } from "../telemetry/redact.ts";
import { formatOf, type OptionGroup, readArguments } from "./access/arguments.ts";
import { IN_DATABASE, isInDatabase } from "./access/database.ts";
import { filterProblem } from "./access/filters.ts";
import { optionProblem } from "./access/options.ts";
import { resolveOutput } from "./access/output.ts";
import { type AccessRules, passes } from "./access/rules.ts";
import { hostProblem } from "./access/url-host.ts";
import { inputAddressProblem, isDevice, isLavfi, schemeOf } from "./record/address.ts";
import type { ProcessIO, ProcessRecord } from "./record.ts";
import { fillIn, UnknownPlaceholder } from "./resolve/placeholders.ts";
import { type FindRecord, followReference } from "./resolve/references.ts";

export interface ResolveWorld {
  readonly rules: AccessRules;
  /** Another process, for references to its outputs. */
  readonly find: FindRecord;
}

/** Throws ProcessInvalid with all problems. `message` is Core's headline for where this happens. */
export function resolveRecord(
  record: ProcessRecord,
  world: ResolveWorld,
  message = "Invalid process config",
): ProcessRecord {
  const problems: string[] = [];
  const resolved = new Resolver(record, world, problems).resolve();
  if (problems.length > 0) {
    throw new ProcessInvalid(message, problems.map(redact), "source_url_refused");
  }
  return resolved;
}

class Resolver {
  readonly #record: ProcessRecord;
  readonly #world: ResolveWorld;
  readonly #problems: string[];

  constructor(record: ProcessRecord, world: ResolveWorld, problems: string[]) {
    this.#record = record;
    this.#world = world;
    this.#problems = problems;
  }

  resolve(): ProcessRecord {
    const record = this.#record;
    const values = recordValues(record);
    const options = this.#fillAll("options", record.options, values);
    this.#checkArguments("options", options);
    return {
      ...record,
      options,
      input: record.input.map((input) => this.#input(input)),
      output: record.output.map((output) => this.#output(output)),
    };
  }

  #input(input: ProcessIO): ProcessIO {
    const at = `#${this.#record.id}:${input.id.trim()}`;
    const filled = this.#fill(
      input,
      `input '${at}'`,
      ioValues(this.#record, "inputid", input, this.#world.rules),
    );
    this.#checkArguments(`the options of input '${at}'`, filled.options);
    const reference = followReference(filled.address, this.#record.id, this.#world.find);
    if (typeof reference === "string") {
      this.#problems.push(`reference error for '${at}': ${reference}`);
      return filled;
    }
    if (reference !== undefined) {
      const address = this.#referred(reference.record, reference.output, at);
      // Where the other process writes to its standard output there is nothing to read; Core takes it too.
      return address === "pipe:"
        ? { ...filled, address }
        : this.#checkInput({ ...filled, address }, at);
    }
    return this.#checkInput(filled, at);
  }

  /** The address of another process's output, as that process writes to it. */
  #referred(record: ProcessRecord, output: ProcessIO, at: string): string {
    try {
      const options = readArguments(output.options).at(-1);
      const values = ioValues(record, "outputid", output, this.#world.rules);
      const address = fillIn(output.address, values);
      const format = options === undefined ? undefined : formatOf(options);
      const resolved = resolveOutput(address, format, this.#world.rules);
      if (resolved.problem === undefined) return resolved.address;
      this.#problems.push(`reference error for '${at}': ${resolved.problem}`);
    } catch (error) {
      this.#problems.push(`reference error for '${at}': ${textOf(error)}`);
    }
    return "";
  }

  #checkInput(input: ProcessIO, at: string): ProcessIO {
    const { address } = input;
    if (address === "") return input;
    const scheme = inputAddressProblem(input);
    const problem = hostProblemOf(input) ?? accessProblem(input, this.#world.rules);
    if (scheme !== undefined) this.#problems.push(`the address for input '${at}' ${scheme}`);
    else if (problem !== undefined) {
      // All of it: what makes an address invalid may be in its password.
      const shown = address.replace(/\/\/[^/?#]*@/, "//***@");
      this.#problems.push(`the address for input '${at}' (${shown}) is invalid: ${problem}`);
    }
    return input;
  }

  #output(output: ProcessIO): ProcessIO {
    const at = `#${this.#record.id}:${output.id.trim()}`;
    const values = ioValues(this.#record, "outputid", output, this.#world.rules);
    const filled = this.#fill(output, `output '${at}'`, values);
    const last = this.#checkArguments(`the options of output '${at}'`, filled.options);
    if (filled.address === "") return filled;
    const resolved = resolveOutput(filled.address, formatOf(last), this.#world.rules);
    if (resolved.problem === undefined) return { ...filled, address: resolved.address };
    this.#problems.push(`the address for output '${at}' is invalid: ${resolved.problem}`);
    return filled;
  }

  #fill(io: ProcessIO, where: string, values: ReadonlyMap<string, string>): ProcessIO {
    const [address = io.address] = this.#fillAll(`the address of ${where}`, [io.address], values);
    const options = this.#fillAll(`the options of ${where}`, io.options, values);
    return { ...io, address, options };
  }

  #fillAll(where: string, texts: readonly string[], values: ReadonlyMap<string, string>): string[] {
    return texts.map((text) => {
      try {
        return fillIn(text, values);
      } catch (error) {
        this.#problems.push(`${where}: ${textOf(error)}`);
        // Empty is what no further rule speaks of.
        return "";
      }
    });
  }

  /** What stands among options without belonging to one is an output for FFmpeg. The last group is returned. */
  #checkArguments(where: string, list: readonly string[]): OptionGroup {
    const { rules } = this.#world;
    const groups = readArguments(list);
    for (const group of groups) {
      for (const { name, value } of group.options) {
        const problem = optionProblem(name, value, rules);
        if (problem !== undefined) this.#problems.push(`${where}: ${problem}`);
      }
      if (group.output === undefined) continue;
      const { problem } = resolveOutput(group.output, formatOf(group), rules);
      if (problem !== undefined) {
        this.#problems.push(
          `${where}: FFmpeg would take ${JSON.stringify(redact(group.output).slice(0, 80))} for an output: ${problem}`,
        );
      }
    }
    return groups.at(-1) ?? { options: [], output: undefined };
  }
}

function recordValues(record: ProcessRecord): Map<string, string> {
  return new Map([
    ["processid", record.id],
    ["reference", record.reference],
  ]);
}

function ioValues(
  record: ProcessRecord,
  name: "inputid" | "outputid",
  io: ProcessIO,
  { storageFolder }: AccessRules,
): Map<string, string> {
  return recordValues(record)
    .set(name, io.id)
    .set("diskfs", storageFolder)
    .set("fs:disk", storageFolder);
}

function hostProblemOf(input: ProcessIO): string | undefined {
  return isLavfi(input) || isDevice(input) ? undefined : hostProblem(input.address);
}

function accessProblem(input: ProcessIO, rules: AccessRules): string | undefined {
  const { address } = input;
  if (isLavfi(input)) {
    const problem = filterProblem(address, rules);
    if (problem !== undefined) return problem;
  }
  const isPath =
    !isLavfi(input) && !isDevice(input) && [undefined, "file"].includes(schemeOf(address));
  if (!isPath) return passes(rules.input, [address]) ? undefined : "address is not allowed";
  const path = absolutePath(rules.workingFolder, address.replace(/^file:/i, ""));
  if (isInDatabase(path, rules)) return IN_DATABASE;
  const real = realPath(path) ?? path;
  // A path that goes up could match an expression for the folder it leaves.
  const forms = /(?:^|\/)\.\.(?:\/|$)/.test(address) ? [] : [address];
  return passes(rules.input, [...forms, ...[path, real].flatMap((one) => [one, `file:${one}`])])
    ? undefined
    : "address is not allowed";
}

function textOf(error: unknown): string {
  if (error instanceof UnknownPlaceholder) return error.message;
  throw error;
}
