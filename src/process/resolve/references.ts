/** `#id:output=x` as the address of an input: the address of that output of another process. */
import type { ProcessIO, ProcessRecord } from "../record.ts";

export type FindRecord = (id: string) => ProcessRecord | undefined;

export interface Reference {
  readonly record: ProcessRecord;
  readonly output: ProcessIO;
}

/** undefined: the address is no reference. A text: why it can't be followed, in Core's words. */
export function followReference(
  address: string,
  ownId: string,
  find: FindRecord,
): Reference | string | undefined {
  if (!address.startsWith("#")) return undefined;
  const found = /^#(.*?):output=(.+)$/s.exec(address);
  if (found === null) return `invalid format (${address})`;
  const [, id = "", outputId = ""] = found;
  if (id === ownId) return `self-reference not possible (${address})`;
  const record = find(id);
  if (record === undefined) return `unknown process '${id}' (${address})`;
  const output = record.output.find((one) => one.id === outputId);
  if (output === undefined) {
    return `the process '${id}' has no outputs with the ID '${outputId}' (${address})`;
  }
  return { record, output };
}
