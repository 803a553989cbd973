import { expect, test } from "bun:test";
import type { MintedToken } from "../../../src/auth/viewer-token.ts";
import type { JournalEntry } from "../../../src/journal/entry.ts";
import { parseRecord } from "../../../src/process/record.ts";
import { journaledProcesses, journaledTokens, refusalEntry } from "../../../src/server/journal.ts";
import { FakeProcesses } from "../../api/support/fakes.ts";

const RECORD = parseRecord({
  id: "cam",
  input: [{ id: "in", address: "testsrc" }],
  output: [],
  webrtc: { enabled: true },
});

function newJournal() {
  const written: JournalEntry[] = [];
  return { written, journal: { record: (entry: JournalEntry) => void written.push(entry) } };
}

test("what the API changes is written down, also to whom, and nothing that failed", async () => {
  const { written, journal } = newJournal();
  const processes = journaledProcesses(new FakeProcesses(), journal);
  processes.add({ ...RECORD });
  expect(() => processes.add({ ...RECORD })).toThrow();
  await processes.update("cam", { ...RECORD, id: "door" });
  await processes.command("door", "restart");
  await processes.command("nobody", "stop").catch(() => undefined);
  processes.setMetadata("door", "ui", 5);
  await processes.delete("door");
  expect(
    written.map(({ event, streamId, metadata }) => ({ event, streamId, ...metadata })),
  ).toEqual<unknown>([
    { event: "config_changed", streamId: "cam", change: "process_added" },
    { event: "config_changed", streamId: "door", change: "process_updated", renamed_from: "cam" },
    { event: "process_command", streamId: "door", command: "restart" },
    { event: "config_changed", streamId: "door", change: "process_metadata_set", key: "ui" },
    { event: "config_changed", streamId: "door", change: "process_deleted" },
  ]);
});

test("viewer tokens are told by their ids, when they are made and revoked", () => {
  const { written, journal } = newJournal();
  const kept = new Map<string, MintedToken>();
  const tokens = journaledTokens(
    {
      get: (id) => kept.get(id),
      list: () => [...kept.values()],
      count: () => kept.size,
      insert: (token) => void kept.set(token.id, token),
      remove: (id) => void kept.delete(id),
      removeExpired: () => kept.clear(),
    },
    journal,
  );
  const times = { createdAt: 1, expiresAt: 2, viewersMax: 0, bitrateMax: undefined };
  tokens.insert({ id: "t1", streamId: "cam", label: "for Ann", ...times });
  expect([tokens.get("t1")?.label, tokens.list("cam").length, tokens.count()]).toEqual([
    "for Ann",
    1,
    1,
  ]);
  tokens.remove("t1");
  tokens.insert({ id: "t2", streamId: "cam", label: "", ...times });
  tokens.removeExpired(5);
  expect(kept.size).toBe(0);
  expect(written.map(({ streamId, metadata }) => ({ streamId, ...metadata }))).toEqual<unknown>([
    { streamId: "cam", change: "viewer_token_made", token_id: "t1" },
    { streamId: "cam", change: "viewer_token_revoked", token_id: "t1" },
    { streamId: "cam", change: "viewer_token_made", token_id: "t2" },
  ]);
});

test("a refused request is written down without the secret of its session", () => {
  const entry = refusalEntry({
    event: "auth_failed",
    method: "PATCH",
    url: "http://host:8080/api/v3/whep/cam/the-secret?token=also-secret",
    clientAddress: "192.0.2.7",
    ids: { request: "r1", trace: "t1" },
  });
  expect(entry).toEqual({
    event: "auth_failed",
    metadata: {
      method: "PATCH",
      path: "/api/v3/whep/cam",
      client_address: "192.0.2.7",
      request_id: "r1",
      trace_id: "t1",
    },
  });
});
