/**
 * `bun run bench:fan-out`: the hot path alone. Frames of nine packets go through track, fan-out, cipher and send
 * back-end to a sink socket. Prints the cost and the allocations per packet and viewer, then the server's hop. Compare
 * rows with each other, not with other machines.
 */
import { heapStats } from "bun:jsc";
import { relayHop, serverHop } from "./hop.ts";
import { FRAME_PACKETS, openHotPath, PAYLOAD_BYTES, turn } from "./hot-path.ts";

const FRAMES = 600;
const WARM_UP_FRAMES = 100;
const VIEWERS = [1, 10, 100];

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

async function cost(backend: "auto" | "portable", viewers: number) {
  const path = await openHotPath(backend);
  let sequence = 0;
  path.track.media.writeRtp(packet(sequence++, 0));
  await turn();
  for (let i = 0; i < viewers; i++) path.addViewer();
  const frame = async (index: number) => {
    for (let i = 0; i < FRAME_PACKETS; i++) path.track.media.writeRtp(packet(sequence++, index));
    await turn();
  };
  for (let i = 0; i < WARM_UP_FRAMES; i++) await frame(i);
  Bun.gc(true);
  const objects = heapStats().objectCount;
  const cpu = process.cpuUsage();
  for (let i = 0; i < FRAMES; i++) await frame(i);
  const { user, system } = process.cpuUsage(cpu);
  const packets = FRAMES * FRAME_PACKETS * viewers;
  const grown = heapStats().objectCount - objects;
  path.close();
  return {
    backend: path.name,
    viewers,
    "µs CPU per packet and viewer": ((user + system) / packets).toFixed(2),
    "objects per packet and viewer": (grown / packets).toFixed(3),
  };
}

async function hops(viewers: number) {
  const [hop, relay] = [await serverHop(viewers), await relayHop(viewers)];
  const rounded = (value: number) => Math.round(value);
  return {
    viewers,
    "hop µs p50": rounded(hop.p50),
    p95: rounded(hop.p95),
    p99: rounded(hop.p99),
    "bare relay µs p50": rounded(relay.p50),
    "relay p95": rounded(relay.p95),
  };
}

const costs: Awaited<ReturnType<typeof cost>>[] = [];
for (const backend of ["auto", "portable"] as const) {
  for (const viewers of VIEWERS) costs.push(await cost(backend, viewers));
}
console.table(costs);
const latencies: Awaited<ReturnType<typeof hops>>[] = [];
for (const viewers of VIEWERS) latencies.push(await hops(viewers));
console.table(latencies);
process.exit(0);
