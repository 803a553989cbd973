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

/** What tells one series from another. A collector writes the labels of a name in the same order each time. */
export function seriesKey({ name, labels }: Pick<Value, "name" | "labels">): string {
  return JSON.stringify([name, labels]);
}
