import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProcessStore } from "../../../src/process/store.ts";
import { missing } from "../../../src/server/readiness.ts";

const shard = (name: string, isServing: boolean) => ({
  ...{ name, isServing, heartbeatAgeMs: 0, restarts: 0, peerCount: 0, sessionsCompleted: 0 },
});
const READY = {
  store: { problem: () => undefined },
  peers: { health: [shard("media-0", true)] },
  isDraining: () => false,
};

test("nothing is missing where the store is open and each media port served", () => {
  expect(missing(READY)).toEqual([]);
});

test("each thing that is missing is named", () => {
  const peers = { health: [shard("media-0", true), shard("media-1", false)] };
  expect(missing({ ...READY, peers, isDraining: () => true })).toEqual([
    "the server is shutting down",
    "the media port of media-1 is not served",
  ]);
});

test("a store that is closed is told", () => {
  const folder = mkdtempSync(join(tmpdir(), "readiness-"));
  const store = ProcessStore.open(folder);
  expect(missing({ ...READY, store })).toEqual([]);
  store.close();
  expect(missing({ ...READY, store })).toEqual([
    expect.stringMatching(/^the process store cannot be read \(.+\)$/),
  ]);
  rmSync(folder, { recursive: true });
});
