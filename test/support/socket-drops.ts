/** What a busy machine keeps a test from reading: how to make that rare, and how to see it. Linux only. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { fdOf, setBufferBytes } from "../../src/transport/linux-socket.ts";

const BUFFER_BYTES = 4 << 20;

/** Lets the kernel keep what comes while this process does not run; its own limit is a quarter of a second of the demo. */
export function holdSeconds(socket: Bun.udp.Socket<"buffer">): void {
  const fd = fdOf(socket);
  if (fd !== undefined) setBufferBytes(fd, BUFFER_BYTES);
}

/**
 * Datagrams that the kernel threw away at the UDP sockets on a local port, because their process did not read in time: the
 * last column of /proc/net/udp. 0 where there is no such socket.
 */
export function droppedAt(port: number): number {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return drops(([, local]) => local?.endsWith(wanted) === true);
}

/** The same of all UDP sockets that a process has open. */
export function droppedOf(pid: number): number {
  const own = new Set(socketsOf(pid));
  return drops((columns) => own.has(columns[9] ?? ""));
}

/** The inodes of the sockets that a process has open, as the tables in /proc/net name them. */
export function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`)) ?? [];
      return inode === undefined ? [] : [inode];
    });
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

function drops(isMeant: (columns: readonly string[]) => boolean): number {
  return ["/proc/net/udp", "/proc/net/udp6"]
    .flatMap((file) => readFileSync(file, "utf8").trim().split("\n").slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(isMeant)
    .reduce((sum, columns) => sum + Number(columns.at(-1)), 0);
}
