/**
 * What people already run: core-client-python, unmodified. It is in no package registry, so this needs a checkout of
 * it in CORE_CLIENT_PYTHON, and a Python with its requirements in CORE_CLIENT_PYTHON_BINARY (default python3).
 */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { startServer, type TestServer } from "../support/start-server.ts";
import { until, WhepPlayer } from "../support/whep-player.ts";

const TIMEOUT_MS = 60_000;
const checkout = process.env["CORE_CLIENT_PYTHON"];
const python = process.env["CORE_CLIENT_PYTHON_BINARY"] ?? "python3";
const SCRIPT = join(import.meta.dir, "../clients/core-client-python/whole_life.py");
/** Of the administrator: where there is a login, both are good. */
const TOKEN = "of-the-test";
const LOGIN = { username: "admin", password: "a long sentence" };

async function publish(server: TestServer): Promise<void> {
  const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
  const body = JSON.stringify({ webrtc: { enabled: true, audio: { mode: "off" } } });
  const url = `${server.url}/api/v3/process/cam`;
  expect((await fetch(url, { method: "PUT", headers, body })).status).toBe(200);
  const isLive = async () => {
    const answer = await fetch(`${server.url}/api/v3/webrtc/streams`, { headers });
    return ((await answer.json()) as { state: string }[])[0]?.state === "live";
  };
  await until(isLive, 20_000, "the stream to be live");
}

const needs = checkout ? "" : " (needs CORE_CLIENT_PYTHON: a checkout of core-client-python)";

describe.skipIf(!checkout)(`core-client-python${needs}`, () => {
  test.each([
    ["without a login", undefined],
    ["with a login", LOGIN],
  ])(
    "adds, reads, changes, stops and deletes a process that is watched, %s",
    async (_name, login) => {
      const config = { api: { token: TOKEN, auth: { enable: true, ...login } } };
      const server = await startServer(login === undefined ? {} : { config });
      const args = login === undefined ? [] : [login.username, login.password];
      const client = Bun.spawn([python, SCRIPT, server.url, ...args], {
        env: { ...process.env, PYTHONPATH: checkout ?? "" },
        stdin: "pipe",
        stdout: "pipe",
        stderr: "pipe",
      });
      const errors = new Response(client.stderr).text();
      let said = "";
      void (async () => {
        for await (const chunk of client.stdout) said += Buffer.from(chunk).toString();
      })();
      try {
        const waits = async (what: string) => {
          const told = () => said.includes(`${what}\n`) || client.exitCode !== null;
          await until(told, 30_000, what);
          if (client.exitCode !== null) throw new Error(await errors);
        };
        const goOn = async () => {
          client.stdin.write("\n");
          await client.stdin.flush();
        };
        await waits("ready to publish");
        await publish(server);
        await goOn();
        await waits("ready to watch");
        const player = await WhepPlayer.play({ url: server.whep("cam"), audio: false });
        await player.close();
        await goOn();
        expect({ code: await client.exited, errors: await errors }).toEqual({
          code: 0,
          errors: "",
        });
        expect(said).toEndWith("done\n");
      } finally {
        void client.kill();
        await server.stop();
      }
    },
    TIMEOUT_MS,
  );
});
