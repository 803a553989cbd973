import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EVENT_NAMES } from "../../../src/journal/entry.ts";

const RUNBOOKS = join(import.meta.dir, "../../../deploy/truenas/core/runbooks.md");

test("the table of events in the runbooks has every event, and no other", () => {
  const table = readFileSync(RUNBOOKS, "utf8").split("### The events\n")[1] ?? "";
  const first = [...table.matchAll(/^\| (`.*?) \|/gm)].map(([, cell = ""]) => cell);
  const names = first.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  expect(names.sort()).toEqual([...EVENT_NAMES].sort());
});
