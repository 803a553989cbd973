/** A checked question as SQL, and what SQLite cannot decide of it as a function. */
import type { SQLQueryBindings } from "bun:sqlite";
import type { JournalRow } from "../entry.ts";
import type { Comparison, Condition, EventQuery } from "../query/model.ts";
import { compileRegex, type Regex } from "../query/regex.ts";

const COLUMNS: Readonly<Record<string, keyof JournalRow | "id">> = {
  id: "id",
  event: "event",
  category: "category",
  severity: "severity",
  stream_id: "streamId",
  peer_id: "peerId",
};
const OPERATORS: Readonly<Record<Comparison, string>> = {
  $gt: ">",
  $gte: ">=",
  $lt: "<",
  $lte: "<=",
};

/** From WHERE on, in the order that is asked for. */
export function whereOf({ conditions, fromMs, toMs, order, cursor }: EventQuery): {
  readonly sql: string;
  readonly bindings: SQLQueryBindings[];
} {
  const parts = ["atMs BETWEEN ? AND ?"];
  const bindings: SQLQueryBindings[] = [fromMs, toMs];
  if (cursor !== undefined) {
    parts.push(`(atMs, id) ${order === "ascending" ? ">" : "<"} (?, ?)`);
    bindings.push(cursor.atMs, cursor.id);
  }
  for (const condition of conditions) {
    if (condition.is === "match") continue;
    const { sql, values } = partOf(condition);
    parts.push(sql);
    bindings.push(...values);
  }
  const direction = order === "ascending" ? "ASC" : "DESC";
  const sql = `WHERE ${parts.join(" AND ")} ORDER BY atMs ${direction}, id ${direction}`;
  return { sql, bindings };
}

/** Whether a row that SQLite found matches the regular expressions too. */
export function matcherOf({ conditions }: EventQuery): (row: JournalRow) => boolean {
  const tests = conditions.flatMap((condition) =>
    condition.is === "match"
      ? [testOf(condition.field, compileRegex(condition.regex, condition.field))]
      : [],
  );
  return (row) => tests.every((test) => test(row));
}

function testOf(field: string, regex: Regex): (row: JournalRow) => boolean {
  const column = COLUMNS[field];
  return (row) => {
    const value =
      column === undefined || column === "id"
        ? JSON.parse(row.metadata)[metadataName(field)]
        : row[column];
    return typeof value === "string" && regex.test(value);
  };
}

type Decidable = Exclude<Condition, { is: "match" }>;

function partOf(condition: Decidable): { sql: string; values: SQLQueryBindings[] } {
  const column = COLUMNS[condition.field];
  if (column !== undefined) return columnPart(column, condition);
  const name = metadataName(condition.field);
  const value = `json_extract(metadata, '$.${name}')`;
  const type = `json_type(metadata, '$.${name}')`;
  if (condition.is === "compared") {
    const { comparison, value: bound } = condition;
    return {
      sql: `${type} IN ('integer', 'real') AND ${value} ${OPERATORS[comparison]} ?`,
      values: [bound],
    };
  }
  if (condition.value === null) return { sql: `${value} IS NULL`, values: [] };
  // SQLite gives true and false as 1 and 0.
  if (typeof condition.value === "boolean")
    return { sql: `${type} = '${condition.value}'`, values: [] };
  if (typeof condition.value === "number") {
    return { sql: `${type} IN ('integer', 'real') AND ${value} = ?`, values: [condition.value] };
  }
  return { sql: `${type} = 'text' AND ${value} = ?`, values: [condition.value] };
}

function columnPart(
  column: string,
  condition: Decidable,
): { sql: string; values: SQLQueryBindings[] } {
  if (condition.is === "compared") {
    return { sql: `${column} ${OPERATORS[condition.comparison]} ?`, values: [condition.value] };
  }
  return { sql: `${column} IS ?`, values: [condition.value] };
}

/** Letters, digits and underscores only: the query was checked, so it can stand in SQL. */
function metadataName(field: string): string {
  return field.slice("metadata.".length);
}
