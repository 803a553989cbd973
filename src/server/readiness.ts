/** What keeps the server from serving viewers, one sentence each; empty where it is ready. */
import type { ProcessStore } from "../process/store.ts";
import type { Shards } from "../shard/shards.ts";

export interface ReadinessRooms {
  readonly store: Pick<ProcessStore, "problem">;
  readonly peers: Pick<Shards, "health">;
  readonly isDraining: () => boolean;
}

export function missing({ store, peers, isDraining }: ReadinessRooms): readonly string[] {
  const problem = store.problem();
  return [
    ...(isDraining() ? ["the server is shutting down"] : []),
    ...(problem === undefined ? [] : [`the process store cannot be read (${problem})`]),
    ...peers.health
      .filter(({ isServing }) => !isServing)
      .map(({ name }) => `the media port of ${name} is not served`),
  ];
}
