/** One member of a query's `query`: a field, and what it shall equal, match or be compared with. */
import { FieldInvalid } from "../../errors.ts";
import { isObject } from "./members.ts";
import type { Comparison, Condition } from "./model.ts";
import { compileRegex } from "./regex.ts";

/** Fields of an event itself, and the type of their values. */
export const TEXT_FIELDS = ["event", "category", "severity", "stream_id", "peer_id"] as const;
const METADATA = /^metadata\.[A-Za-z0-9_]{1,64}$/;
const COMPARISONS: readonly Comparison[] = ["$gt", "$gte", "$lt", "$lte"];
const ALLOWED = "expected a text, a number, true, false, null, {regex} or {$gt, $gte, $lt, $lte}";
/** Of a text to be equal to; nothing longer is kept. */
const TEXT_LENGTH_MAX = 256;

/** Throws FieldInvalid. */
export function readCondition(field: string, wanted: unknown): readonly Condition[] {
  const name = `query.${field}`;
  const isText = TEXT_FIELDS.some((known) => known === field);
  if (!isText && field !== "id" && !METADATA.test(field)) {
    throw new FieldInvalid(
      name.slice(0, 100),
      `is no field; expected id, ${TEXT_FIELDS.join(", ")} or metadata.<name> (and time_range for the time)`,
    );
  }
  if (isObject(wanted)) return readOperators(field, wanted, isText);
  if (typeof wanted === "string" && wanted.length <= TEXT_LENGTH_MAX && field !== "id") {
    return [{ field, is: "equal", value: wanted }];
  }
  if (wanted === null && field !== "id") return [{ field, is: "equal", value: null }];
  if (typeof wanted === "number" && !isText) return [{ field, is: "equal", value: wanted }];
  if (typeof wanted === "boolean" && !isText && field !== "id") {
    return [{ field, is: "equal", value: wanted }];
  }
  throw new FieldInvalid(name, allowedFor(field, isText));
}

function readOperators(
  field: string,
  wanted: Readonly<Record<string, unknown>>,
  isText: boolean,
): readonly Condition[] {
  const operators = Object.entries(wanted);
  if (operators.length === 0) {
    throw new FieldInvalid(`query.${field}`, allowedFor(field, isText));
  }
  return operators.map(([operator, value]) => {
    const name = `query.${field}.${operator}`;
    if (operator === "regex" && field !== "id") {
      if (typeof value !== "string") throw new FieldInvalid(name, "expected a text");
      compileRegex(value, name);
      return { field, is: "match", regex: value };
    }
    const comparison = COMPARISONS.find((known) => known === operator);
    if (comparison === undefined || isText) {
      throw new FieldInvalid(name.slice(0, 100), allowedFor(field, isText));
    }
    if (typeof value !== "number") throw new FieldInvalid(name, "expected a number");
    return { field, is: "compared", comparison, value };
  });
}

function allowedFor(field: string, isText: boolean): string {
  if (field === "id") return "expected a number or {$gt, $gte, $lt, $lte}";
  return isText
    ? `expected a text of at most ${TEXT_LENGTH_MAX} characters, null or {regex}`
    : ALLOWED;
}
