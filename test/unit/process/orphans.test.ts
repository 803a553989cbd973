import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChildJournal, type ProcessTable } from "../../../src/process/orphans.ts";
import { FakeChildren } from "./fakes.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "journal-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Processes by pid with their start times. */
class Table implements ProcessTable {
  boot = "boot-1";
  readonly started = new Map<number, number>();
  readonly killed: number[] = [];
  bootId = () => this.boot;
  startTicks = (pid: number) => this.started.get(pid);
  kill = (pid: number) => {
    this.killed.push(pid);
  };
}

const quiet = { onStdout: () => undefined, onStderr: () => undefined, onExit: () => undefined };

/** A server with pid 500 that started one child (pid 1000) and then died. */
function crashedServer(table: Table): void {
  table.started.set(500, 5000).set(1000, 9000);
  new ChildJournal(folder, 500, table).watch(new FakeChildren().spawn)([], quiet);
  table.started.delete(500);
}

test("what a dead server left behind is ended at the next start", () => {
  const table = new Table();
  crashedServer(table);
  expect(new ChildJournal(folder, 501, table).endOrphans()).toBe(1);
  expect(table.killed).toEqual([1000]);
  expect(new ChildJournal(folder, 502, table).endOrphans()).toBe(0);
});

test("another program under the same pid is left alone", () => {
  const table = new Table();
  crashedServer(table);
  table.started.set(1000, 9999);
  expect(new ChildJournal(folder, 501, table).endOrphans()).toBe(0);
  expect(table.killed).toEqual([]);
});

test("pids of before a reboot are left alone", () => {
  const table = new Table();
  crashedServer(table);
  table.boot = "boot-2";
  expect(new ChildJournal(folder, 501, table).endOrphans()).toBe(0);
});

test("the children of a server that still runs are left alone", () => {
  const table = new Table();
  crashedServer(table);
  table.started.set(500, 5000);
  expect(new ChildJournal(folder, 501, table).endOrphans()).toBe(0);
  expect(existsSync(join(folder, "ffmpeg.pids"))).toBe(true);
});

test("a child that ended leaves the journal, and its end is passed on", () => {
  const table = new Table();
  table.started.set(500, 5000).set(1000, 9000);
  const children = new FakeChildren();
  const exits: unknown[] = [];
  const spawn = new ChildJournal(folder, 500, table).watch(children.spawn);
  spawn([], { ...quiet, onExit: (exit) => exits.push(exit) });
  children.last.exit(1);
  expect(exits).toEqual([{ code: 1, signal: null }]);
  expect(JSON.parse(readFileSync(join(folder, "ffmpeg.pids"), "utf8")).children).toEqual([]);
});

test("a damaged journal is as good as none", () => {
  for (const text of ["", "{", "[]", '{"boot":"boot-1","server":{"pid":1},"children":[{}]}']) {
    writeFileSync(join(folder, "ffmpeg.pids"), text);
    const table = new Table();
    expect(new ChildJournal(folder, 501, table).endOrphans()).toBe(0);
    expect(table.killed).toEqual([]);
  }
});

test("a journal that can't be written stops nothing", () => {
  const table = new Table();
  table.started.set(1000, 9000);
  const journal = new ChildJournal(join(folder, "missing"), 500, table);
  expect(journal.watch(new FakeChildren().spawn)([], quiet).pid).toBe(1000);
});
