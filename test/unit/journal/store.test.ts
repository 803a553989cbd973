import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { JournalStore } from "../../../src/journal/store.ts";
import { NOW_MS, newFolder, question, row } from "./support.ts";

let folder: string;
let store: JournalStore;
const DAY_MS = 86_400_000;

beforeEach(() => {
  folder = newFolder();
  store = JournalStore.open(join(folder, "sub/journal.sqlite"), () => 0);
});

afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

const ids = (body: Readonly<Record<string, unknown>>) =>
  store.search(question(body)).records.map(({ id }) => id);

describe("a search", () => {
  beforeEach(() => {
    store.append([
      row(4000, {
        event: "connection_state_changed",
        streamId: "a",
        peerId: "p1",
        metadata: { state: "failed", n: 3 },
      }),
      row(3000, {
        event: "connection_state_changed",
        streamId: "a",
        peerId: "p2",
        metadata: { state: "connected" },
      }),
      row(2000, {
        event: "connection_quality_update",
        streamId: "b",
        peerId: "p2",
        metadata: { roundTripTime: 620.5, moved: true },
      }),
      row(1000, {
        event: "leg_failed",
        streamId: "b",
        metadata: { leg: "video", text: "500", n: 1 },
      }),
    ]);
  });

  test.each([
    [{}, [4, 3, 2, 1]],
    [{ sort: { timestamp: 1 } }, [1, 2, 3, 4]],
    [{ query: { event: "connection_state_changed" } }, [2, 1]],
    [{ query: { event: { regex: "^connection_" } } }, [3, 2, 1]],
    [{ query: { event: { regex: "FAILED" } } }, []],
    [{ query: { stream_id: "a", peer_id: "p2" } }, [2]],
    [{ query: { peer_id: null } }, [4]],
    [{ query: { category: "source", severity: "warning" } }, [4]],
    [{ query: { id: { $gte: 2, $lt: 4 } } }, [3, 2]],
    [{ query: { "metadata.state": "failed" } }, [1]],
    [{ query: { "metadata.state": { regex: "^(failed|connected)$" } } }, [2, 1]],
    [{ query: { "metadata.state": null } }, [4, 3]],
    [{ query: { "metadata.roundTripTime": { $gt: 500 } } }, [3]],
    [{ query: { "metadata.text": { $gt: 1 } } }, []],
    [{ query: { "metadata.text": "500" } }, [4]],
    [{ query: { "metadata.text": 500 } }, []],
    [{ query: { "metadata.n": 1 } }, [4]],
    [{ query: { "metadata.moved": true } }, [3]],
    [{ query: { "metadata.n": true } }, []],
    [{ time_range: { from: "-50m", to: "-20m" } }, [3, 2]],
  ])("%j finds %j", (body, expected) => {
    expect(ids(body)).toEqual(expected);
  });

  test("shows all that is known of an event", () => {
    expect(store.search(question({ limit: 1 })).records).toEqual([
      {
        id: 4,
        timestamp: "2026-11-20T20:43:20.000Z",
        event: "leg_failed",
        category: "source",
        severity: "warning",
        stream_id: "b",
        peer_id: null,
        metadata: { leg: "video", text: "500", n: 1 },
      },
    ]);
  });
});

test("the cursor leads through everything once, in either direction, also through equal times", () => {
  store.append(Array.from({ length: 25 }, (_, i) => row(100 - (i % 3))));
  for (const timestamp of [1, -1] as const) {
    const found: number[] = [];
    let cursor: string | undefined;
    for (let i = 0; i < 10; i++) {
      const answer = store.search(question({ limit: 4, sort: { timestamp }, cursor }));
      found.push(...answer.records.map(({ id }) => id));
      if (answer.cursor === undefined) break;
      cursor = `${answer.cursor.atMs}.${answer.cursor.id}`;
    }
    expect([...found].sort((a, b) => a - b)).toEqual(Array.from({ length: 25 }, (_, i) => i + 1));
  }
});

test("a search that takes long ends with a cursor from where to go on", () => {
  let nowMs = 0;
  const slow = JournalStore.open(join(folder, "slow.sqlite"), () => (nowMs += 300));
  slow.append(Array.from({ length: 500 }, (_, i) => row(500 - i)));
  const first = slow.search(question({ query: { event: { regex: "nothing" } } }));
  expect(first.records).toEqual([]);
  expect(first.cursor).toEqual({ atMs: NOW_MS - 128_000, id: 373 });
  slow.close();
});

test("statistics count by event", () => {
  expect(store.stats()).toMatchObject({ events: 0, oldestMs: undefined, newestMs: undefined });
  store.append([row(9), row(5), row(7, { event: "leg_failed" })]);
  expect(store.stats()).toMatchObject({
    events: 3,
    byEvent: { server_started: 2, leg_failed: 1 },
    oldestMs: NOW_MS - 9000,
    newestMs: NOW_MS - 5000,
  });
});

describe("a trim", () => {
  const limits = { ageMsMax: 30 * DAY_MS, bytesMax: 500_000 };

  test("takes away what is too old, and nothing else", () => {
    store.append([row(31 * 86_400), row(29 * 86_400), row(1)]);
    expect(store.trim(limits, NOW_MS)).toBe(false);
    expect(ids({ time_range: { from: "-5w" } })).toEqual([3, 2]);
  });

  test("takes the oldest away until the file has room again", () => {
    const text = "x".repeat(200);
    store.append(Array.from({ length: 5000 }, () => row(1, { metadata: { text } })));
    const before = store.bytes;
    let rounds = 0;
    while (store.trim(limits, NOW_MS)) rounds++;
    expect(before).toBeGreaterThan(limits.bytesMax);
    expect(rounds).toBeGreaterThan(0);
    expect(store.bytes).toBeLessThanOrEqual(limits.bytesMax * 0.9);
    const left = store.search(question({ limit: 10_000 })).records.map(({ id }) => id);
    expect(left[0]).toBe(5000);
    expect(left.at(-1)).toBe(5001 - left.length);
    store.close();
    // The freed pages have left the file too.
    expect(statSync(join(folder, "sub/journal.sqlite")).size).toBeLessThan(limits.bytesMax);
    store = JournalStore.open(join(folder, "sub/journal.sqlite"), () => 0);
  });
});

test("what was appended is there after a new start, readable by its owner only", () => {
  store.append([row(1)]);
  store.close();
  const path = join(folder, "sub/journal.sqlite");
  store = JournalStore.open(path, () => 0);
  expect(store.stats().events).toBe(1);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});
