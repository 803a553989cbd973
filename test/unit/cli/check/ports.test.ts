import { afterEach, describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:net";
import { checkPorts } from "../../../../src/cli/check/ports.ts";
import { loadConfig } from "../../../../src/config/load.ts";
import { MediaSocket } from "../../../../src/transport/media-socket.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

function configWith(env: Record<string, string>) {
  const free = { CORE_ADDRESS: "127.0.0.1:0", CORE_WEBRTC_UDP_PORT: "0" };
  const loaded = loadConfig({ env: { ...free, ...env }, readFile: () => "" });
  if ("problems" in loaded) throw new Error(loaded.problems.join());
  return loaded.config;
}

async function occupiedTcpPort(): Promise<number> {
  const server: Server = createServer();
  closers.push(() => server.close());
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function failures(env: Record<string, string>, streams = 0) {
  const results = await checkPorts(configWith(env), streams);
  return results.filter(({ passed }) => !passed);
}

describe("check of the ports", () => {
  test("free ports pass", async () => {
    const results = await checkPorts(configWith({}), 1);
    const httpAndMedia = results.filter(({ name }) => name !== "FFmpeg leg ports");
    expect(httpAndMedia.map(({ passed }) => passed)).toEqual([true, true]);
  });

  test("an HTTP port in use is named with the variable to change", async () => {
    const port = await occupiedTcpPort();
    const failed = await failures({ CORE_ADDRESS: `127.0.0.1:${port}` });
    const http = failed.find(({ name }) => name === "HTTP address");
    expect(http?.detail).toContain(`127.0.0.1:${port}`);
    expect(http?.detail).toContain("CORE_ADDRESS");
  });

  test("a media port in use is named with the variable to change", async () => {
    const socket = await MediaSocket.open(0, () => undefined);
    closers.push(() => socket.close());
    const failed = await failures({ CORE_WEBRTC_UDP_PORT: String(socket.port) });
    const media = failed.find(({ name }) => name === "media port");
    expect(media?.detail).toContain("CORE_WEBRTC_UDP_PORT");
  });

  test("a range that is too small for the streams fails", async () => {
    const failed = await failures({ CORE_WEBRTC_LEG_PORTS: "16000-16005" }, 2);
    expect(failed.map(({ name }) => name)).toEqual(["FFmpeg leg ports"]);
    expect(failed[0]?.detail).toContain("4 are needed");
  });
});
