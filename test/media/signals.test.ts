/** Which signals end a server in order: FFmpeg and viewers are told, and the journal is whole. */
import { expect, test } from "bun:test";
import { startServer } from "../support/start-server.ts";
import { until } from "../support/whep-player.ts";

const messages = (server: Awaited<ReturnType<typeof startServer>>) =>
  server.log().map((line) => line["msg"]);

test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("%s stops in order", async (signal) => {
  const server = await startServer();
  try {
    process.kill(server.pid, signal);
    expect(await server.exited).toBe(0);
    await until(() => messages(server).includes("stopped"), 10_000, "the last line");
  } finally {
    await server.stop();
  }
});

test("a server under nohup goes on when its terminal is closed", async () => {
  const server = await startServer({ wrapper: ["nohup"] });
  try {
    process.kill(server.pid, "SIGHUP");
    await Bun.sleep(300);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    expect(messages(server)).not.toContain("stopping");
  } finally {
    expect(await server.stop()).toBe(0);
  }
});
