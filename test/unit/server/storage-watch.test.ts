import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scanFolder } from "../../../src/server/storage-scan.ts";
import { StorageWatch } from "../../../src/server/storage-watch.ts";

let folder = "";
/** Stands still: no look takes too long here, unless a test has it so. */
const nowMs = () => 0;
const limits = { filesMax: 100, msMax: 1000, nowMs };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "storage-watch-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(name: string, bytes: number): void {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, Buffer.alloc(bytes));
}

test("files count at every depth; what a link leads to does not", async () => {
  put("a", 10);
  put("deep/er/b", 5);
  const outside = mkdtempSync(join(tmpdir(), "storage-outside-"));
  writeFileSync(join(outside, "big"), Buffer.alloc(1000));
  symlinkSync(outside, join(folder, "folder-link"));
  symlinkSync(join(outside, "big"), join(folder, "file-link"));
  symlinkSync(folder, join(folder, "deep", "loop"));
  expect(await scanFolder(folder, () => true, limits)).toEqual({ bytes: 15, complete: true });
  rmSync(outside, { recursive: true });
});

test("a look is over after its files or its time, and says that it is not whole", async () => {
  for (let i = 0; i < 20; i++) put(`f${i}`, 1);
  const few = await scanFolder(folder, () => true, { ...limits, filesMax: 5 });
  expect(few).toEqual({ bytes: 5, complete: false });
  let ms = 0;
  const slow = await scanFolder(folder, () => true, { ...limits, msMax: 3, nowMs: () => ms++ });
  expect(slow.complete).toBe(false);
  expect(slow.bytes).toBeLessThan(20);
});

test("a folder that is not there holds nothing", async () => {
  const missing = join(folder, "missing");
  expect(await scanFolder(missing, () => true, limits)).toEqual({ bytes: 0, complete: true });
});

function watch(state: { bytes: number }, runs: (Error | undefined)[] = []) {
  return new StorageWatch({
    folder,
    journalPath: join(folder, "journal.sqlite"),
    state,
    journal: { bytes: 0 },
    intervalMs: 3_600_000,
    task: (work) =>
      work().then(
        () => void runs.push(undefined),
        (error: Error) => {
          runs.push(error);
          throw error;
        },
      ),
    nowMs,
    unixMs: () => 5000,
  });
}

test("writes are counted on from the last look, and the next look puts it right", async () => {
  put("dragonfork.sqlite", 4096);
  put("dragonfork.sqlite-wal", 100);
  put("journal.sqlite", 30);
  put("journal.sqlite-wal", 3);
  const state = { bytes: 4096 };
  const storage = watch(state);
  await storage.reconcile();
  expect(storage.stats).toEqual({
    bytes: { state: 4196, journal: 33 },
    complete: true,
    scannedMs: 5000,
  });
  state.bytes = 8192;
  expect(storage.stats.bytes.state).toBe(8292);
  put("dragonfork.sqlite", 8192);
  put("dragonfork.sqlite-wal", 7);
  await storage.reconcile();
  expect(storage.stats.bytes.state).toBe(8199);
});

test("a folder that is gone, with its disk, is a failed look and no empty one", async () => {
  put("dragonfork.sqlite", 10);
  const runs: (Error | undefined)[] = [];
  const storage = watch({ bytes: 10 }, runs);
  await storage.reconcile();
  rmSync(folder, { recursive: true });
  await storage.reconcile();
  expect(runs).toEqual([undefined, expect.any(Error)]);
  expect(storage.stats.complete).toBe(false);
  mkdirSync(folder);
});

test("a look that was not whole is told, and keeps what it saw", async () => {
  for (let i = 0; i < 10_001; i++) put(`f${i}`, 1);
  const runs: (Error | undefined)[] = [];
  const storage = watch({ bytes: 0 }, runs);
  await storage.reconcile();
  expect(runs).toHaveLength(1);
  expect(runs[0]?.message).toContain("not all files");
  expect(storage.stats).toMatchObject({ bytes: { state: 10_000 }, complete: false });
}, 60_000);
