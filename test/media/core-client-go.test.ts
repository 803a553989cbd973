/** What people already run: core-client-go 16.11, unmodified, makes a process a stream, without and with a login. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { buildCoreClient, ClientError, CoreClientGo } from "../support/core-client-go.ts";
import { startServer, type TestServer } from "../support/start-server.ts";
import { until, WhepPlayer } from "../support/whep-player.ts";

const TIMEOUT_MS = 120_000;
const LOGIN = { username: "admin", password: "a long sentence" };

/** As a program in Go writes it: all fields of Core, none of ours. */
const CONFIG = {
  id: "cam/1",
  type: "ffmpeg",
  reference: "front door",
  input: [
    {
      id: "in",
      address: "testsrc2=size=160x120:rate=15",
      options: ["-re", "-f", "lavfi"],
    },
  ],
  output: [{ id: "out", address: "-", options: ["-f", "null"] }],
  options: ["-loglevel", "level+info"],
  reconnect: true,
  reconnect_delay_seconds: 1,
  autostart: false,
  stale_timeout_seconds: 30,
  limits: { cpu_usage: 0, memory_mbytes: 0, waitfor_seconds: 0 },
};

interface State {
  readonly order: string;
  readonly exec: string;
  readonly progress: { readonly frame: number };
}

let program: Awaited<ReturnType<typeof buildCoreClient>>;

describe.skipIf(Bun.which("go") === null)("core-client-go", () => {
  beforeAll(async () => {
    program = await buildCoreClient();
  }, TIMEOUT_MS);
  afterAll(() => program?.remove());

  for (const login of [undefined, LOGIN]) {
    test(
      `${login ? "logs in, " : ""}adds, starts, publishes, reads, stops and deletes a process`,
      () => wholeLife(login),
      TIMEOUT_MS,
    );
  }

  test(
    "is refused with a wrong password, and without any",
    async () => {
      const server = await serve(LOGIN);
      try {
        const connect = (user?: typeof LOGIN) =>
          CoreClientGo.connect(program.path, server.url, user);
        await expect(connect({ ...LOGIN, password: "guess" })).rejects.toThrow("wrong username");
        await expect(connect()).rejects.toBeInstanceOf(ClientError);
      } finally {
        await server.stop();
      }
    },
    TIMEOUT_MS,
  );
});

function serve(login: typeof LOGIN | undefined): Promise<TestServer> {
  return startServer(
    login === undefined ? {} : { config: { api: { auth: { enable: true, ...login } } } },
  );
}

async function wholeLife(login: typeof LOGIN | undefined): Promise<void> {
  const server = await serve(login);
  const client = await CoreClientGo.connect(program.path, server.url, login);
  const id = CONFIG.id;
  const state = () => client.call<State>({ call: "ProcessState", id });
  const command = (text: string) => client.call({ call: "ProcessCommand", id, text });
  try {
    expect(client.about).toMatchObject({
      app: "datarhei-core",
      auths: login ? ["localjwt"] : [],
      version: { number: "16.16.0" },
    });
    await client.call({ call: "ProcessAdd", config: CONFIG });
    expect(await client.call<object>({ call: "ProcessConfig", id })).toMatchObject(CONFIG);
    expect(await state()).toMatchObject({ order: "stop", exec: "finished" });
    await command("start");
    await until(async () => (await state()).progress.frame > 10, 20_000, "frames");

    // What the client knows nothing of; a change by the client afterwards must not lose it.
    await publish(server, id, login);
    const config = await client.call<object>({ call: "ProcessConfig", id });
    await client.call({ call: "ProcessUpdate", id, config: { ...config, reference: "hall" } });
    expect(await client.call<object>({ call: "Process", id })).toMatchObject({
      id,
      reference: "hall",
    });
    await watch(server, id, login);

    const report = await client.call<{ prelude: string[] }>({ call: "ProcessReport", id });
    expect(report.prelude.join("\n")).toContain("Stream mapping");
    await client.call({ call: "ProcessMetadataSet", id, text: "ui", value: { name: "Hall" } });
    expect(await client.call<object>({ call: "ProcessMetadata", id, text: "ui" })).toEqual({
      name: "Hall",
    });
    const skills = await client.call<{ ffmpeg: { version: string } }>({ call: "Skills" });
    expect(skills.ffmpeg.version).toMatch(/^\d+\.\d+/);
    expect(await client.call<object[]>({ call: "Log" })).not.toBeEmpty();
    await client.call({ call: "MetadataSet", text: "bundle", value: [1, 2] });
    expect(await client.call<unknown>({ call: "Metadata", text: "bundle" })).toEqual([1, 2]);

    await command("stop");
    expect(await state()).toMatchObject({ order: "stop", exec: "finished" });
    await client.call({ call: "ProcessDelete", id });
    expect(await client.call<object[]>({ call: "ProcessList" })).toEqual([]);
    const gone = await client.call({ call: "Process", id }).catch((error: unknown) => error);
    expect(gone).toMatchObject({ code: 404 });
  } finally {
    await client.close();
    await server.stop();
  }
}

async function authorization(server: TestServer, login: typeof LOGIN | undefined) {
  if (login === undefined) return {};
  const answer = await fetch(`${server.url}/api/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(login),
  });
  const { access_token } = (await answer.json()) as { access_token: string };
  return { authorization: `Bearer ${access_token}` };
}

async function publish(server: TestServer, id: string, login: typeof LOGIN | undefined) {
  const answer = await fetch(`${server.url}/api/v3/process/${encodeURIComponent(id)}`, {
    method: "PUT",
    headers: { "content-type": "application/json", ...(await authorization(server, login)) },
    body: JSON.stringify({ webrtc: { enabled: true, audio: { mode: "off" } } }),
  });
  expect(answer.status).toBe(200);
}

/** A viewer needs no login. */
async function watch(server: TestServer, id: string, login: typeof LOGIN | undefined) {
  const headers = await authorization(server, login);
  await until(
    async () => {
      const answer = await fetch(`${server.url}/api/v3/webrtc/streams`, { headers });
      const streams = (await answer.json()) as { id: string; state: string }[];
      return streams.some((stream) => stream.id === id && stream.state === "live");
    },
    20_000,
    "the stream to be live",
  );
  const player = await WhepPlayer.play({ url: server.whep(id), audio: false });
  await until(
    () => [...player.received.values()].some(({ packets }) => packets > 20),
    10_000,
    "the picture",
  );
  await player.close();
}
