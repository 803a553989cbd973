import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MintedToken } from "../../../../src/auth/viewer-token.ts";
import { StoreFailed } from "../../../../src/errors/process.ts";
import { parseRecord } from "../../../../src/process/record.ts";
import { ProcessStore, storeFileName } from "../../../../src/process/store.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "store-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Opens, acts, closes: what is read after it was on disk. */
function withStore<T>(action: (store: ProcessStore) => T): T {
  const store = ProcessStore.open(folder);
  try {
    return action(store);
  } finally {
    store.close();
  }
}

function token(id: string, more: Partial<MintedToken> = {}): MintedToken {
  return {
    id,
    streamId: "cam",
    label: "lobby",
    createdAt: 10,
    expiresAt: 20,
    viewersMax: 3,
    bitrateMax: undefined,
    ...more,
  };
}

function stored(id: string) {
  const record = parseRecord({ id, input: [{ id: "i", address: "x" }], webrtc: { enabled: true } });
  return { record, order: "stop", metadata: {}, createdAt: 1, updatedAt: 2 } as const;
}

describe("viewer tokens", () => {
  test("are read again as they were, the newest first", () => {
    const [first, second] = [token("a"), token("b", { createdAt: 11, bitrateMax: 5000 })];
    withStore(({ viewerTokens }) => {
      viewerTokens.insert(first);
      viewerTokens.insert(second);
      viewerTokens.insert(token("c", { streamId: "else" }));
    });
    withStore(({ viewerTokens }) => {
      expect(viewerTokens.list("cam")).toEqual([second, first]);
      expect(viewerTokens.get("a")).toEqual(first);
      expect(viewerTokens.get("none")).toBeUndefined();
      expect(viewerTokens.count()).toBe(3);
    });
  });

  test("are removed one by one, and with their time", () => {
    withStore(({ viewerTokens }) => {
      for (const id of ["a", "b"]) viewerTokens.insert(token(id));
      viewerTokens.insert(token("c", { expiresAt: 21 }));
      viewerTokens.remove("a");
      expect(viewerTokens.count()).toBe(2);
      viewerTokens.removeExpired(20);
    });
    expect(withStore(({ viewerTokens }) => viewerTokens.list("cam"))).toEqual([
      token("c", { expiresAt: 21 }),
    ]);
  });

  test("go with their process, and when it gets another id, but not when it is changed", () => {
    withStore((store) => {
      for (const id of ["cam", "moved", "kept"]) {
        store.insert(stored(id));
        store.viewerTokens.insert(token(`of-${id}`, { streamId: id }));
      }
      store.remove("cam");
      store.replace("moved", stored("elsewhere"));
      store.replace("kept", stored("kept"));
      expect(store.viewerTokens.list("cam")).toEqual([]);
      expect(store.viewerTokens.list("moved")).toEqual([]);
      expect(store.viewerTokens.list("kept")).toHaveLength(1);
    });
  });

  test("find their table in a store of an earlier version", () => {
    const database = new Database(join(folder, storeFileName), { create: true });
    database.run(
      "CREATE TABLE process (id TEXT PRIMARY KEY NOT NULL, record TEXT NOT NULL, run_order TEXT NOT NULL, metadata TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT",
    );
    database.run("PRAGMA user_version = 1");
    database.close();
    withStore((store) => {
      store.insert(stored("cam"));
      store.viewerTokens.insert(token("a"));
      expect(store.viewerTokens.count()).toBe(1);
    });
  });

  test("that cannot be written are a failure of the store", () => {
    withStore(({ viewerTokens }) => {
      viewerTokens.insert(token("a"));
      expect(() => viewerTokens.insert(token("a"))).toThrow(StoreFailed);
    });
  });
});
