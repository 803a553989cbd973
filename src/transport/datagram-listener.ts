/** What Bun's UDP sockets call. */

export type DatagramHandler = (datagram: Buffer, port: number, address: string) => void;

/**
 * What `onDatagram` throws becomes an uncaught error, so that the process hears of it: Bun would hand it to `error`, where
 * errors of the network go. Those are ignored: an ICMP error names no viewer, and consent freshness finds out who is gone.
 */
export function datagramListener(onDatagram: DatagramHandler): Bun.udp.SocketHandler<"buffer"> {
  return {
    data: (_socket, datagram, port, address) => {
      try {
        onDatagram(datagram, port, address);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    },
    error: () => undefined,
  };
}
