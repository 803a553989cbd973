/** `dragonfork import` and `export` on real files and a real store. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfiguration } from "../../../src/cli/configuration.ts";
import { exportDb, importDb } from "../../../src/cli/transfer.ts";
import { lockStore } from "../../../src/process/store/lock.ts";
import { ProcessStore } from "../../../src/process/store.ts";

const coreDb = new URL("../../fixtures/core-db.json", import.meta.url).pathname;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "transfer-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function setUp(db = "db") {
  const env = { CORE_DB_DIR: join(folder, db), CORE_STORAGE_DISK_DIR: join(folder, "disk") };
  const configuration = readConfiguration(undefined, env);
  if ("problems" in configuration) throw new Error(configuration.problems.join());
  let said = "";
  const note = (text: string) => {
    said += text;
  };
  const outputs = { out: note, err: note };
  return {
    folder: env.CORE_DB_DIR,
    take: (from: string, skipInvalid = false) =>
      importDb(configuration, { from, skipInvalid }, outputs),
    give: (to: string) => exportDb(configuration, to, outputs),
    said: () => said,
  };
}

function storedIds(dbFolder: string): string[] {
  const store = ProcessStore.open(dbFolder);
  const ids = store.load().processes.map(({ record }) => record.id);
  store.close();
  return ids;
}

/** Core's file with one process that breaks a rule. */
function halfBroken(): string {
  const file = JSON.parse(readFileSync(coreDb, "utf8"));
  file.process.cam.config.input = [];
  const path = join(folder, "half.json");
  writeFileSync(path, JSON.stringify(file));
  return path;
}

describe("import", () => {
  test("takes Core's processes over, and an export of them imports the same again", async () => {
    const first = setUp();
    expect(first.take(coreDb)).toBe(0);
    expect(first.said()).toContain("2 processes imported into ");
    const file = join(folder, "export.json");
    expect(await first.give(file)).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(existsSync(`${file}.tmp`)).toBe(false);
    const second = setUp("other");
    expect(second.take(file)).toBe(0);
    const again = join(folder, "again.json");
    expect(await second.give(again)).toBe(0);
    expect(readFileSync(again, "utf8")).toBe(readFileSync(file, "utf8"));
    expect(readFileSync(file, "utf8")).toContain("admin:s3cret@");
  });

  test("of a file with a wrong process changes nothing, unless that is to be left out", () => {
    const { folder: db, take, said } = setUp();
    expect(take(halfBroken())).toBe(1);
    expect(said()).toContain('refused: process "cam": input has 0, output has 1');
    expect(said()).toContain("Nothing was imported.");
    expect(storedIds(db)).toEqual([]);
    expect(take(halfBroken(), true)).toBe(0);
    expect(storedIds(db)).toEqual(["restreamer-ui:ingest:1"]);
  });

  test("over processes that are there already changes nothing", () => {
    const { folder: db, take, said } = setUp();
    expect(take(coreDb)).toBe(0);
    expect(take(coreDb)).toBe(1);
    expect(said()).toContain('refused: process "cam": is in the store already');
    expect(storedIds(db)).toHaveLength(2);
  });

  test("says what will not start, without the password", () => {
    const { take, said } = setUp();
    const path = join(folder, "memfs.json");
    writeFileSync(path, readFileSync(coreDb, "utf8").replace("{diskfs}", "{memfs}"));
    expect(take(path)).toBe(0);
    expect(said()).toContain('note: process "cam": will not start: ');
    expect(said()).not.toContain("s3cret");
  });

  test("beside a running server is refused", () => {
    const { folder: db, take, said } = setUp();
    const unlock = lockStore(db);
    expect(take(coreDb)).toBe(1);
    expect(said()).toContain("is in use by a running server. Stop that one first");
    unlock();
    expect(take(coreDb)).toBe(0);
  });

  test("of no JSON and of a file that is not there says so", () => {
    const { take, said } = setUp();
    const path = join(folder, "notes.txt");
    writeFileSync(path, "notes");
    expect(take(path)).toBe(1);
    expect(said()).toContain("It is not JSON");
    expect(take(join(folder, "nothing.json"))).toBe(1);
    expect(said()).toContain("ENOENT");
  });
});

describe("export", () => {
  test("goes on beside a running server", async () => {
    const { folder: db, take, give } = setUp();
    take(coreDb);
    const unlock = lockStore(db);
    const store = ProcessStore.open(db);
    expect(await give(join(folder, "live.json"))).toBe(0);
    store.close();
    unlock();
  });

  test("without a store makes none, and into a folder that is not there leaves nothing", async () => {
    const { folder: db, give, said, take } = setUp();
    expect(await give(join(folder, "x.json"))).toBe(1);
    expect(said()).toContain("can't be read");
    expect(existsSync(db)).toBe(false);
    take(coreDb);
    expect(await give(join(folder, "no", "x.json"))).toBe(1);
    expect(said()).toContain("ENOENT");
  });
});
