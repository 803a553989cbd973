/** What this server remembers of the last viewers and the last hour. */
import { History, type StreamNow } from "../recent/history.ts";
import { RecentSessions } from "../recent/sessions.ts";
import type { Shards } from "../shard/shards.ts";
import type { StreamRegistry } from "../stream/registry.ts";

export interface ServerRecent {
  readonly sessions: RecentSessions;
  readonly history: History;
}

export interface RecentOptions {
  readonly streams: StreamRegistry;
  /** Asked when a sample is due, so they may be opened later. */
  readonly peers: () => Pick<Shards, "count" | "totals">;
  /** Unix milliseconds. */
  readonly unixMs: () => number;
}

export function openRecent({ streams, peers, unixMs }: RecentOptions): ServerRecent {
  const now = () => streamsNow(streams, peers());
  return { sessions: new RecentSessions(), history: new History({ streams: now, unixMs }) };
}

function streamsNow(
  streams: StreamRegistry,
  peers: Pick<Shards, "count" | "totals">,
): readonly StreamNow[] {
  const sent = new Map<string, number>();
  for (const { streamId, bytes } of peers.totals.legs) {
    sent.set(streamId, (sent.get(streamId) ?? 0) + bytes);
  }
  return streams.list().map(({ id }) => ({
    id,
    viewers: peers.count(id),
    bytesSent: sent.get(id) ?? 0,
  }));
}
