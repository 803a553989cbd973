/** What the media tests ask of players over and over. */
import { until, WhepPlayer } from "./whep-player.ts";

/** Counters of all media of a player together, resends (RTX) left out. */
export function totals(player: WhepPlayer) {
  const streams = [player.media("video"), player.media("audio")];
  const sum = (key: "packets" | "lost" | "duplicates" | "timestampsBackwards") =>
    streams.reduce((total, stream) => total + (stream?.[key] ?? 0), 0);
  return {
    packets: sum("packets"),
    lost: sum("lost"),
    duplicates: sum("duplicates"),
    timestampsBackwards: sum("timestampsBackwards"),
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
export async function moreMedia(player: WhepPlayer, packets = 20, timeoutMs = 5000): Promise<void> {
  const before = totals(player).packets;
  const arrived = () => totals(player).packets >= before + packets;
  await until(arrived, timeoutMs, `${packets} more packets`);
}
