/** Chooses the send back-end once, at start, by trying it. */
import { type BatchSender, SendManyBatch } from "./batch-sender.ts";
import { type GsoBatch, openGsoBatch } from "./linux-gso.ts";
import type { MediaSocket } from "./media-socket.ts";

export interface SendBackend {
  /** For the log. */
  readonly name: "sendmmsg+gso" | "sendmmsg" | "sendMany";
  /** To be closed before its socket: what waits is not sent any more. */
  readonly batch: BatchSender & { close(): void };
}

/** Loopback delivers at once; this only bounds the wait where something eats the packets. */
const SELF_TEST_MS_MAX = 500;
/** Two full segments and a short one: what a frame looks like. */
const SELF_TEST_BYTES = [1200, 1200, 300];

/** The fastest back-end whose self-test passes; `portable` takes Bun's own sends without a test. */
export async function selectBatch(
  socket: MediaSocket,
  choice: "auto" | "portable",
): Promise<SendBackend> {
  const portable: SendBackend = { name: "sendMany", batch: new SendManyBatch(socket) };
  const { fd, ipv6 } = socket;
  if (choice === "portable" || fd === undefined) return portable;
  const batch = openGsoBatch({ fd, ipv6 });
  if (batch === undefined) return portable;
  const name = await selfTest(batch);
  if (name !== undefined) return { name, batch };
  batch.close();
  return portable;
}

/** Sends a frame to a socket of our own and looks at what arrives; undefined where it is not the frame. */
async function selfTest(batch: GsoBatch): Promise<SendBackend["name"] | undefined> {
  const arrived: string[] = [];
  let done: () => void = () => undefined;
  const complete = new Promise<void>((resolve) => {
    done = resolve;
  });
  const receiver = await Bun.udpSocket({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data: (_socket, datagram) => {
        arrived.push(fingerprint(datagram));
        if (arrived.length === SELF_TEST_BYTES.length) done();
      },
    },
  });
  const to = { address: "127.0.0.1", port: receiver.port };
  const expected = SELF_TEST_BYTES.map((length, i) => {
    const at = batch.next();
    batch.arena.fill(i + 1, at, at + length);
    batch.commit(length, to);
    return fingerprint(batch.arena.subarray(at, at + length));
  });
  batch.flush();
  await Promise.race([complete, Bun.sleep(SELF_TEST_MS_MAX)]);
  receiver.close();
  if (arrived.join() !== expected.join()) return undefined;
  return batch.segmentsTo(to) ? "sendmmsg+gso" : "sendmmsg";
}

function fingerprint(datagram: Uint8Array): string {
  return `${datagram.length}:${datagram[0]}:${datagram[datagram.length - 1]}`;
}
