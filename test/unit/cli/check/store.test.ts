import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkStore } from "../../../../src/cli/check/store.ts";
import { parseRecord } from "../../../../src/process/record.ts";
import { ProcessStore, storeFileName } from "../../../../src/process/store.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dragonfork-check-store-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function store(...ids: string[]): void {
  const opened = ProcessStore.open(folder);
  for (const id of ids) {
    const input = [{ id: "i", address: "rtsp://cam/1" }];
    const record = parseRecord({ id, input, webrtc: { enabled: true } });
    opened.insert({ record, order: "stop", metadata: {}, createdAt: 1, updatedAt: 1 });
  }
  opened.close();
}

test("none is fine, and none is made", () => {
  expect(checkStore(folder)).toMatchObject({ passed: true });
  expect(existsSync(join(folder, storeFileName))).toBe(false);
});

test("what is in it is counted, and what this version cannot run is named", () => {
  store("a", "b", "c");
  const database = new Database(join(folder, storeFileName));
  database.run("UPDATE process SET record = '{' WHERE id = 'b'");
  database.close();
  const { passed, detail } = checkStore(folder);
  expect(passed).toBe(true);
  expect(detail).toMatch(/2 processes, and not usable, so not run: b \(/);
});

test("a damaged one fails, with what to do", () => {
  writeFileSync(join(folder, storeFileName), "no database, but long enough to be one");
  expect(checkStore(folder)).toEqual({
    name: "process store",
    passed: false,
    detail: expect.stringContaining("is damaged (file is not a database)"),
  });
});
