/** The newest lines of the log, for the API. Bounded by their number; a line is bounded by the logger. */

export interface LogLine {
  /** RFC 3339. */
  readonly ts: string;
  readonly level: string;
  readonly message: string;
  /** Redacted. */
  readonly fields: Readonly<Record<string, string | number | boolean | null>>;
}

export class LogTail {
  readonly #linesMax: number;
  readonly #lines: LogLine[] = [];

  constructor(linesMax: number) {
    this.#linesMax = linesMax;
  }

  readonly keep = (line: LogLine): void => {
    this.#lines.push(line);
    // In halves: taking one off the front for each line would move all others each time.
    if (this.#lines.length > 2 * this.#linesMax) this.#lines.splice(0, this.#linesMax + 1);
  };

  /** The same lines, as far as they fit. */
  resized(linesMax: number): LogTail {
    const tail = new LogTail(linesMax);
    for (const line of this.lines()) tail.keep(line);
    return tail;
  }

  /** Oldest first. */
  lines(): readonly LogLine[] {
    return this.#linesMax === 0 ? [] : this.#lines.slice(-this.#linesMax);
  }
}
