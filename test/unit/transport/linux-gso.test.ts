import { type Pointer, ptr, read } from "bun:ffi";
import { afterEach, describe, expect, jest, spyOn, test } from "bun:test";
import { LocalShard } from "../../../src/shard/local-shard.ts";
import type { BatchSender } from "../../../src/transport/batch-sender.ts";
import { GsoBatch, type Libc, openGsoBatch, openLibc } from "../../../src/transport/linux-gso.ts";
import { type Endpoint, MediaSocket } from "../../../src/transport/media-socket.ts";
import { selectBatch } from "../../../src/transport/select-batch.ts";
import { fixedRandom } from "../../support/fixed-random.ts";

const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const close of cleanUp.splice(0)) close();
  jest.useRealTimers();
});

async function openBatch(): Promise<GsoBatch> {
  const socket = await MediaSocket.open(0, () => undefined);
  cleanUp.push(() => socket.close());
  const batch = openGsoBatch({ fd: socket.fd ?? -1, ipv6: socket.ipv6 });
  if (batch === undefined) throw new Error("this test needs Linux with glibc");
  cleanUp.push(() => batch.close());
  return batch;
}

async function viewer(hostname = "127.0.0.1") {
  const received: Buffer[] = [];
  const socket = await Bun.udpSocket({
    hostname,
    port: 0,
    socket: { data: (_socket, datagram) => void received.push(Buffer.from(datagram)) },
  });
  cleanUp.push(() => socket.close());
  return { endpoint: { address: hostname, port: socket.port }, received };
}

function put(batch: BatchSender, payload: Buffer, to: Endpoint): void {
  payload.copy(batch.arena, batch.next());
  batch.commit(payload.length, to);
}

/** Takes up to eight messages at a time, then none; in some phases none at all. */
function busyKernel(random: ReturnType<typeof fixedRandom>): Libc {
  const libc = openLibc();
  const errno = new Int32Array([11]);
  let calls = 0;
  const sendmmsg = (fd: number, at: Pointer, count: number, flags: number) => {
    calls++;
    if (calls % 2 === 0 || calls % 300 < 200) return -1;
    return libc.sendmmsg(fd, at, Math.min(count, 1 + random.below(8)), flags);
  };
  return { sendmmsg, __errno_location: () => ptr(errno) } as unknown as Libc;
}

/** Refuses segments to one port, as Linux does on a path with a small MTU. `segments`: of the messages it took. */
function smallPathKernel(port: number) {
  const libc = openLibc();
  const segments: { port: number; count: number }[] = [];
  const errno = new Int32Array([22]);
  const portOf = (message: Pointer) => {
    const name = read.ptr(message, 0) as Pointer;
    return read.u8(name, 2) * 256 + read.u8(name, 3);
  };
  const sendmmsg = (fd: number, at: Pointer, count: number, flags: number) => {
    const messages = Array.from({ length: count }, (_, i) => (at + i * 64) as Pointer);
    const refused = messages.findIndex((one) => portOf(one) === port && read.u64(one, 40) > 0n);
    if (refused === 0) return -1;
    const sent = libc.sendmmsg(fd, at, refused < 0 ? count : refused, flags);
    for (const one of messages.slice(0, sent)) {
      segments.push({ port: portOf(one), count: Number(read.u64(one, 24)) });
    }
    return sent;
  };
  return {
    libc: { sendmmsg, __errno_location: () => ptr(errno) } as unknown as Libc,
    segments,
  };
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !condition(); i++) await Bun.sleep(5);
}

describe("sendmmsg with segmentation", () => {
  test("frames of any sizes to many viewers arrive whole and in order", async () => {
    const batch = await openBatch();
    const viewers = await Promise.all([viewer(), viewer(), viewer()]);
    const random = fixedRandom(2);
    const sent: Buffer[][] = viewers.map(() => []);
    for (let round = 0; round < 60; round++) {
      viewers.forEach(({ endpoint }, i) => {
        for (let k = random.below(12); k > 0; k--) {
          const packet = random.bytes(random.below(4) ? 700 : 1 + random.below(1400));
          sent[i]?.push(packet);
          put(batch, packet, endpoint);
        }
      });
      batch.flush();
      await Bun.sleep(1);
    }
    await until(() => viewers.every(({ received }, i) => received.length === sent[i]?.length));
    viewers.forEach(({ received }, i) => {
      expect(received.map((packet) => packet.toString("hex"))).toEqual(
        (sent[i] ?? []).map((packet) => packet.toString("hex")),
      );
    });
    expect(batch.packetsDropped).toBe(0);
    expect(viewers.every(({ endpoint }) => batch.segmentsTo(endpoint))).toBe(true);
  });

  test("runs longer than a message, and the end of the ring, lose nothing", async () => {
    const batch = await openBatch();
    const one = await viewer();
    let count = 0;
    // 5,000 packets pass the 4,096 slots once; 70 of one size are more than one message may carry.
    for (let round = 0; round < 72; round++) {
      for (let i = 0; i < 70; i++) {
        const packet = Buffer.alloc(100);
        packet.writeUInt32BE(count++, 0);
        put(batch, packet, one.endpoint);
      }
      batch.flush();
      await until(() => one.received.length === count);
    }
    expect(one.received.map((packet) => packet.readUInt32BE(0))).toEqual(
      Array.from({ length: count }, (_, i) => i),
    );
  });

  test("what a busy kernel does not take waits, around the end of the ring too, and nothing is mixed up", async () => {
    const socket = await MediaSocket.open(0, () => undefined);
    cleanUp.push(() => socket.close());
    const random = fixedRandom(7);
    const batch = new GsoBatch({ fd: socket.fd ?? -1, ipv6: socket.ipv6 }, busyKernel(random));
    cleanUp.push(() => batch.close());
    const viewers = await Promise.all([viewer(), viewer(), viewer()]);
    const arrived = () => viewers.reduce((sum, { received }) => sum + received.length, 0);
    let count = 0;
    for (let round = 0; round < 300; round++) {
      for (const { endpoint } of viewers) {
        for (let k = random.below(40); k > 0; k--) {
          const packet = Buffer.alloc(random.below(5) ? 300 : 20 + random.below(200));
          packet.writeUInt32BE(count++, 0);
          put(batch, packet, endpoint);
        }
      }
      batch.flush();
      // The viewers' sockets hold little.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => arrived() + batch.packetsDropped === count);
    expect(batch.packetsDropped).toBeGreaterThan(0);
    expect(arrived() + batch.packetsDropped).toBe(count);
    for (const { received } of viewers) {
      const numbers = received.map((packet) => packet.readUInt32BE(0));
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
  });

  test("reaches IPv6 too", async () => {
    const batch = await openBatch();
    const one = await viewer("::1").catch(() => undefined);
    if (one === undefined) return;
    put(batch, Buffer.from("six"), one.endpoint);
    batch.flush();
    await until(() => one.received.length === 1);
    expect(one.received[0]?.toString()).toBe("six");
  });

  test("a destination that cannot be reached is dropped and counted, the others get theirs", async () => {
    const batch = await openBatch();
    const one = await viewer();
    for (let i = 0; i < 5; i++) {
      // Port 0 is refused by the kernel with EINVAL.
      put(batch, Buffer.alloc(100, 1), { address: "127.0.0.1", port: 0 });
      put(batch, Buffer.alloc(100, 2), one.endpoint);
      batch.flush();
    }
    await until(() => one.received.length === 5);
    expect(one.received.length).toBe(5);
    expect(batch.packetsDropped).toBe(5);
    expect(batch.segmentsTo(one.endpoint)).toBe(true);
  });

  test("a path that takes no segments gets single packets; the other viewers keep theirs", async () => {
    const socket = await MediaSocket.open(0, () => undefined);
    cleanUp.push(() => socket.close());
    const [small, other] = [await viewer(), await viewer()];
    const kernel = smallPathKernel(small.endpoint.port);
    const batch = new GsoBatch({ fd: socket.fd ?? -1, ipv6: socket.ipv6 }, kernel.libc);
    cleanUp.push(() => batch.close());
    const frame = () => {
      for (const { endpoint } of [small, other]) {
        for (let i = 0; i < 3; i++) put(batch, Buffer.alloc(100, i), endpoint);
      }
      batch.flush();
    };
    frame();
    kernel.segments.length = 0;
    frame();
    const counts = (port: number) =>
      kernel.segments.filter((one) => one.port === port).map(({ count }) => count);
    expect(counts(small.endpoint.port)).toEqual([1, 1, 1]);
    expect(counts(other.endpoint.port)).toEqual([3]);
    await until(() => small.received.length === 6 && other.received.length === 6);
    expect([small.received.length, other.received.length]).toEqual([6, 6]);
    expect(batch.packetsDropped).toBe(0);
  });

  test("with nobody taking packets the ring stays bounded and the oldest are dropped", async () => {
    const socket = await MediaSocket.open(0, () => undefined);
    socket.close();
    // A closed descriptor refuses everything, as a device that is gone does.
    const batch = openGsoBatch({ fd: -1, ipv6: true });
    for (let i = 0; i < 10_000; i++) {
      put(batch as BatchSender, Buffer.alloc(10), { address: "127.0.0.1", port: 9 });
    }
    batch?.flush();
    expect(batch?.packetsDropped).toBe(10_000);
    batch?.close();
  });
});

describe("the end", () => {
  test("what a busy kernel did not take is not sent through a descriptor that was closed", async () => {
    const errno = new Int32Array([11]);
    let calls = 0;
    const sendmmsg = () => {
      calls++;
      return -1;
    };
    const libc = { sendmmsg, __errno_location: () => ptr(errno) } as unknown as Libc;
    const batch = new GsoBatch({ fd: 3, ipv6: false }, libc);
    put(batch, Buffer.alloc(9), { address: "127.0.0.1", port: 9 });
    jest.useFakeTimers();
    batch.flush();
    batch.close();
    jest.runAllTimers();
    // As the fan-out does with its last turn.
    batch.flush();
    expect(calls).toBe(1);
  });

  test("of a shard is that of its send back-end too", async () => {
    const close = spyOn(GsoBatch.prototype, "close");
    const clocks = { nowMs: () => 0, unixMs: () => 0 };
    const settings = { name: "media-0", udpPort: 0, addresses: [], connectMsMax: 1000 };
    const shard = await LocalShard.open({ ...settings, backend: "auto" }, clocks, () => undefined);
    await shard.close();
    expect(close).toHaveBeenCalledTimes(1);
    close.mockRestore();
  });
});

describe("choice of the send back-end", () => {
  test("portable is Bun's own; auto is what passes its self-test", async () => {
    const socket = await MediaSocket.open(0, () => undefined);
    cleanUp.push(() => socket.close());
    expect((await selectBatch(socket, "portable")).name).toBe("sendMany");
    expect((await selectBatch(socket, "auto")).name).toBe("sendmmsg+gso");
  });
});
