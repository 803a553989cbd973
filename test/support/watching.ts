/** What the media tests ask of players over and over. */
import type { TestServer } from "./start-server.ts";
import { until, WhepPlayer } from "./whep-player.ts";

/** A source sends something each 20 ms. */
const QUIET_MS = 500;

type Counter = "packets" | "lost" | "duplicates" | "timestampsBackwards";

function sum(player: WhepPlayer, counter: Counter): number {
  const streams = [player.media("video"), player.media("audio")];
  return streams.reduce((total, stream) => total + (stream?.[counter] ?? 0), 0);
}

/**
 * Counters of all media of a player together, resends (RTX) left out. What a busy machine kept this process from reading
 * (`unread`) does not count as lost.
 */
export function totals(player: WhepPlayer) {
  const { unread } = player;
  return {
    packets: sum(player, "packets"),
    unread,
    lost: Math.max(0, sum(player, "lost") - unread),
    duplicates: sum(player, "duplicates"),
    timestampsBackwards: sum(player, "timestampsBackwards"),
  };
}

/** The same, all zero: what an undisturbed viewer has. */
export const UNDISTURBED = { lost: 0, duplicates: 0, timestampsBackwards: 0 };

/** So many players on one stream, all of them receiving. */
export async function playMany(
  count: number,
  options: Parameters<typeof WhepPlayer.play>[0],
): Promise<WhepPlayer[]> {
  const players: WhepPlayer[] = [];
  for (let i = 0; i < count; i++) players.push(await WhepPlayer.play(options));
  await Promise.all(players.map((player) => moreMedia(player)));
  return players;
}

/** Waits until a player has received this many more packets. */
export async function moreMedia(
  player: WhepPlayer,
  packets = 20,
  timeoutMs = 20_000,
): Promise<void> {
  const wanted = sum(player, "packets") + packets;
  const arrived = () => sum(player, "packets") >= wanted;
  await until(arrived, timeoutMs, `${packets} more packets`);
}

/** Waits until no media has come to a player for half a second: what was on its way is there. */
export async function untilQuiet(player: WhepPlayer): Promise<void> {
  const isQuiet = async () => {
    const before = sum(player, "packets");
    await Bun.sleep(QUIET_MS);
    return sum(player, "packets") === before;
  };
  await until(isQuiet, 20_000, "the end of what is on its way");
}

/** The plan that a server's log tells for a source, the first one. */
export function planOf(server: TestServer, id: string): unknown {
  const isPlan = (line: Record<string, unknown>) =>
    line["msg"] === "source planned" && line["id"] === id;
  return server.log().find(isPlan)?.["plan"];
}
