/**
 * The six states of a supervised FFmpeg and the moves between them, as datarhei Core names them.
 * Knows neither the child nor the clock.
 */

export const EXEC_STATES = [
  "finished",
  "starting",
  "running",
  "finishing",
  "failed",
  "killed",
] as const;
export type ExecState = (typeof EXEC_STATES)[number];

/** What the operator wants, stored beside the record; the state is what there is. */
export type Order = "start" | "stop";

/** How a child ended. Both null means it never came to life. */
export interface ExitFacts {
  readonly code: number | null;
  readonly signal: string | null;
}

/** FFmpeg ends with 255 after it was asked to stop by SIGINT or SIGTERM: that is no failure. */
const stoppedBySignalCode = 255;

const moves: Readonly<Record<ExecState, readonly ExecState[]>> = {
  finished: ["starting"],
  starting: ["running", "finishing", "failed"],
  running: ["finished", "finishing", "failed", "killed"],
  finishing: ["finished", "failed", "killed"],
  failed: ["starting"],
  killed: ["starting"],
};

/** Says whether a process may go from one state to the other. */
export function canMove(from: ExecState, to: ExecState): boolean {
  return moves[from].includes(to);
}

/** Says whether a child exists, or is about to, in this state. */
export function isAlive(state: ExecState): boolean {
  return state === "starting" || state === "running" || state === "finishing";
}

/** The states in which a process rests. */
export type RestState = "finished" | "failed" | "killed";

/** The state a process rests in after an end. Before its child lives, that is a failure unless somebody asked for it. */
export function stateAfterExit(before: ExecState, exit: ExitFacts): RestState {
  if (exit.signal !== null) return "killed";
  if (exit.code === null) return before === "finishing" ? "finished" : "failed";
  return exit.code === 0 || exit.code === stoppedBySignalCode ? "finished" : "failed";
}

/** True where a run ended of something that nobody asked for. */
export function hasFailed(state: ExecState): boolean {
  return state === "failed" || state === "killed";
}
