import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JournalEntry, JournalRow } from "../../../src/journal/entry.ts";
import { toRow } from "../../../src/journal/entry.ts";
import type { EventQuery } from "../../../src/journal/query/model.ts";
import { parseQuery } from "../../../src/journal/query.ts";

export const NOW_MS = Date.parse("2026-11-20T21:00:00Z");

/** A row that happened this many seconds before NOW_MS. */
export function row(secondsAgo: number, entry: Partial<JournalEntry> = {}): JournalRow {
  return toRow({ event: "server_started", ...entry }, NOW_MS - secondsAgo * 1000);
}

/** A checked question, about the last day unless it says else. */
export function question(body: Readonly<Record<string, unknown>> = {}): EventQuery {
  return parseQuery({ time_range: { from: "-1d" }, ...body }, NOW_MS);
}

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "dragonfork-journal-"));
}
