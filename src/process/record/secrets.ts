/**
 * What of a record may leave the server. Camera URLs hold passwords: they go out as ***, and when a
 * client sends the *** back (GET, edit, PUT), the stored value is kept.
 */
import { ProcessInvalid } from "../../errors/process.ts";
import { redact } from "../../telemetry/redact.ts";
import type { ProcessIO, ProcessRecord } from "../record.ts";

/** The record as the API shows it. */
export function hideSecrets(record: ProcessRecord): ProcessRecord {
  return {
    ...record,
    input: record.input.map(hideIo),
    output: record.output.map(hideIo),
    options: redactArguments(record.options),
  };
}

function hideIo(io: ProcessIO): ProcessIO {
  return { ...io, address: redact(io.address), options: redactArguments(io.options) };
}

/** Hides secrets in an argv, also where a flag and its value are two arguments. */
export function redactArguments(argv: readonly string[]): string[] {
  return argv.map((value, at) => {
    const flag = argv[at - 1];
    if (flag === undefined || !flag.startsWith("-")) return redact(value);
    const pair = redact(`${flag} ${value}`);
    return pair.startsWith(`${flag} `) ? pair.slice(flag.length + 1) : redact(value);
  });
}

/** Puts back what hideSecrets took out: any hidden text that equals the hidden form of a stored one. */
export function restoreSecrets(record: ProcessRecord, base: ProcessRecord): ProcessRecord {
  const known = new Map<string, string>();
  collect(known, base.options);
  for (const io of [...base.input, ...base.output]) {
    remember(known, redact(io.address), io.address);
    collect(known, io.options);
  }
  const restore = (text: string) => known.get(text) ?? text;
  const restoreIo = (io: ProcessIO): ProcessIO => ({
    ...io,
    address: restore(io.address),
    options: io.options.map(restore),
  });
  return {
    ...record,
    input: record.input.map(restoreIo),
    output: record.output.map(restoreIo),
    options: record.options.map(restore),
  };
}

function collect(known: Map<string, string>, options: readonly string[]): void {
  redactArguments(options).forEach((hidden, at) => {
    remember(known, hidden, options[at] ?? hidden);
  });
}

/** Only what was changed by hiding can have to be restored. */
function remember(known: Map<string, string>, hidden: string, stored: string): void {
  if (hidden !== stored) known.set(hidden, stored);
}

/** True if a record still holds a hidden password that nobody can put back. */
export function holdsHidden(record: ProcessRecord): boolean {
  const ios = [...record.input, ...record.output];
  const options = [...record.options, ...ios.flatMap((io) => io.options)];
  return (
    ios.some(({ address }) => /\/\/\*\*\*@|=\*\*\*(?:&|$)/.test(address)) ||
    options.some((option) => /(?:^|[=:]\s*|\/\/)\*\*\*/.test(option))
  );
}

/** A copy of an answer of ours has *** where the password was; FFmpeg would try that. Throws ProcessInvalid. */
export function refuseHidden(record: ProcessRecord): void {
  if (!holdsHidden(record)) return;
  throw new ProcessInvalid("Invalid process config", [
    "an address or option holds *** in place of a password: send the real one",
  ]);
}
