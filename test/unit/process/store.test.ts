import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StoreFailed } from "../../../src/errors/process.ts";
import { parseRecord } from "../../../src/process/record.ts";
import { SERVER_METADATA_KEYS_MAX, ServerMetadata } from "../../../src/process/server-metadata.ts";
import { guard, OPEN_REMEDY } from "../../../src/process/store/guard.ts";
import { lockFileName, lockStore } from "../../../src/process/store/lock.ts";
import { ProcessStore, type StoredProcess, storeFileName } from "../../../src/process/store.ts";
import { fixedRandom } from "../../support/fixed-random.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "store-"));
  path = join(folder, storeFileName);
});
afterEach(() => rmSync(folder, { recursive: true }));

function stored(id: string, more: Partial<StoredProcess> = {}): StoredProcess {
  const record = parseRecord({
    id,
    input: [{ id: "i", address: "rtsp://u:p@cam/1", options: ["-rtsp_transport", "tcp"] }],
    webrtc: { enabled: true, max_peers: 7 },
  });
  return { record, order: "start", metadata: {}, createdAt: 1, updatedAt: 2, ...more };
}

function failure(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(StoreFailed);
    return String(error);
  }
  throw new Error("it worked");
}

/** Opens, acts, closes: what is read after it was on disk. */
function withStore<T>(action: (store: ProcessStore) => T): T {
  const store = ProcessStore.open(folder);
  try {
    return action(store);
  } finally {
    store.close();
  }
}

describe("what is written", () => {
  test("is read again as it was, in the order it was added", () => {
    const a = stored("a/b:c", { metadata: { ui: { x: [1, null] } } });
    const b = stored("b", { order: "stop" });
    withStore((store) => {
      store.insert(a);
      store.insert(b);
    });
    expect(withStore((store) => store.load())).toEqual({ processes: [a, b], unreadable: [] });
  });

  test("can be replaced under another id, reordered, described and removed", () => {
    withStore((store) => {
      store.insert(stored("a"));
      store.insert(stored("b"));
      store.replace("a", stored("c", { updatedAt: 9 }));
      store.setOrder("c", "stop");
      store.setMetadata("c", { note: "x" });
      store.remove("b");
    });
    expect(withStore((store) => store.load().processes)).toEqual([
      stored("c", { updatedAt: 9, order: "stop", metadata: { note: "x" } }),
    ]);
  });

  test("the server's metadata are there after a restart, also without any process", () => {
    withStore((store) => {
      const metadata = new ServerMetadata(store);
      metadata.set("ui", { theme: "dark" });
      metadata.set("gone", 1);
      metadata.set("gone", null);
    });
    withStore((store) =>
      expect(new ServerMetadata(store).all()).toEqual({ ui: { theme: "dark" } }),
    );
  });

  test("the server's metadata have a bound", () => {
    const kept = { serverMetadata: () => new Map(), setServerMetadata: () => undefined };
    const metadata = new ServerMetadata(kept);
    for (let i = 0; i < SERVER_METADATA_KEYS_MAX; i++) metadata.set(`k${i}`, i);
    expect(() => metadata.set("more", 1)).toThrow("Invalid metadata");
    metadata.set("k0", "changed");
    expect(metadata.get("k0")).toBe("changed");
  });

  test("holds passwords, so only the owner may read the file", () => {
    withStore((store) => store.insert(stored("a")));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("survives a power cut: full synchronisation, write-ahead log", () => {
    withStore((store) => store.insert(stored("a")));
    const database = new Database(path);
    expect(database.query("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
    expect(database.query("PRAGMA user_version").get()).toEqual({ user_version: 3 });
    database.close();
  });
});

describe("a store of an earlier version", () => {
  /** As version 1 wrote it. */
  function writeFirstVersion(): void {
    const database = new Database(path, { create: true });
    database.run(
      "CREATE TABLE process (id TEXT PRIMARY KEY NOT NULL, record TEXT NOT NULL, run_order TEXT NOT NULL CHECK (run_order IN ('start', 'stop')), metadata TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT",
    );
    const { webrtc: _, ...record } = stored("old").record;
    database
      .query("INSERT INTO process VALUES ('old', ?, 'start', '{}', 1, 2)")
      .run(JSON.stringify({ ...record, webrtc: { enabled: true } }));
    database.run("PRAGMA user_version = 1");
    database.close();
  }

  test("is brought up to date with what it holds, and new keys get their defaults", () => {
    writeFirstVersion();
    withStore((store) => {
      expect(store.load().unreadable).toEqual([]);
      expect(store.load().processes[0]?.record.webrtc).toMatchObject({
        ...{ enabled: true, gop_cache: { enabled: true, seconds: 0, packets: 0, bytes: 0 } },
      });
      store.setServerMetadata("k", 1);
    });
    withStore((store) => expect(store.serverMetadata()).toEqual(new Map([["k", 1]])));
  });

  test("that can't be brought up to date stays as it was", () => {
    writeFirstVersion();
    const database = new Database(path);
    database.run("CREATE TABLE viewer_token (in_the_way INTEGER)");
    database.close();
    expect(failure(() => ProcessStore.open(folder))).toContain("viewer_token");
    const left = new Database(path, { readonly: true });
    expect(left.query("PRAGMA user_version").get()).toEqual({ user_version: 1 });
    expect(left.query("SELECT name FROM sqlite_schema WHERE name = 'server_metadata'").get()).toBe(
      null,
    );
    left.close();
  });

  test("is not changed by a look at it", () => {
    writeFirstVersion();
    const before = readFileSync(path);
    expect(failure(() => ProcessStore.openToRead(folder))).toContain("start the server once");
    expect(readFileSync(path)).toEqual(before);
  });
});

describe("taking over", () => {
  test("is all or nothing", () => {
    withStore((store) => {
      store.insert(stored("b"));
      expect(failure(() => store.takeOver([stored("a"), stored("b")], { k: 1 }))).toContain(
        "UNIQUE",
      );
      expect(store.load().processes.map(({ record }) => record.id)).toEqual(["b"]);
      store.takeOver([stored("a"), stored("c")], { k: 1 });
    });
    withStore((store) => {
      expect(store.load().processes.map(({ record }) => record.id)).toEqual(["b", "a", "c"]);
      expect(store.serverMetadata()).toEqual(new Map([["k", 1]]));
    });
  });
});

test("a folder has one user at a time", () => {
  const unlock = lockStore(folder);
  expect(failure(() => lockStore(folder))).toContain(`${folder} is in use by a running server.`);
  unlock();
  lockStore(folder)();
  writeFileSync(path, "");
  expect(failure(() => lockStore(join(path, "x")))).toContain("dragonfork.lock can't be opened");
});

describe("on a full disk", () => {
  test("a server starts: neither its lock nor a store of this version is written to", () => {
    withStore((store) => store.insert(stored("a")));
    const unlock = lockStore(folder);
    expect(existsSync(join(folder, "dragonfork.lock-journal"))).toBe(false);
    unlock();
    withStore(() => expect(statSync(`${path}-wal`).size).toBe(0));
  });

  test("a failure says what helps", () => {
    const full = new Database(":memory:");
    full.run("PRAGMA max_page_count = 1");
    const write = () => full.run("CREATE TABLE a (b); CREATE TABLE c (d)");
    expect(failure(() => guard("writing failed", write, OPEN_REMEDY))).toEndWith(
      "writing failed (database or disk is full). Make room on the disk.",
    );
    full.close();
  });
});

test("tells an empty store that it has begun from one that was there", () => {
  expect(withStore((store) => store.isNew)).toBe(true);
  expect(withStore((store) => store.isNew)).toBe(false);
});

describe("what goes wrong", () => {
  test("a damaged lock may be deleted, one that can't be opened may not", () => {
    const lock = join(folder, lockFileName);
    writeFileSync(lock, "x".repeat(5000));
    expect(failure(() => lockStore(folder))).toContain("Nothing is in it: delete it.");
    rmSync(lock);
    mkdirSync(lock);
    expect(failure(() => lockStore(folder))).toContain("The server has to write there");
  });

  test("knows its size without a look at the file", () => {
    withStore((store) => {
      const before = store.bytes;
      for (let i = 0; i < 50; i++) store.insert(stored(`cam-${i}`));
      expect(store.bytes).toBeGreaterThan(before);
    });
    withStore((store) => expect(store.bytes).toBe(statSync(join(folder, storeFileName)).size));
  });

  test("a used id is refused and nothing changes", () => {
    withStore((store) => {
      store.insert(stored("a"));
      expect(failure(() => store.insert(stored("a", { createdAt: 99 })))).toContain("UNIQUE");
      expect(store.load().processes).toEqual([stored("a")]);
    });
  });

  test("a write after the file was closed under us is reported, not swallowed", () => {
    const store = ProcessStore.open(folder);
    store.close();
    expect(failure(() => store.insert(stored("a")))).toContain("The store can't be used");
  });

  test("a file that is no database is refused and left as it is", () => {
    writeFileSync(path, "this is not a database, but somebody's notes".repeat(50));
    const before = readFileSync(path);
    expect(failure(() => ProcessStore.open(folder))).toContain("file is not a database");
    expect(readFileSync(path)).toEqual(before);
    expect(existsSync(`${path}-wal`)).toBe(false);
  });

  test("a damaged database is refused and left as it is", () => {
    withStore((store) => {
      for (let at = 0; at < 200; at++) store.insert(stored(`process ${at}`));
    });
    const bytes = readFileSync(path);
    bytes.fill(0xff, 4096 * 2, 4096 * 4);
    writeFileSync(path, bytes);
    expect(failure(() => ProcessStore.open(folder))).toMatch(/damaged|malformed/);
    expect(readFileSync(path)).toEqual(bytes);
  });

  test("whatever bytes are damaged, the file is refused and not written, or the process is named", () => {
    withStore((store) => {
      for (let at = 0; at < 60; at++) store.insert(stored(`process ${at}`));
    });
    const whole = readFileSync(path);
    const all = withStore((store) => store.load().processes);
    const random = fixedRandom(5);
    let found = 0;
    for (let round = 0; round < 60; round++) {
      const bytes = Buffer.from(whole);
      const from = random.below(bytes.length);
      bytes.fill(random.bytes(64), from, from + 64);
      writeFileSync(path, bytes);
      try {
        const store = ProcessStore.open(folder);
        const { processes, unreadable } = store.load();
        expect(processes.length + unreadable.length).toBe(60);
        if (unreadable.length > 0) found++;
        else expect(processes).toEqual(all);
        store.close();
      } catch (error) {
        found++;
        expect(error).toBeInstanceOf(StoreFailed);
        expect(readFileSync(path).equals(bytes)).toBe(true);
      }
      for (const rest of ["-wal", "-shm"]) rmSync(`${path}${rest}`, { force: true });
    }
    // What is left of 60 hit free space of a page.
    expect(found).toBeGreaterThan(20);
  });

  test("what is no database is refused as it is, with what to do", () => {
    for (const bytes of ["no database, but long enough to be one", "x".repeat(20_000)]) {
      writeFileSync(path, bytes);
      expect(failure(() => ProcessStore.open(folder))).toContain("move it away to start empty");
      expect(readFileSync(path, "utf8")).toBe(bytes);
    }
  });

  test("a folder that may not be written to is named, with what to do", () => {
    writeFileSync(join(folder, "file"), "");
    const inFile = join(folder, "file", "db");
    for (const open of [() => ProcessStore.open(inFile), () => lockStore(inFile)]) {
      expect(failure(open)).toMatch(/file\/db.*choose another CORE_DB_DIR/);
    }
  });

  test("a file of a newer version is refused with what to do", () => {
    withStore(() => undefined);
    const database = new Database(path);
    database.run("PRAGMA user_version = 99");
    database.close();
    expect(failure(() => ProcessStore.open(folder))).toContain("written by a newer version (99");
  });

  test("a folder that can't be made is named", () => {
    writeFileSync(join(folder, "file"), "");
    expect(failure(() => ProcessStore.open(join(folder, "file", "db")))).toContain(storeFileName);
  });

  test("a damaged value of the server's metadata is left out, and the server starts", () => {
    withStore((store) => {
      store.setServerMetadata("good", 1);
      store.setServerMetadata("bad", 2);
    });
    const database = new Database(path);
    database.run("UPDATE server_metadata SET value = '{' WHERE key = 'bad'");
    database.close();
    withStore((store) => {
      expect(new ServerMetadata(store).all()).toEqual({ good: 1 });
      store.setServerMetadata("bad", 3);
      expect(store.serverMetadata().get("bad")).toBe(3);
    });
  });

  test("a row that breaks today's rules is kept and named, the others are read", () => {
    withStore((store) => {
      store.insert(stored("good"));
      store.insert(stored("bad"));
    });
    const database = new Database(path);
    database.run(`UPDATE process SET record = '{"id":"bad"}' WHERE id = 'bad'`);
    database.close();
    const { processes, unreadable } = withStore((store) => store.load());
    expect(processes.map((one) => one.record.id)).toEqual(["good"]);
    expect(unreadable.map((one) => one.id)).toEqual(["bad"]);
  });
});
