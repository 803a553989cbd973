/** A UDP socket of somebody who is no player, and what comes back to it. */

export interface UdpProbe {
  readonly port: number;
  readonly received: Buffer[];
  send(datagram: Buffer): void;
  close(): void;
}

/** Sends to this port of loopback. */
export async function openProbe(toPort: number): Promise<UdpProbe> {
  const received: Buffer[] = [];
  const socket = await Bun.udpSocket({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data: (_socket, datagram) => void received.push(Buffer.from(datagram)),
      error: () => undefined,
    },
  });
  return {
    port: socket.port,
    received,
    send: (datagram) => void socket.send(datagram, toPort, "127.0.0.1"),
    close: () => socket.close(),
  };
}
