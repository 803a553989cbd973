/**
 * What FFmpeg said during one run, bounded: the opening lines (prelude) and the newest lines.
 * The shapes are datarhei Core's report.
 */

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
/** Past runs kept with the process. */
export const historyMax = 3;

export class RunLog {
  readonly createdAt: number;
  readonly #lines: LogEntry[] = [];
  readonly #head: string[] = [];
  readonly #tail: string[] = [];
  #truncated = 0;
  #preludeOpen = true;

  constructor(createdAtSeconds: number) {
    this.createdAt = createdAtSeconds;
  }

  get lastLine(): string {
    return this.#lines.at(-1)?.[1] ?? "";
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
