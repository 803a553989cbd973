/**
 * The one UDP socket all viewers share. Knows datagrams and addresses, nothing of what is in them.
 */
import { MediaSocketFailed } from "../errors/process.ts";
import { type DatagramHandler, datagramListener } from "./datagram-listener.ts";
import { fdOf, ignoreIcmpErrors, setBufferBytes } from "./linux-socket.ts";

/** Room for a burst of 100 viewers' keyframes on the way out, and of their feedback on the way in. */
const SOCKET_BUFFER_BYTES = 4 << 20;
/** A pending error of another viewer may fail a send once; more tries than this are no use. */
const SEND_TRIES = 3;

/** Where a viewer is. `address` is the form the socket uses, so IPv4 may be mapped into IPv6. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export class MediaSocket {
  /** Datagrams the kernel did not take. */
  datagramsDropped = 0;
  /** The file descriptor, undefined where Bun does not tell it. */
  readonly fd: number | undefined;
  /** Whether IPv4 addresses go mapped into IPv6. */
  readonly ipv6: boolean;
  private readonly socket: Bun.udp.Socket<"buffer">;

  private constructor(socket: Bun.udp.Socket<"buffer">) {
    this.socket = socket;
    this.fd = fdOf(socket);
    this.ipv6 = socket.address.family === "IPv6";
  }

  /**
   * Binds for IPv4 and IPv6 at once, or for IPv4 alone where the system has no IPv6. Port 0 takes any free port.
   * Throws MediaSocketFailed where the port cannot be bound. What `onDatagram` throws is an uncaught error.
   */
  static async open(port: number, onDatagram: DatagramHandler): Promise<MediaSocket> {
    const bind = (hostname: string) =>
      Bun.udpSocket({ hostname, port, socket: datagramListener(onDatagram) });
    try {
      const socket = new MediaSocket(await bind("::").catch(() => bind("0.0.0.0")));
      if (socket.fd !== undefined) {
        ignoreIcmpErrors(socket.fd);
        setBufferBytes(socket.fd, SOCKET_BUFFER_BYTES);
      }
      return socket;
    } catch (error) {
      throw new MediaSocketFailed(port, error instanceof Error ? error.message : String(error));
    }
  }

  get port(): number {
    return this.socket.port;
  }

  /** Sends one datagram. Never throws; what the kernel refuses is counted as dropped. */
  send(datagram: Uint8Array, to: Endpoint): void {
    for (let tries = 0; tries < SEND_TRIES; tries++) {
      try {
        if (this.socket.send(datagram, to.port, to.address)) return;
        break;
      } catch {
        // An ICMP error another viewer caused is reported on this call; the next one goes through.
      }
    }
    this.datagramsDropped++;
  }

  /**
   * Sends `list`, a flat run of datagram, port, address. Goes on behind a datagram the kernel stopped at;
   * what it refuses twice is counted as dropped. Never throws.
   */
  sendMany(list: (Uint8Array | number | string)[]): void {
    let rest = list;
    let stuck = 0;
    while (rest.length > 0) {
      const sent = this.trySendMany(rest);
      if (sent * 3 >= rest.length) return;
      stuck = sent > 0 ? 0 : stuck + 1;
      if (stuck >= SEND_TRIES) {
        this.datagramsDropped += rest.length / 3;
        return;
      }
      rest = rest.slice(sent * 3);
    }
  }

  private trySendMany(list: (Uint8Array | number | string)[]): number {
    try {
      return this.socket.sendMany(list);
    } catch {
      return 0;
    }
  }

  close(): void {
    this.socket.close();
  }
}

/** The address without the prefix of IPv4 mapped into IPv6 (RFC 4291 §2.5.5.2). */
export function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

/** As people write it. */
export function endpointText({ address, port }: Endpoint): string {
  const plain = plainAddress(address);
  return plain.includes(":") ? `[${plain}]:${port}` : `${plain}:${port}`;
}
