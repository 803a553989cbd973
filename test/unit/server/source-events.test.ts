import { describe, expect, test } from "bun:test";
import type { JournalEntry } from "../../../src/journal/entry.ts";
import { parseRecord } from "../../../src/process/record.ts";
import type { ExecState } from "../../../src/process/state.ts";
import { REMINDER_MS, SHORT_RUNS_MAX } from "../../../src/server/short-runs.ts";
import { SourceEvents } from "../../../src/server/source-events.ts";
import { FakeClock } from "../process/fakes.ts";

const RECORD = parseRecord({
  id: "cam",
  input: [{ id: "in", address: "testsrc" }],
  output: [],
  reconnect: true,
  webrtc: { enabled: true },
});

function newJournal() {
  const written: JournalEntry[] = [];
  return { written, journal: { record: (entry: JournalEntry) => void written.push(entry) } };
}

describe("what happens to FFmpeg", () => {
  test("is written down and passed on", () => {
    const { written, journal } = newJournal();
    const passedOn: string[] = [];
    const { hooks } = new SourceEvents(journal, new FakeClock()).watch({
      onRecord: () => {},
      hooks: {
        prepare: async () => [],
        started: () => {},
        exited: () => passedOn.push("exited"),
        stateChanged: (_, state) => passedOn.push(state),
        mediaPackets: () => 0,
      },
    });
    for (const state of ["starting", "running", "failed"] as ExecState[]) {
      hooks.stateChanged(RECORD, state);
    }
    hooks.exited(RECORD, { code: 1, signal: null, willRestart: true });
    hooks.exited(RECORD, { code: null, signal: "SIGKILL", willRestart: false });
    expect(passedOn).toEqual(["starting", "running", "failed", "exited", "exited"]);
    expect(written).toEqual([
      {
        event: "process_state_changed",
        streamId: "cam",
        severity: "info",
        metadata: { state: "starting" },
      },
      {
        event: "process_state_changed",
        streamId: "cam",
        severity: "info",
        metadata: { state: "running" },
      },
      {
        event: "process_state_changed",
        streamId: "cam",
        severity: "warning",
        metadata: { state: "failed" },
      },
      { event: "process_exited", streamId: "cam", metadata: { code: 1, will_restart: true } },
      {
        event: "process_exited",
        streamId: "cam",
        metadata: { signal: "SIGKILL", will_restart: false },
      },
    ]);
  });

  test("names the leg that failed, and how", () => {
    const { written, journal } = newJournal();
    new SourceEvents(journal, new FakeClock()).legFailed("cam", "audio", "no_rtp");
    expect(written[0]).toMatchObject({
      event: "leg_failed",
      metadata: { leg: "audio", failure: "no_rtp" },
    });
  });
});

describe("a source that is away", () => {
  /** One attempt that fails after 15 s, as those of a process whose camera is away. */
  const RETRY_MS = 45_000;

  function newSource() {
    const { written, journal } = newJournal();
    const clock = new FakeClock();
    const events = new SourceEvents(journal, clock);
    const { hooks, onRecord } = events.watch({
      onRecord: () => {},
      hooks: {
        prepare: async () => [],
        started: () => {},
        exited: () => {},
        stateChanged: () => {},
        mediaPackets: () => 0,
      },
    });
    const attempt = async (willRestart = true) => {
      hooks.stateChanged(RECORD, "starting");
      hooks.stateChanged(RECORD, "running");
      await clock.advance(15_000);
      hooks.stateChanged(RECORD, "failed");
      events.legFailed("cam", "video", "process_died");
      hooks.exited(RECORD, { code: 1, signal: null, willRestart });
      await clock.advance(RETRY_MS - 15_000);
    };
    /** Of one attempt. */
    const eventsEach = 5;
    return { written, clock, hooks, onRecord, attempt, eventsEach };
  }

  test("is written down a few times, then once an hour with what was left out", async () => {
    const { written, attempt, eventsEach } = newSource();
    const attemptsEachHour = REMINDER_MS / RETRY_MS;
    for (let i = 0; i < SHORT_RUNS_MAX; i++) await attempt();
    expect(written.length).toBe(SHORT_RUNS_MAX * eventsEach);
    for (let i = 0; i < 24 * attemptsEachHour; i++) await attempt();
    expect(written.length).toBe((SHORT_RUNS_MAX + 24) * eventsEach);
    const reminder = written.at(-eventsEach);
    expect(reminder?.metadata).toEqual({
      state: "starting",
      folded: (attemptsEachHour - 1) * eventsEach,
    });
    expect(written.at(-1)?.metadata).toEqual({ code: 1, will_restart: true });
  });

  test("is told to be back when a run lasts, and what follows is written down again", async () => {
    const { written, clock, hooks, attempt, eventsEach } = newSource();
    for (let i = 0; i < SHORT_RUNS_MAX + 2; i++) await attempt();
    const before = written.length;
    hooks.stateChanged(RECORD, "starting");
    hooks.stateChanged(RECORD, "running");
    await clock.advance(29_000);
    expect(written.length).toBe(before);
    await clock.advance(2000);
    expect(written.slice(before)).toEqual([
      {
        event: "process_state_changed",
        streamId: "cam",
        severity: "info",
        metadata: { state: "running", folded: 2 * eventsEach + 2 },
      },
    ]);
    hooks.stateChanged(RECORD, "failed");
    expect(written.at(-1)?.metadata).toEqual({ state: "failed" });
    expect(clock.pending).toBe(0);
  });

  test("is not taken for back while its process still waits for the first packet", async () => {
    const { written, clock, hooks, attempt } = newSource();
    for (let i = 0; i < SHORT_RUNS_MAX; i++) await attempt();
    const before = written.length;
    hooks.stateChanged({ ...RECORD, stale_timeout_seconds: 120 }, "starting");
    hooks.stateChanged({ ...RECORD, stale_timeout_seconds: 120 }, "running");
    await clock.advance(121_000);
    expect(written.length).toBe(before);
  });

  test("that is stopped for good is told at once, and nothing is kept of one that is deleted", async () => {
    const { written, clock, hooks, onRecord, attempt } = newSource();
    for (let i = 0; i < SHORT_RUNS_MAX + 1; i++) await attempt();
    const before = written.length;
    hooks.exited(RECORD, { code: null, signal: null, willRestart: false });
    expect(written.length).toBe(before + 1);
    hooks.stateChanged(RECORD, "starting");
    hooks.stateChanged(RECORD, "running");
    expect(written.length).toBe(before + 3);
    onRecord(undefined, "cam");
    expect(clock.pending).toBe(0);
  });
});
