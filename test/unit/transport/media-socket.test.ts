import { afterEach, describe, expect, test } from "bun:test";
import { MediaSocketFailed } from "../../../src/errors/process.ts";
import { SendManyBatch } from "../../../src/transport/batch-sender.ts";
import { datagramKind } from "../../../src/transport/demux.ts";
import { MediaSocket, plainAddress } from "../../../src/transport/media-socket.ts";

const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const close of cleanUp.splice(0)) close();
});

async function openSocket() {
  const socket = await MediaSocket.open(0, () => undefined);
  cleanUp.push(() => socket.close());
  return socket;
}

async function viewer(hostname = "127.0.0.1") {
  let received = 0;
  const socket = await Bun.udpSocket({
    hostname,
    port: 0,
    socket: { data: () => void received++ },
  });
  cleanUp.push(() => socket.close());
  return {
    endpoint: { address: hostname, port: socket.port },
    close: () => socket.close(),
    count: () => received,
  };
}

/** Waits for a condition, at most two seconds. */
async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !condition(); i++) await Bun.sleep(10);
}

describe("media socket", () => {
  test("a port that is taken is an error that names the port", async () => {
    const socket = await openSocket();
    const failed = MediaSocket.open(socket.port, () => undefined);
    await expect(failed).rejects.toBeInstanceOf(MediaSocketFailed);
    await expect(failed).rejects.toThrow(String(socket.port));
  });

  test("reaches IPv4 and, where the system has it, IPv6 from one socket", async () => {
    const socket = await openSocket();
    const four = await viewer();
    socket.send(Buffer.from("x"), four.endpoint);
    await until(() => four.count() === 1);
    expect(four.count()).toBe(1);
    const six = await viewer("::1").catch(() => undefined);
    if (six === undefined) return;
    socket.send(Buffer.from("x"), six.endpoint);
    await until(() => six.count() === 1);
    expect(six.count()).toBe(1);
  });

  test("five viewers that vanished cost the fifteen others nothing", async () => {
    const socket = await openSocket();
    const viewers = await Promise.all(Array.from({ length: 20 }, () => viewer()));
    for (const gone of viewers.slice(0, 5)) gone.close();
    const batch = new SendManyBatch(socket);
    const rounds = 100;
    for (let round = 0; round < rounds; round++) {
      for (const { endpoint } of viewers) {
        batch.arena.fill(round, batch.next(), batch.next() + 200);
        batch.commit(200, endpoint);
      }
      batch.flush();
      socket.send(
        Buffer.from("report"),
        viewers[19]?.endpoint ?? { address: "127.0.0.1", port: 9 },
      );
      await Bun.sleep(1);
    }
    const rest = viewers.slice(5);
    await until(() => rest.every(({ count }) => count() >= rounds));
    expect(rest.slice(0, 14).map(({ count }) => count())).toEqual(Array(14).fill(rounds));
    expect(rest[14]?.count()).toBe(rounds * 2);
  });

  test("a batch that is full is sent before the next packet needs its place", () => {
    const batches: number[] = [];
    const socket = { sendMany: (list: unknown[]) => void batches.push(list.length / 3) };
    const batch = new SendManyBatch(socket as unknown as MediaSocket);
    for (let i = 0; i < 600; i++) {
      batch.next();
      batch.commit(8, { address: "127.0.0.1", port: 9 });
    }
    batch.flush();
    batch.flush();
    expect(batches).toEqual([512, 88]);
  });
});

describe("datagrams on the shared port", () => {
  test("the first bytes tell what they are", () => {
    const stun = Buffer.alloc(20);
    expect(datagramKind(stun)).toBe("stun");
    expect(datagramKind(stun.subarray(0, 19))).toBe("other");
    expect(datagramKind(Buffer.from([22, 0xfe, 0xfd]))).toBe("dtls");
    expect(datagramKind(Buffer.from([0x81, 201]))).toBe("srtcp");
    expect(datagramKind(Buffer.from([0x80, 96]))).toBe("other");
    expect(datagramKind(Buffer.alloc(0))).toBe("other");
  });

  test("an error of our own while one is read is heard, as any other that nobody expected", async () => {
    const script = new URL("../../support/throwing-listener.ts", import.meta.url).pathname;
    const { stdout } = Bun.spawn([process.execPath, script], { timeout: 50_000 });
    expect(await stdout.text()).toBe("heard\n");
  }, 60_000);

  test("IPv4 mapped into IPv6 is shown as IPv4", () => {
    expect(plainAddress("::ffff:10.0.0.1")).toBe("10.0.0.1");
    expect(plainAddress("::1")).toBe("::1");
  });
});
