/** The time of day is wrong at the start and put right later: tokens go by the right one. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { startServer } from "../support/start-server.ts";
import { until } from "../support/whep-player.ts";

const PRELOAD = join(import.meta.dir, "../support/clock-step.ts");

test("a login ends by the time of day, also where that was put right after the start", async () => {
  const server = await startServer({
    env: {
      BUN_OPTIONS: `--preload=${PRELOAD}`,
      CORE_API_AUTH_ENABLE: "true",
      CORE_API_AUTH_USERNAME: "admin",
      CORE_API_AUTH_PASSWORD: "a long sentence",
    },
  });
  try {
    const login = await fetch(`${server.url}/api/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ username: "admin", password: "a long sentence" }),
    });
    const { access_token: token } = (await login.json()) as { access_token: string };
    const headers = { authorization: `Bearer ${token}` };
    const status = async () => (await fetch(`${server.url}/api/v3/log`, { headers })).status;
    expect(await status()).toBe(200);
    process.kill(server.pid, "SIGUSR2");
    await until(async () => (await status()) === 401, 10_000, "the end of the token");
  } finally {
    await server.stop();
  }
});
