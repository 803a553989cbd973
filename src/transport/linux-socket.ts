/**
 * Two socket options Bun has no call for. On other systems, or where libc cannot be opened, nothing is set
 * and the socket works as it is.
 */
import { dlopen, ptr } from "bun:ffi";

const SOL_IP = 0;
const IP_RECVERR = 11;
const SOL_IPV6 = 41;
const IPV6_RECVERR = 25;
const SOL_SOCKET = 1;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;

type SetOption = (level: number, option: number, value: number) => boolean;

/** The file descriptor, undefined where Bun does not tell it. */
export function fdOf(socket: Bun.udp.Socket<"buffer">): number | undefined {
  // Every UDP socket of Bun has it, though its types do not say so.
  const { fd } = socket as unknown as { fd?: unknown };
  return typeof fd === "number" && fd >= 0 ? fd : undefined;
}

/**
 * Stops the kernel from reporting one viewer's ICMP errors on the socket that all viewers share: Bun switches
 * that on, and a viewer that vanished would then end the batch of everybody else.
 */
export function ignoreIcmpErrors(fd: number): void {
  withSetOption(fd, (set) => {
    set(SOL_IP, IP_RECVERR, 0);
    set(SOL_IPV6, IPV6_RECVERR, 0);
  });
}

/** Asks for socket buffers of this many bytes; the forced form, which passes the system's limit, needs root. */
export function setBufferBytes(fd: number, bytes: number): void {
  withSetOption(fd, (set) => {
    if (!set(SOL_SOCKET, SO_SNDBUFFORCE, bytes)) set(SOL_SOCKET, SO_SNDBUF, bytes);
    if (!set(SOL_SOCKET, SO_RCVBUFFORCE, bytes)) set(SOL_SOCKET, SO_RCVBUF, bytes);
  });
}

function withSetOption(fd: number, use: (set: SetOption) => void): void {
  if (process.platform !== "linux") return;
  try {
    const libc = dlopen("libc.so.6", {
      setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
    });
    const cell = new Int32Array(1);
    use((level, option, value) => {
      cell[0] = value;
      return libc.symbols.setsockopt(fd, level, option, ptr(cell), cell.byteLength) === 0;
    });
    libc.close();
  } catch {
    // musl and sandboxes have no libc.so.6 to open; the send loop copes with ICMP errors too.
  }
}
