import { readFileSync } from "node:fs";

/**
 * Datagrams that the kernel threw away at the UDP sockets on a local port, because their process did not read in time: the
 * last column of /proc/net/udp. 0 where there is no such socket. Linux only.
 */
export function droppedAt(port: number): number {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return ["/proc/net/udp", "/proc/net/udp6"]
    .flatMap((file) => readFileSync(file, "utf8").trim().split("\n").slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local]) => local?.endsWith(wanted))
    .reduce((sum, columns) => sum + Number(columns.at(-1)), 0);
}
