/** datarhei Core's own client libraries against the real server: they must not notice that it is another one. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DESCRIPTIONS } from "../../src/monitor/descriptions.ts";
import { startServer } from "../support/start-server.ts";

const TIMEOUT_MS = 300_000;
const SOURCES = join(import.meta.dir, "../load");
const login = { username: "operator", password: "correct horse" };

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end();
});

/** A server without a login, or with one. */
async function start(auth: boolean): Promise<string> {
  const server = await startServer({
    env: auth
      ? {
          CORE_API_AUTH_ENABLE: "true",
          CORE_API_AUTH_USERNAME: login.username,
          CORE_API_AUTH_PASSWORD: login.password,
        }
      : {},
  });
  cleanUp.push(() => server.stop());
  return server.url;
}

/** What a client printed: one line of JSON, or which of its steps failed. */
async function run(command: string[], env: Record<string, string | undefined> = {}) {
  const client = Bun.spawn(command, {
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(client.stdout).text(),
    new Response(client.stderr).text(),
  ]);
  if ((await client.exited) !== 0) throw new Error(err);
  return JSON.parse(out) as Record<string, unknown>;
}

/** Its module asks for Go 1.25; older systems bring less. */
function hasGo(): boolean {
  if (Bun.which("go") === null) return false;
  const version = Bun.spawnSync(["go", "version"]).stdout.toString();
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > 1 || Number(minor) >= 25;
}

describe.skipIf(!hasGo())("core-client-go 16.11.0", () => {
  const folder = mkdtempSync(join(tmpdir(), "core-client-"));
  const client = join(folder, "coreclient");
  beforeAll(() => {
    const build = Bun.spawnSync(["go", "build", "-o", client, "./coreclient"], { cwd: SOURCES });
    if (build.exitCode !== 0) throw new Error(build.stderr.toString());
  }, TIMEOUT_MS);
  afterAll(() => rmSync(folder, { recursive: true }));

  const seen = {
    app: "datarhei-core",
    version: expect.stringMatching(/^16\.(1[1-9]|[2-9]\d)\./),
    order: "start",
    inputs: 2,
    // Its own output takes the picture; the two legs follow.
    outputs: expect.any(Number),
    prelude: expect.any(Number),
    probed: 2,
    metadata: { title: "Go" },
    ffmpeg: expect.stringMatching(/^\d+\.\d+/),
    refused: 1,
    kept: "kept",
    metrics: DESCRIPTIONS.length,
    file: "three",
    watched: true,
    stopped: "stop",
    gone: 404,
  };

  test(
    "adds, publishes, starts, reads, watches, stops and deletes without a login",
    async () => {
      expect(await run([client, "-url", await start(false)])).toMatchObject({
        ...{ ...seen, auths: [], token: false },
      });
    },
    TIMEOUT_MS,
  );

  test(
    "does the same with a login, and nothing without its password",
    async () => {
      const url = await start(true);
      const command = [client, "-url", url, "-username", login.username, "-password"];
      expect(await run([...command, login.password])).toMatchObject({
        ...{ ...seen, auths: ["localjwt"], token: true },
      });
      await expect(run([...command, "wrong"])).rejects.toThrow("wrong username and/or password");
      await expect(run([client, "-url", url])).rejects.toThrow("credentials");
    },
    TIMEOUT_MS,
  );
});

// It is on no package index: a checkout of github.com/datarhei/core-client-python, and a Python that has httpx[http2],
// pydantic and PyJWT, have to be named.
const checkout = process.env["CORE_CLIENT_PYTHON"];
const python = process.env["CORE_CLIENT_PYTHON_BIN"] ?? "python3";
const where =
  checkout === undefined ? "skipped: CORE_CLIENT_PYTHON names no checkout of it" : checkout;

describe.skipIf(checkout === undefined)(`core-client-python (${where})`, () => {
  test.each([
    ["without a login", false],
    ["with a login", true],
  ])(
    "adds, changes, starts, reads, stops and deletes %s",
    async (_name, auth) => {
      const command = [python, join(SOURCES, "coreclient/main.py"), await start(auth)];
      if (auth) command.push(login.username, login.password);
      expect(await run(command, { PYTHONPATH: checkout })).toEqual({
        ...{ app: "datarhei-core", order: "start", prelude: expect.any(Number), probed: 1 },
        ...{ listed: ["py client"], metadata: { ui: { title: "Python" } }, stopped: "stop" },
        gone: 404,
      });
    },
    TIMEOUT_MS,
  );
});
