/**
 * `bun run bench:fan-out`: the hot path alone. Frames of nine packets go through track, fan-out, cipher and send
 * back-end to a sink socket. Prints the cost and the allocations per packet and viewer, and the server's hop: from a
 * packet at the track to the last viewer's send. Compare rows with each other, not with other machines.
 */
import { heapStats } from "bun:jsc";
import { randomBytes } from "node:crypto";
import { selectCipher } from "../../src/egress/cipher/select.ts";
import { FanOut } from "../../src/egress/fan-out.ts";
import { Subscriber } from "../../src/egress/subscriber.ts";
import { Track } from "../../src/stream/track.ts";
import type { SrtpKeys } from "../../src/transport/dtls.ts";
import { MediaSocket } from "../../src/transport/media-socket.ts";
import { selectBatch } from "../../src/transport/select-batch.ts";

const FRAMES = 600;
const FRAME_PACKETS = 9;
const PAYLOAD_BYTES = 1188;

function keys(): SrtpKeys {
  const [localKey, localSalt] = [randomBytes(16), randomBytes(12)];
  return {
    profile: "AEAD_AES_128_GCM",
    localKey,
    localSalt,
    remoteKey: localKey,
    remoteSalt: localSalt,
  };
}

/** An RTP packet of a frame; the first one starts a keyframe. */
function packet(sequence: number, frame: number): Buffer {
  const bytes = Buffer.alloc(12 + PAYLOAD_BYTES, 0x41);
  bytes[0] = 0x80;
  bytes[1] = sequence % FRAME_PACKETS === FRAME_PACKETS - 1 ? 0xe0 : 0x60;
  bytes.writeUInt16BE(sequence & 0xffff, 2);
  bytes.writeUInt32BE((frame * 3000) >>> 0, 4);
  bytes.writeUInt32BE(1, 8);
  bytes[12] = sequence === 0 ? 0x67 : 0x41;
  return bytes;
}

const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

async function run(backend: "auto" | "portable", viewers: number) {
  const socket = await MediaSocket.open(0, () => undefined);
  const sink = await Bun.udpSocket({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { batch, name } = await selectBatch(socket, backend);
  const cipher = selectCipher(backend);
  const fanOut = new FanOut(batch);
  const track = new Track({ kind: "video", codec: "H264", channels: 0, onPackets: fanOut.arm });
  let sequence = 0;
  track.media.writeRtp(packet(sequence++, 0));
  await tick();
  for (let i = 0; i < viewers; i++) {
    const path = {
      endpoint: { address: "127.0.0.1", port: sink.port },
      cipher: cipher.create(keys()),
    };
    const options = {
      payloadType: 96,
      ssrc: i,
      rtx: undefined,
      firstSequence: 1024,
      timestampShift: 0,
    };
    fanOut.add(new Subscriber({ track, path, ...options }));
  }
  const hops: number[] = [];
  const frame = async (index: number) => {
    const from = performance.now();
    for (let i = 0; i < FRAME_PACKETS; i++) track.media.writeRtp(packet(sequence++, index));
    // Registered after the fan-out's own, so it runs when the last viewer has been sent to.
    await tick();
    hops.push((performance.now() - from) * 1000);
  };
  for (let i = 0; i < 100; i++) await frame(i);
  hops.length = 0;
  Bun.gc(true);
  const objects = heapStats().objectCount;
  const cpu = process.cpuUsage();
  for (let i = 0; i < FRAMES; i++) await frame(i);
  const { user, system } = process.cpuUsage(cpu);
  const packets = FRAMES * FRAME_PACKETS * viewers;
  const grown = heapStats().objectCount - objects;
  fanOut.close();
  socket.close();
  sink.close();
  hops.sort((a, b) => a - b);
  const quantile = (share: number) => Math.round(hops[Math.floor(hops.length * share)] ?? 0);
  return {
    backend: `${name}, ${cipher.name}`,
    viewers,
    "µs CPU per packet and viewer": ((user + system) / packets).toFixed(2),
    "objects per packet and viewer": (grown / packets).toFixed(3),
    "frame hop µs p50": quantile(0.5),
    "frame hop µs p95": quantile(0.95),
    "frame hop µs p99": quantile(0.99),
  };
}

const rows: Awaited<ReturnType<typeof run>>[] = [];
for (const backend of ["auto", "portable"] as const) {
  for (const viewers of [1, 10, 100]) rows.push(await run(backend, viewers));
}
console.table(rows);
process.exit(0);
