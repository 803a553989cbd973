import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { JournalKeeper, WAITING_MAX } from "../../../src/journal/keeper.ts";
import type { FromKeeper } from "../../../src/journal/messages.ts";
import { NOW_MS, newFolder, question, row } from "./support.ts";

let folder: string;
let path: string;
let told: FromKeeper[];
let nowMs = 0;

beforeEach(() => {
  folder = newFolder();
  path = join(folder, "journal.sqlite");
  told = [];
});

afterEach(() => rmSync(folder, { recursive: true }));

function newKeeper(): JournalKeeper {
  return new JournalKeeper({
    settings: { path, limits: { ageMsMax: 86_400_000, bytesMax: 10_000_000 } },
    post: (message) => told.push(message),
    nowMs: () => nowMs,
    unixMs: () => NOW_MS,
  });
}

const search = (keeper: JournalKeeper) => {
  const answer = keeper.answer({ type: "search", query: question() });
  return "records" in answer ? answer.records.map(({ id }) => id) : [];
};

test("a disk that fails is told of; what waits is written once it works", () => {
  mkdirSync(path);
  const keeper = newKeeper();
  keeper.append([row(3)]);
  expect(told).toMatchObject([{ type: "kept", lost: 0, trouble: expect.stringContaining("open") }]);
  expect(() => keeper.answer({ type: "stats" })).toThrow();
  rmSync(path, { recursive: true });
  keeper.append([row(2)]);
  expect(told.at(-1)).toMatchObject({ type: "kept", trouble: expect.any(String) });
  nowMs += 60_000;
  keeper.append([row(1)]);
  expect(told.find(({ type }) => type === "trimmed")).toBeDefined();
  expect(told.at(-1)).toMatchObject({ type: "kept", lost: 0, trouble: undefined });
  expect(search(keeper)).toEqual([3, 2, 1]);
  keeper.close();
});

test("a full disk keeps what there is, and what waits is bounded", () => {
  const keeper = newKeeper();
  keeper.append([row(9)]);
  const other = new Database(path);
  other.run("BEGIN IMMEDIATE");
  // The keeper's own writes now fail, as they do on a disk that is full.
  keeper.append([row(8)]);
  expect(told.at(-1)).toMatchObject({ type: "kept", lost: 0, trouble: "database is locked" });
  keeper.append(Array.from({ length: WAITING_MAX + 10 }, () => row(5)));
  expect(told.at(-1)).toMatchObject({ type: "kept", lost: 11 });
  other.run("COMMIT");
  other.close();
  keeper.append([]);
  expect(told.at(-1)).toMatchObject({ type: "kept", lost: 0, trouble: undefined });
  const stats = keeper.answer({ type: "stats" });
  expect(stats).toMatchObject({ events: WAITING_MAX + 1 });
  keeper.close();
});

test.each([
  ["no database", "this is no database, and long enough to be looked at ".repeat(100)],
  ["a database of another version", undefined],
])("a file that is %s is set aside", (_, text) => {
  if (text !== undefined) writeFileSync(path, text);
  else {
    const strange = new Database(path, { create: true });
    strange.run("PRAGMA user_version = 99");
    strange.close();
  }
  const keeper = newKeeper();
  keeper.append([row(1)]);
  expect(told[0]).toMatchObject({ type: "set-aside", path: `${path}.unusable` });
  expect(existsSync(`${path}.unusable`)).toBe(true);
  keeper.append([]);
  expect(told.at(-1)).toMatchObject({ type: "kept", lost: 0, trouble: undefined });
  expect(search(keeper)).toEqual([1]);
  keeper.close();
});
