import { expect, test } from "bun:test";
import { canMove, type ExecState, isAlive, stateAfterExit } from "../../../src/process/state.ts";

const states: ExecState[] = ["finished", "starting", "running", "finishing", "failed", "killed"];

test("only the moves of datarhei Core are legal", () => {
  const legal = states.flatMap((from) =>
    states.filter((to) => canMove(from, to)).map((to) => `${from}>${to}`),
  );
  expect(legal).toEqual([
    "finished>starting",
    "starting>running",
    "starting>finishing",
    "starting>failed",
    "running>finished",
    "running>finishing",
    "running>failed",
    "running>killed",
    "finishing>finished",
    "finishing>failed",
    "finishing>killed",
    "failed>starting",
    "killed>starting",
  ]);
});

test("exit code 0 and FFmpeg's 255 after a signal it handled are a finish", () => {
  expect(stateAfterExit("running", { code: 0, signal: null })).toBe("finished");
  expect(stateAfterExit("running", { code: 255, signal: null })).toBe("finished");
});

test("any other code is a failure and a signal a kill", () => {
  expect(stateAfterExit("running", { code: 1, signal: null })).toBe("failed");
  expect(stateAfterExit("running", { code: null, signal: "SIGKILL" })).toBe("killed");
});

test("a child that never lived failed, unless somebody stopped it", () => {
  expect(stateAfterExit("starting", { code: null, signal: null })).toBe("failed");
  expect(stateAfterExit("finishing", { code: null, signal: null })).toBe("finished");
});

test("a child exists from starting until finishing is over", () => {
  expect(states.filter(isAlive)).toEqual(["starting", "running", "finishing"]);
});
