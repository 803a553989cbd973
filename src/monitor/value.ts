/** One number with its name and labels, as datarhei Core's metrics in JSON have them. */

export interface Value {
  readonly name: string;
  /** null where the metric has none. */
  readonly labels: Readonly<Record<string, string>> | null;
  readonly value: number;
}

export interface Collector {
  collect(): Promise<readonly Value[]> | readonly Value[];
}

/** What tells one series from another. */
export function seriesKey({ name, labels }: Pick<Value, "name" | "labels">): string {
  const pairs = Object.entries(labels ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([name, ...pairs.flat()]);
}
