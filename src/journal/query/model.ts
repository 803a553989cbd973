/** A question to the journal, after it was checked. Plain data: it crosses to the journal's thread. */

export type Scalar = string | number | boolean | null;
export type Comparison = "$gt" | "$gte" | "$lt" | "$lte";

/** One field and what is asked of it. */
export type Condition =
  | { readonly field: string; readonly is: "equal"; readonly value: Scalar }
  | { readonly field: string; readonly is: "match"; readonly regex: string }
  | {
      readonly field: string;
      readonly is: "compared";
      readonly comparison: Comparison;
      readonly value: number;
    };

/** Where the answer before this one ended. */
export interface Cursor {
  readonly atMs: number;
  readonly id: number;
}

export interface EventQuery {
  readonly conditions: readonly Condition[];
  /** Unix milliseconds; both included. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly order: "ascending" | "descending";
  readonly limit: number;
  readonly cursor: Cursor | undefined;
}

export function writeCursor({ atMs, id }: Cursor): string {
  return `${atMs}.${id}`;
}
