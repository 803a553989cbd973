/** The values of all collectors, now and over the last minutes, by name and expressions over their labels. */
import { RE2JS } from "re2js";
import { History, type HistoryOptions, type Series } from "./history.ts";
import type { Collector, Value } from "./value.ts";

export interface Pattern {
  readonly name: string;
  /** RE2 expressions, as in Core; all have to match. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface MonitorOptions extends HistoryOptions {
  readonly collectors: readonly Collector[];
  /** Unix milliseconds. */
  readonly unixMs: () => number;
}

type Matcher = (series: Pick<Value, "name" | "labels">) => boolean;

export class Monitor {
  readonly rangeSeconds: number;
  readonly intervalSeconds: number;
  readonly #collectors: readonly Collector[];
  readonly #unixMs: () => number;
  readonly #history: History;

  constructor(options: MonitorOptions) {
    this.rangeSeconds = options.rangeSeconds;
    this.intervalSeconds = options.intervalSeconds;
    this.#collectors = options.collectors;
    this.#unixMs = options.unixMs;
    this.#history = new History(options);
  }

  /** Puts the values as they are now into the history. */
  async sample(): Promise<void> {
    this.#history.add(this.#now(), await this.#collect());
  }

  async now(patterns: readonly Pattern[]): Promise<readonly Series[]> {
    const matches = matcherOf(patterns);
    const at = this.#now();
    const values = patterns.length === 0 ? [] : await this.#collect();
    return values
      .filter(matches)
      .map(({ name, labels, value }) => ({ name, labels, points: [[at, value]] }));
  }

  /** Of the last seconds, at most one point each `stepSeconds`. */
  past(patterns: readonly Pattern[], seconds: number, stepSeconds: number): readonly Series[] {
    return this.#history.since(this.#now() - seconds, stepSeconds).filter(matcherOf(patterns));
  }

  async #collect(): Promise<readonly Value[]> {
    return (await Promise.all(this.#collectors.map((one) => one.collect()))).flat();
  }

  #now(): number {
    return Math.floor(this.#unixMs() / 1000);
  }
}

/** True for a series that one of the patterns matches; a pattern with a wrong expression matches none, as in Core. */
function matcherOf(patterns: readonly Pattern[]): Matcher {
  const matchers = patterns.map(({ name, labels }): Matcher => {
    const compiled = compile(labels);
    return (series) => {
      if (series.name !== name || compiled === undefined) return false;
      return compiled.every(([label, test]) => {
        const value = series.labels?.[label];
        return value !== undefined && test.test(value);
      });
    };
  });
  return (series) => matchers.some((matches) => matches(series));
}

function compile(labels: Pattern["labels"]): [string, RE2JS][] | undefined {
  try {
    return Object.entries(labels).map(([label, text]) => [label, RE2JS.compile(text)]);
  } catch {
    return undefined;
  }
}
