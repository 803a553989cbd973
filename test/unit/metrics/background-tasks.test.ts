import { expect, test } from "bun:test";
import { BackgroundTasks } from "../../../src/metrics/background-tasks.ts";
import { createRegistry } from "../../../src/metrics/registry.ts";
import { textOf } from "../../support/metrics-text.ts";

function setUp() {
  const registry = createRegistry("test");
  const clock = { ms: 0 };
  const nowMs = () => clock.ms;
  const tasks = new BackgroundTasks({ registry, nowMs, unixMs: () => 1_000_000 + clock.ms });
  const series = async (task: string) =>
    Object.fromEntries(
      (await textOf(registry))
        .split("\n")
        .filter((line) => line.includes(`task="${task}"`))
        .map((line) => [
          line.slice("dragonfork_background_task_".length).split("{")[0],
          Number(line.split(" ").at(-1)),
        ]),
    );
  return { clock, series, tasks };
}

test("a run is timed, and when it came to a good end", async () => {
  const { clock, series, tasks } = setUp();
  const result = tasks.run("process_supervision", () => {
    clock.ms += 250;
    return "seen";
  });
  expect(result).toBe("seen");
  expect(await series("process_supervision")).toEqual({
    errors_total: 0,
    last_success_timestamp_seconds: 1000.25,
    duration_seconds: 0.25,
  });
});

test("a run that fails is counted, keeps the time of the last good one, and throws on", async () => {
  const { clock, series, tasks } = setUp();
  await tasks.runAsync("storage_reconciliation", async () => {});
  clock.ms = 9000;
  const failing = tasks.runAsync("storage_reconciliation", async () => {
    throw new Error("disk is gone");
  });
  await expect(failing).rejects.toThrow("disk is gone");
  await failing.catch(() => {});
  expect(await series("storage_reconciliation")).toMatchObject({
    errors_total: 1,
    last_success_timestamp_seconds: 1000,
  });
});

test("a task that has not run yet has no success, and no errors", async () => {
  const { series } = setUp();
  expect(await series("journal_trim")).toEqual({ errors_total: 0 });
});
