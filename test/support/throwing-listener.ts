/**
 * A media socket whose listener throws. In a process of its own: Bun's test runner takes every uncaught error for itself.
 * Prints what the process hears.
 */
import { MediaSocket } from "../../src/transport/media-socket.ts";

process.on("uncaughtException", ({ message }) => {
  console.write(`${message}\n`);
  process.exit(0);
});
const socket = await MediaSocket.open(0, () => {
  throw new Error("heard");
});
const player = await Bun.udpSocket({ hostname: "127.0.0.1", port: 0 });
// A datagram may be lost, also on loopback.
setInterval(() => player.send("any", socket.port, "127.0.0.1"), 20);
