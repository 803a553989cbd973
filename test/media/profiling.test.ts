/** Profiles of the running server, opened by Go's own tool. Needs go. */
import { afterEach, expect, test } from "bun:test";
import { join } from "node:path";
import { startServer, type TestServer, untilLive } from "../support/start-server.ts";
import { moreMedia } from "../support/watching.ts";
import { WhepPlayer } from "../support/whep-player.ts";

let server: TestServer | undefined;
afterEach(async () => {
  await server?.stop();
});

async function top(running: TestServer, path: string): Promise<string> {
  const response = await fetch(`${running.url}${path}`);
  expect(response.status).toBe(200);
  const file = join(running.folder, "profile.pprof");
  await Bun.write(file, await response.arrayBuffer());
  const tool = Bun.spawnSync(["go", "tool", "pprof", "-top", file], {
    env: { ...process.env, PPROF_TMPDIR: running.folder },
  });
  expect({ code: tool.exitCode, errors: tool.stderr.toString() }).toMatchObject({ code: 0 });
  return tool.stdout.toString();
}

test("go tool pprof opens the profiles of CPU and heap", async () => {
  server = await startServer({ demo: true, env: { PPROF: "1", CORE_MEDIA_WORKERS: "0" } });
  await untilLive(server, "test");
  const viewer = await WhepPlayer.play({ url: server.whep("test") });
  await moreMedia(viewer);
  const cpu = await top(server, "/debug/pprof/profile?seconds=2");
  expect(cpu).toContain("Type: cpu");
  // The way of the media, by the names of our own functions.
  expect(cpu).toMatch(/\b(write|receive|send|flush|onData|tick)\b/);
  const heap = await top(server, "/debug/pprof/heap");
  expect(heap).toContain("Type: inuse_space");
  expect(heap).toMatch(/MB|kB/);
  expect(heap).toContain("Uint8Array");
  const snapshot = await (await fetch(`${server.url}/debug/pprof/heap?format=heapsnapshot`)).json();
  expect(snapshot).toMatchObject({ snapshot: { meta: { node_fields: expect.any(Array) } } });
  await viewer.close();
}, 60_000);
