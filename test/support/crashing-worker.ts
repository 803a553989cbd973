/**
 * A media worker that is asked for something no check would let through. In a process of its own: Bun's test runner takes
 * every uncaught error of a worker for itself. Prints the types of the worker's messages.
 */
import { Worker } from "node:worker_threads";
import type { FromWorker, ToWorker } from "../../src/shard/messages.ts";
import { PacketQueue } from "../../src/shard/packet-queue.ts";
import type { Negotiation } from "../../src/wire/sdp/answer.ts";

const worker = new Worker(new URL("../../src/shard/worker.ts", import.meta.url));
const post = (message: ToWorker) => worker.postMessage(message);
const settings = { name: "media-0", udpPort: 0, addresses: [], connectMsMax: 1000 };

worker.on("message", (message: FromWorker) => {
  if (message.type === "pulse") return;
  console.write(`${message.type}\n`);
  if (message.type === "ready") {
    post({ type: "stream", id: "cam", tracks: [] });
    post({ type: "open", request: 1, streamId: "cam", negotiation: {} as Negotiation });
  }
  if (message.type === "crashed") post({ type: "stop" });
  if (message.type === "stopped") worker.terminate();
});
worker.on("error", () => console.write("error\n"));

post({
  type: "start",
  queue: new PacketQueue().memory,
  unixAheadMs: 0,
  settings: { ...settings, backend: "portable" },
});
