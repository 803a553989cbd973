import { afterEach, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { JournalUnavailable } from "../../../src/errors.ts";
import type { EventView } from "../../../src/journal/entry.ts";
import { Journal, type KeeperThread, QUEUE_MAX } from "../../../src/journal/journal.ts";
import type { FromKeeper, ToKeeper } from "../../../src/journal/messages.ts";
import { openJournal } from "../../../src/journal/open.ts";
import { until } from "../../support/whep-player.ts";
import { newFolder, question } from "./support.ts";

const LIMITS = { ageMsMax: 86_400_000, bytesMax: 10_000_000 };
const open: Journal[] = [];
let logged: string[] = [];
const log = {
  warn: (message: string) => logged.push(`warn: ${message}`),
  info: (message: string) => logged.push(`info: ${message}`),
};

afterEach(async () => {
  await Promise.all(open.splice(0).map((journal) => journal.close()));
  logged = [];
});

/** A thread that answers only what a test lets it. */
class FakeThread implements KeeperThread {
  readonly sent: ToKeeper[] = [];
  terminated = false;
  private readonly listeners = new Map<string, (value: never) => void>();

  postMessage(message: ToKeeper): void {
    this.sent.push(message);
    if (message.type === "close") this.say({ type: "closed" });
  }

  on(event: string, listener: (value: never) => void): void {
    this.listeners.set(event, listener);
  }

  terminate(): void {
    this.terminated = true;
  }

  say(message: FromKeeper): void {
    this.listeners.get("message")?.(message as never);
  }

  die(): void {
    this.listeners.get("error")?.(new Error("no more") as never);
  }

  get batches(): readonly number[] {
    return this.sent.flatMap((message) => (message.type === "append" ? [message.rows.length] : []));
  }
}

function newJournal(thread: KeeperThread): Journal {
  const journal = new Journal({
    settings: { path: "/nowhere", limits: LIMITS },
    createThread: () => thread,
    unixMs: () => Date.now(),
    log,
  });
  open.push(journal);
  return journal;
}

test("events leave in batches, one at a time, and what waits is bounded and counted", async () => {
  const thread = new FakeThread();
  const journal = newJournal(thread);
  journal.record({ event: "process_exited" });
  journal.record({ event: "process_exited" });
  await until(() => thread.batches.length === 1, 10_000, "the first batch");
  expect(thread.batches).toEqual([2]);
  // The thread hangs: nothing more is sent to it.
  for (let i = 0; i < QUEUE_MAX; i++) journal.record({ event: "process_exited" });
  for (let i = 0; i < 10; i++) journal.record({ event: "leg_failed" });
  await Bun.sleep(700);
  expect(thread.batches).toEqual([2]);
  expect(journal.health.dropped).toBeGreaterThan(0);
  thread.say({ type: "kept", lost: 0, trouble: undefined, bytes: 0 });
  await until(() => thread.batches.length === 2, 10_000, "the second batch");
  expect(thread.batches[1]).toBe(QUEUE_MAX);
});

test("a flood of one event is folded into those that pass, and leaves the others alone", async () => {
  const thread = new FakeThread();
  const journal = newJournal(thread);
  for (let i = 0; i < 1000; i++) journal.record({ event: "auth_failed" });
  journal.record({ event: "leg_failed" });
  await until(() => thread.batches.length === 1, 10_000, "the batch");
  expect(thread.batches).toEqual([21]);
});

test("trouble is logged once, and its end", () => {
  const thread = new FakeThread();
  const journal = newJournal(thread);
  for (const trouble of ["disk full", "disk full", undefined]) {
    thread.say({ type: "kept", lost: 3, trouble, bytes: 0 });
  }
  expect(logged).toEqual([
    "warn: journal cannot be written; everything else goes on",
    "info: journal writes again",
  ]);
  expect(journal.health).toMatchObject({ trouble: undefined, dropped: 9 });
});

test("a question comes behind what was recorded before it, also while a batch is on its way", () => {
  const thread = new FakeThread();
  const journal = newJournal(thread);
  const ask = () => void journal.stats().catch(() => {});
  ask();
  journal.record({ event: "leg_failed" });
  ask();
  ask();
  const sent = () => thread.sent.map(({ type }) => type);
  expect(sent()).toEqual(["open", "append", "ask"]);
  thread.say({ type: "kept", lost: 0, trouble: undefined, bytes: 0 });
  expect(sent()).toEqual(["open", "append", "ask", "append", "ask", "ask"]);
  expect(thread.batches).toEqual([0, 1]);
});

test("questions wait in a bounded number, and fail when the thread dies", async () => {
  const thread = new FakeThread();
  const journal = newJournal(thread);
  const asked = Array.from({ length: 9 }, () => journal.stats().catch((error: unknown) => error));
  expect(String(await asked[8])).toContain("too many questions");
  thread.die();
  for (const error of await Promise.all(asked)) expect(error).toBeInstanceOf(JournalUnavailable);
  expect(journal.health.trouble).toBe("no more");
  expect(thread.terminated).toBe(true);
  expect(await journal.stats().catch((error: unknown) => error)).toBeInstanceOf(JournalUnavailable);
});

test("listeners hear of each event at once, until they leave", () => {
  const journal = newJournal(new FakeThread());
  const heard: EventView[] = [];
  const leave = journal.listen((event) => heard.push(event));
  journal.record({ event: "leg_failed", streamId: "x".repeat(500), metadata: { leg: "video" } });
  leave();
  journal.record({ event: "leg_failed" });
  expect(heard).toHaveLength(1);
  expect(heard[0]).toMatchObject({
    category: "source",
    severity: "warning",
    metadata: { leg: "video" },
  });
  expect(heard[0]?.stream_id).toHaveLength(256);
});

test("the real thread keeps, finds and counts", async () => {
  const folder = newFolder();
  const path = join(folder, "journal.sqlite");
  const options = { settings: { path, limits: LIMITS }, unixMs: () => Date.now(), log };
  const journal = openJournal(options);
  journal.record({ event: "leg_failed", streamId: "test", metadata: { leg: "audio" } });
  // What was recorded before the question is found, without waiting for a batch.
  const around = { fromMs: Date.now() - 60_000, toMs: Date.now() + 60_000 };
  const query = { ...question({ query: { "metadata.leg": "audio" } }), ...around };
  expect((await journal.search(query)).records).toHaveLength(1);
  journal.record({ event: "server_stopping" });
  await journal.close();
  const again = openJournal(options);
  expect((await again.stats()).byEvent).toEqual({ leg_failed: 1, server_stopping: 1 });
  await again.close();
  rmSync(folder, { recursive: true });
});
