/**
 * What FFmpeg said during one run, bounded: the opening lines (prelude) and the newest lines.
 * The shapes are datarhei Core's report.
 */

import { plainerError } from "./log-lines.ts";
import { type ExecState, hasFailed } from "./state.ts";

/** [unix seconds as text, line] */
export type LogEntry = readonly [string, string];

export interface RunReport {
  readonly created_at: number;
  readonly prelude: readonly string[];
  readonly log: readonly LogEntry[];
}

export interface ProcessReport extends RunReport {
  readonly history: readonly RunReport[];
}

const linesMax = 50;
const preludeHeadMax = 100;
const preludeTailMax = 50;
/** An error before the end of a run that is older has not ended it. */
const errorSecondsMax = 10;
/** Past runs kept with the process. */
export const historyMax = 3;

export class RunLog {
  readonly createdAt: number;
  readonly #lines: LogEntry[] = [];
  readonly #head: string[] = [];
  readonly #tail: string[] = [];
  #error: LogEntry | undefined;
  #verdict: string | undefined;
  #truncated = 0;
  #preludeOpen = true;

  constructor(createdAtSeconds: number) {
    this.createdAt = createdAtSeconds;
  }

  get lastLine(): string {
    return this.#lines.at(-1)?.[1] ?? "";
  }

  /** The last line; of a run that failed what it failed of: the server's word, or an error of its last seconds. */
  lastWord(state: ExecState): string {
    if (!hasFailed(state)) return this.lastLine;
    if (this.#verdict !== undefined) return this.#verdict;
    const lastSeconds = Number(this.#lines.at(-1)?.[0] ?? 0);
    const [atSeconds, line] = this.#error ?? ["0", ""];
    return line !== "" && lastSeconds - Number(atSeconds) <= errorSecondsMax ? line : this.lastLine;
  }

  /** FFmpeg's own word of what went wrong. */
  addError(atSeconds: number, line: string): void {
    this.add(atSeconds, line);
    this.#error = [String(atSeconds), plainerError(this.#error?.[1] ?? "", line)];
  }

  /** The server's word of why the run ends. */
  addVerdict(atSeconds: number, line: string): void {
    this.add(atSeconds, line);
    this.#verdict = line;
  }

  add(atSeconds: number, line: string): void {
    this.#lines.push([String(atSeconds), line]);
    if (this.#lines.length > linesMax) this.#lines.shift();
    if (this.#preludeOpen) this.#addPrelude(line);
  }

  /** Media flows: what comes from here on is no longer the opening. */
  closePrelude(): void {
    this.#preludeOpen = false;
  }

  report(): RunReport {
    const gap = this.#truncated > 0 ? [`... truncated ${this.#truncated} lines ...`] : [];
    return {
      created_at: this.createdAt,
      prelude: [...this.#head, ...gap, ...this.#tail],
      log: [...this.#lines],
    };
  }

  #addPrelude(line: string): void {
    if (this.#head.length < preludeHeadMax) {
      this.#head.push(line);
      return;
    }
    this.#tail.push(line);
    if (this.#tail.length <= preludeTailMax) return;
    this.#tail.shift();
    this.#truncated += 1;
  }
}
