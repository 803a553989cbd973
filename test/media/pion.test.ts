/** Pion players, as Go programs use them: the load client of test/load against the real server. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { buildLoadTools } from "../bench/servers.ts";
import { droppedOf } from "../support/socket-drops.ts";
import { startServer, type TestServer, untilLive } from "../support/start-server.ts";

const TIMEOUT_MS = 300_000;

/** The load client needs Go 1.25; older systems bring less. */
function hasGo(): boolean {
  if (Bun.which("go") === null) return false;
  const version = Bun.spawnSync(["go", "version"]).stdout.toString();
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > 1 || Number(minor) >= 25;
}

describe.skipIf(!hasGo())("Pion", () => {
  let tools: Awaited<ReturnType<typeof buildLoadTools>>;
  let server: TestServer;

  beforeAll(async () => {
    tools = await buildLoadTools();
    server = await startServer({ demo: true });
    await untilLive(server, "test");
  }, TIMEOUT_MS);

  afterAll(async () => {
    tools?.remove();
    await server?.stop();
  });

  test(
    "five players connect, start with a keyframe and lose nothing",
    async () => {
      const command = [join(tools.folder, "whepload"), "-url", server.whep("test"), "-n", "5"];
      const client = Bun.spawn([...command, "-duration", "3s"], { stderr: "inherit" });
      let unread = 0;
      const watch = setInterval(() => {
        unread = Math.max(unread, droppedOf(client.pid));
      }, 100);
      const load = JSON.parse(await new Response(client.stdout).text());
      clearInterval(watch);
      expect(load).toMatchObject({ ok: 5, errors: {} });
      expect(load.lost).toBeLessThanOrEqual(unread);
      expect(load.packets).toBeGreaterThan(5 * 3 * 250);
      expect(load.first_keyframe_ms.p50).toBeGreaterThan(0);
      const connected = "dragonfork_webrtc_ice_establishment_duration_seconds_count";
      expect(await server.metric(connected, { stream_id: "test", result: "connected" })).toBe(5);
      expect(await server.metric("dragonfork_webrtc_active_peers", { stream_id: "test" })).toBe(0);
    },
    TIMEOUT_MS,
  );
});
