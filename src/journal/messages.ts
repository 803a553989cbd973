/** What the server and the journal's thread say to each other. Plain data. */
import type { JournalRow } from "./entry.ts";
import type { EventQuery } from "./query/model.ts";
import type { JournalLimits, QueryAnswer, StoreStats } from "./store.ts";

export type Question =
  | { readonly type: "search"; readonly query: EventQuery }
  | { readonly type: "stats" };

export type Answer = QueryAnswer | StoreStats;

export interface KeeperSettings {
  readonly path: string;
  readonly limits: JournalLimits;
}

export type ToKeeper =
  | { readonly type: "open"; readonly settings: KeeperSettings }
  /** Answered by "kept", so that no more than one of them is on its way. */
  | { readonly type: "append"; readonly rows: readonly JournalRow[] }
  | { readonly type: "ask"; readonly request: number; readonly question: Question }
  | { readonly type: "close" };

export type FromKeeper =
  /** `lost` events had to be given up; `trouble` says why the disk takes none now. */
  | {
      readonly type: "kept";
      readonly lost: number;
      readonly trouble: string | undefined;
      /** Of the file. */
      readonly bytes: number;
    }
  | { readonly type: "answer"; readonly request: number; readonly answer: Answer }
  | { readonly type: "refusal"; readonly request: number; readonly reason: string }
  /** A file that could not be used was renamed. */
  | { readonly type: "set-aside"; readonly path: string; readonly reason: string }
  /** `seconds` is undefined where it failed. */
  | { readonly type: "trimmed"; readonly seconds: number | undefined }
  | { readonly type: "closed" };
