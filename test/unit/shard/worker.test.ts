/** The thread of a media worker itself, spoken to as the side of control does. */
import { expect, test } from "bun:test";
import { Worker } from "node:worker_threads";
import type { FromWorker, ToWorker } from "../../../src/shard/messages.ts";
import { PacketQueue } from "../../../src/shard/packet-queue.ts";

const VIDEO = { number: 0, kind: "video", clockRate: 90_000 } as const;
const LIMITS = { packets: 1, bytes: 1, ticks: 1 };

async function start() {
  const queue = new PacketQueue();
  const worker = new Worker(new URL("../../../src/shard/worker.ts", import.meta.url));
  const post = (message: ToWorker) => worker.postMessage(message);
  /** Resolves with the next message of this type. */
  const next = (type: FromWorker["type"]) =>
    new Promise<FromWorker>((resolve) => {
      const listener = (message: FromWorker) => {
        if (message.type !== type) return;
        worker.off("message", listener);
        resolve(message);
      };
      worker.on("message", listener);
    });
  const ready = next("ready");
  const settings = { name: "media-0", udpPort: 0, addresses: [], connectMsMax: 1000 };
  post({
    ...{ type: "start", queue: queue.memory, unixAheadMs: 0 },
    settings: { ...settings, backend: "portable" },
  });
  await ready;
  return { queue, worker, post, next };
}

test("packets that overtake the announcement of their stream do not hold the worker up", async () => {
  const { queue, worker, post, next } = await start();
  try {
    const facts = { sequence: 1, timestamp: 1, marker: true, startsKeyframe: true };
    queue.push(VIDEO.number, facts, Buffer.from([0x65, 1]), 0, 2);
    queue.wake();
    // Long enough for the worker to have seen the packet.
    await Bun.sleep(50);
    const stopped = next("stopped");
    post({ type: "stream", id: "cam", tracks: [{ ...VIDEO, replayLimits: LIMITS }] });
    post({ type: "stop" });
    await stopped;
    expect(queue.peek()).toBeUndefined();
  } finally {
    worker.terminate();
  }
});

test("an error that nobody expected is told, and the worker goes on", async () => {
  const script = new URL("../../support/crashing-worker.ts", import.meta.url).pathname;
  const { stdout } = Bun.spawn([process.execPath, script]);
  expect(await stdout.text()).toBe("ready\ngone\ncrashed\nstopped\n");
  // A process with a worker: long where the machine has much else to do.
}, 60_000);
