/** The routes of datarhei Core besides processes: metadata, log, skills, configuration. */
import { describe, expect, test } from "bun:test";
import { coreView } from "../../src/config/core-view.ts";
import { FfmpegUnavailable } from "../../src/errors/process.ts";
import { LogTail } from "../../src/telemetry/log-tail.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { redact } from "../../src/telemetry/redact.ts";
import { configured, SKILLS } from "./support/fake-core.ts";
import { Harness, type HarnessOptions, problemOf } from "./support/harness.ts";

async function get(path: string, core: HarnessOptions["core"] = {}): Promise<unknown> {
  const answer = await new Harness({ core }).send("GET", path);
  expect(answer.status).toBe(200);
  return JSON.parse(answer.body);
}

function putJson(harness: Harness, path: string, body: unknown) {
  const headers = { "content-type": "application/json" };
  return harness.send("PUT", path, { headers, body: JSON.stringify(body) });
}

describe("metadata of the server", () => {
  test("nested deeper than can be written again are refused", async () => {
    const harness = new Harness();
    const put = (depth: number) => {
      const body = `${"[".repeat(depth)}1${"]".repeat(depth)}`;
      const headers = { "content-type": "application/json" };
      return harness.send("PUT", "/api/v3/metadata/deep", { headers, body });
    };
    expect((await put(200)).status).toBe(200);
    for (const depth of [201, 100_000]) {
      const { status, body } = await put(depth);
      expect({ status, ...JSON.parse(body) }).toMatchObject({
        status: 400,
        detail: "Invalid JSON: found values in more than 200 others; allowed: fewer levels",
      });
    }
  });

  test("are kept by key, and null removes a key", async () => {
    const harness = new Harness();
    expect((await harness.send("GET", "/api/v3/metadata")).body).toBe("null\n");
    const value = { theme: ["dark", 1, null] };
    expect(JSON.parse((await putJson(harness, "/api/v3/metadata/a%2Fb", value)).body)).toEqual(
      value,
    );
    expect(JSON.parse((await harness.send("GET", "/api/v3/metadata")).body)).toEqual({
      "a/b": value,
    });
    expect((await putJson(harness, "/api/v3/metadata/a%2Fb", null)).body).toBe("null\n");
    const gone = await harness.send("GET", "/api/v3/metadata/a%2Fb");
    expect(gone.status).toBe(404);
    expect(problemOf(gone)).toMatchObject({
      code: 404,
      message: "Metadata not found",
      details: ["unknown key"],
    });
  });

  test("of a name that objects have anyway are none", async () => {
    expect((await new Harness().send("GET", "/api/v3/metadata/toString")).status).toBe(404);
    const harness = new Harness();
    await putJson(harness, "/api/v3/metadata/__proto__", 1);
    expect((await harness.send("GET", "/api/v3/metadata/__proto__")).body).toBe("1\n");
  });
});

describe("the log", () => {
  const tail = new LogTail(2);
  const logger = createLogger({
    level: "info",
    format: "json",
    write: () => {},
    keep: tail.keep,
    now: () => new Date(0),
  });
  for (let n = 0; n < 7; n++) logger.info(`line ${n}`);
  logger.warn("source", { url: "rtsp://u:canary@cam/1", text: 'a "b"', level: "mine", n: 1 });

  test("has its newest lines in Core's form, without passwords", async () => {
    expect(await get("/api/v3/log", { log: tail })).toEqual([
      'ts=1970-01-01T00:00:00.000Z level=INFO component="dragonfork" msg="line 6"',
      'ts=1970-01-01T00:00:00.000Z level=WARN component="dragonfork" msg="source" level="mine" n=1 text="a \\"b\\"" url="rtsp://***@cam/1"',
    ]);
  });

  test("has them as objects where raw is asked for", async () => {
    const [, last] = (await get("/api/v3/log?format=raw", { log: tail })) as unknown[];
    expect(last).toEqual({
      ts: "1970-01-01T00:00:00.000Z",
      level: "warn",
      component: "dragonfork",
      message: "source",
      url: "rtsp://***@cam/1",
      text: 'a "b"',
      n: 1,
    });
  });
});

describe("the skills of FFmpeg", () => {
  test("are asked for, and asked for anew", async () => {
    const calls: string[] = [];
    const answer = (call: string) => async () => {
      calls.push(call);
      return SKILLS;
    };
    const skills = { get: answer("get"), reload: answer("reload") };
    expect(await get("/api/v3/skills", { skills })).toEqual(JSON.parse(JSON.stringify(SKILLS)));
    await get("/api/v3/skills/reload", { skills });
    expect(calls).toEqual(["get", "reload"]);
  });

  test("are not there without FFmpeg", async () => {
    const get = async () => {
      throw new FfmpegUnavailable("no such file");
    };
    const harness = new Harness({ core: { skills: { get, reload: get } } });
    const answer = await harness.send("GET", "/api/v3/skills");
    expect(answer.status).toBe(503);
    expect(problemOf(answer).detail).toContain("CORE_FFMPEG_BINARY");
  });
});

describe("the configuration", () => {
  const secrets = {
    CORE_API_TOKEN: "canary-token",
    CORE_API_AUTH_ENABLE: "true",
    CORE_API_AUTH_USERNAME: "admin",
    CORE_API_AUTH_PASSWORD: "canary-password",
    CORE_API_AUTH_JWT_SECRET: "canary-secret",
    CORE_WEBRTC_WHEP_TOKEN: "canary-whep",
    CORE_METRICS_TOKEN: "canary-metrics",
    CORE_WEBRTC_VIEWER_JWKS: "https://u:canary@keys.example/jwks?token=canary",
    CORE_WEBRTC_ICE_SERVERS: '[{"urls":["turn:t.example"],"username":"u","credential":"canary"}]',
    CORE_PROCESSES: '[{"id":"a","input":[{"address":"rtsp://u:canary@cam/"}]}]',
  };
  const config = {
    view: coreView(configured(secrets), redact),
    overrides: ["api.token"],
    loadedMs: 0,
    reload: async () => [],
  };

  test("is in Core's shape, and without secrets", async () => {
    const answer = await get("/api/v3/config", { config });
    expect(JSON.stringify(answer)).not.toContain("canary");
    expect(answer).toMatchObject({
      loaded_at: "1970-01-01T00:00:00.000Z",
      overrides: ["api.token"],
      config: {
        version: 3,
        id: "dragonfork",
        host: { name: [] },
        api: { auth: { enable: true, username: "admin", password: "", jwt: { secret: "" } } },
        storage: { disk: { dir: "./data" }, memory: { auth: { enable: false } } },
        rtmp: { enable: false },
        srt: { enable: false },
        tls: { enable: false },
        ffmpeg: { binary: "ffmpeg", access: { input: { allow: [] } } },
      },
    });
  });

  test("can be sent back, and names what it would not change", async () => {
    const harness = new Harness({ core: { config } });
    const shown = JSON.parse((await harness.send("GET", "/api/v3/config")).body).config;
    const same = await putJson(harness, "/api/v3/config", shown);
    expect([same.status, same.body]).toEqual([200, '"OK"\n']);
    const partial = {
      version: 3,
      name: "other",
      ffmpeg: { max_processes: 7, unknown: 1 },
      log: null,
    };
    const refused = await putJson(harness, "/api/v3/config", partial);
    expect(refused.status).toBe(409);
    const reasons = JSON.parse(refused.body) as Record<string, string[]>;
    expect(Object.keys(reasons)).toEqual(["name", "ffmpeg.max_processes"]);
    expect(reasons["name"]?.[0]).toContain("configuration file");
  });

  test("of an unknown version, or no object, is refused in Core's words", async () => {
    const harness = new Harness();
    for (const [body, message] of [
      [{ version: 4 }, "Invalid config version"],
      [{}, "Invalid config version"],
      [[], "Invalid JSON"],
    ] as const) {
      const answer = await putJson(harness, "/api/v3/config", body);
      expect(answer.status).toBe(400);
      expect(problemOf(answer).message).toBe(message);
    }
  });

  test("is reloaded on request, but not by a link of another site", async () => {
    let reloads = 0;
    const problems: string[] = [];
    const reload = async () => {
      reloads += 1;
      return problems;
    };
    const harness = new Harness({
      core: { config: { ...config, reload } },
    });
    const path = "/api/v3/config/reload";
    const link = await harness.send("GET", path, { headers: { "sec-fetch-site": "cross-site" } });
    expect([link.status, reloads]).toEqual([403, 0]);
    const own = await harness.send("GET", path, { headers: { "sec-fetch-site": "same-origin" } });
    expect([own.status, own.body, reloads]).toEqual([200, '"OK"\n', 1]);
    problems.push('log.level (file a.yaml, line 1): found "loud"; allowed: debug, info');
    const refused = await harness.send("GET", path);
    expect(refused.status).toBe(400);
    expect(problemOf(refused)).toMatchObject({
      message: "Configuration not reloaded",
      details: problems,
    });
  });
});
