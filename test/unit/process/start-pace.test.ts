import { describe, expect, test } from "bun:test";
import type { SpawnChild } from "../../../src/process/child.ts";
import { StartPace } from "../../../src/process/start-pace.ts";
import { FakeClock, settle } from "./fakes.ts";

const HANDLERS = { onStdout: () => {}, onStderr: () => {}, onExit: () => {} };

/** Starts that hold the thread up for so long each; `startsMs` is when they began. */
function newPace(spawnMs: number) {
  const clock = new FakeClock();
  const beganMs = clock.now;
  const startsMs: number[] = [];
  const slow: SpawnChild = () => {
    startsMs.push(clock.now - beganMs);
    clock.now += spawnMs;
    return { pid: 1, kill: () => {} };
  };
  const pace = new StartPace(clock);
  const spawn = pace.watch(slow);
  const start = async (stop = new AbortController().signal) => {
    const turn = pace.turn(stop);
    if (turn !== undefined) await turn;
    spawn([], HANDLERS);
  };
  return { clock, pace, startsMs, start };
}

describe("many starts at once", () => {
  test("leave the thread to others for as long as they take", async () => {
    const { clock, startsMs, start } = newPace(50);
    for (let i = 0; i < 4; i++) void start();
    expect(startsMs).toEqual([0]);
    await clock.advance(1000);
    expect(startsMs).toEqual([0, 100, 200, 300]);
    expect(clock.pending).toBe(0);
  });

  test("are quick on a machine at rest, and go on where one start hung", async () => {
    const quick = newPace(0);
    for (let i = 0; i < 100; i++) void quick.start();
    await quick.clock.advance(500);
    expect(quick.startsMs).toHaveLength(100);
    const slow = newPace(60_000);
    for (let i = 0; i < 2; i++) void slow.start();
    await slow.clock.advance(61_000);
    expect(slow.startsMs).toEqual([0, 60_500]);
  });

  test("keep their order, also against one that comes later", async () => {
    const { clock, startsMs, start } = newPace(10);
    const order: string[] = [];
    for (const name of ["a", "b", "c"]) void start().then(() => order.push(name));
    await clock.advance(15);
    void start().then(() => order.push("late"));
    await clock.advance(500);
    expect(order).toEqual(["a", "b", "c", "late"]);
    expect(startsMs).toEqual([0, 20, 40, 60]);
  });

  test("wait for one that did not ask", async () => {
    const { clock, pace, startsMs, start } = newPace(10);
    void start();
    void start();
    await clock.advance(5);
    const unasked: SpawnChild = () => {
      clock.now += 100;
      return { pid: 2, kill: () => {} };
    };
    pace.watch(unasked)([], HANDLERS);
    await clock.advance(500);
    expect(startsMs).toEqual([0, 215]);
  });
});

test("of those who ask in one turn of the event loop one goes at once, however slow the thread is", () => {
  const { clock, pace } = newPace(10);
  const turns = [1, 2, 3].map(() => {
    clock.now += 1000;
    return pace.turn(new AbortController().signal);
  });
  expect(turns.map((turn) => turn === undefined)).toEqual([true, false, false]);
});

test("a start after a while is at once", async () => {
  const { clock, pace, start } = newPace(10);
  await start();
  expect(pace.turn(new AbortController().signal)).toBeDefined();
  await clock.advance(100);
  expect(pace.turn(new AbortController().signal)).toBeUndefined();
});

test("one that is called off while it waits takes no turn", async () => {
  const { clock, startsMs, start } = newPace(10);
  void start();
  const stop = new AbortController();
  const called = start(stop.signal).catch((error: unknown) => String(error));
  void start();
  stop.abort(new Error("stopped"));
  expect(await called).toBe("Error: stopped");
  await settle();
  await clock.advance(500);
  expect(startsMs).toEqual([0, 20]);
});
