/**
 * The query form of the journal: an untrusted JSON value becomes an EventQuery, or FieldInvalid names the field.
 * Pure.
 */
import { FieldInvalid } from "../errors.ts";
import { readCondition } from "./query/condition.ts";
import { isObject, members } from "./query/members.ts";
import type { Condition, Cursor, EventQuery } from "./query/model.ts";
import { readTimeRange } from "./query/time-range.ts";

export const LIMIT_DEFAULT = 1000;
export const LIMIT_MAX = 10_000;
const FIELDS_MAX = 16;
const MEMBERS: readonly string[] = ["query", "time_range", "sort", "limit", "cursor"];

/** `nowMs` is what `now` means, in Unix milliseconds. Throws FieldInvalid. */
export function parseQuery(input: unknown, nowMs: number): EventQuery {
  const body = members(input, "body", MEMBERS);
  const { fromMs, toMs } = readTimeRange(body["time_range"], nowMs);
  return {
    conditions: readConditions(body["query"]),
    fromMs,
    toMs,
    order: readOrder(body["sort"]),
    limit: readLimit(body["limit"]),
    cursor: readCursor(body["cursor"]),
  };
}

function readConditions(query: unknown): readonly Condition[] {
  if (query === undefined) return [];
  if (!isObject(query)) throw new FieldInvalid("query", "expected an object");
  const fields = Object.entries(query);
  if (fields.length > FIELDS_MAX) {
    throw new FieldInvalid("query", `expected at most ${FIELDS_MAX} fields`);
  }
  return fields.flatMap(([field, wanted]) => readCondition(field, wanted));
}

/** The oldest or the newest first, which is what is wanted where nothing is said. */
function readOrder(sort: unknown): EventQuery["order"] {
  if (sort === undefined) return "descending";
  const { timestamp } = members(sort, "sort", ["timestamp"]);
  if (timestamp === 1) return "ascending";
  if (timestamp === -1) return "descending";
  throw new FieldInvalid("sort.timestamp", "expected 1 (oldest first) or -1 (newest first)");
}

function readLimit(limit: unknown): number {
  if (limit === undefined) return LIMIT_DEFAULT;
  if (Number.isInteger(limit) && Number(limit) >= 1 && Number(limit) <= LIMIT_MAX) {
    return Number(limit);
  }
  throw new FieldInvalid("limit", `expected a whole number from 1 to ${LIMIT_MAX}`);
}

function readCursor(cursor: unknown): Cursor | undefined {
  if (cursor === undefined || cursor === null) return undefined;
  const found = typeof cursor === "string" ? /^(\d{1,15})\.(\d{1,15})$/.exec(cursor) : null;
  if (found === null) {
    throw new FieldInvalid("cursor", "expected the cursor of an earlier answer");
  }
  return { atMs: Number(found[1]), id: Number(found[2]) };
}
