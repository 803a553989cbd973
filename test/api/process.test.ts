/** The process routes, in datarhei Core's words: its clients parse every answer. */
import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { globMatches } from "../../src/api/glob.ts";
import {
  DryRunSchema,
  ProbeSchema,
  ProcessListSchema,
  ProcessReportSchema,
  ProcessSchema,
  ProcessStateSchema,
} from "../../src/api/schemas.ts";
import { StoreFailed } from "../../src/errors/process.ts";
import { ProcessRecordSchema } from "../../src/process/record.ts";
import { type Answer, Harness, problemOf } from "./support/harness.ts";

const LIST = "/api/v3/process";
const CONFIG = {
  id: "live",
  reference: "ref1",
  input: [{ id: "in0", address: "rtsp://camera.example/a", options: [] }],
  output: [{ id: "out0", address: "-", options: ["-f", "null"] }],
};

function send(harness: Harness, method: string, path: string, value: unknown): Promise<Answer> {
  const headers = { "content-type": "application/json" };
  return harness.send(method, path, { body: JSON.stringify(value), headers });
}

async function serve(...ids: string[]): Promise<Harness> {
  const harness = new Harness();
  for (const id of ids) await send(harness, "POST", LIST, { ...CONFIG, id });
  return harness;
}

function jsonOf(answer: Answer): unknown {
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("application/json");
  expect(answer.body).toEndWith("\n");
  return JSON.parse(answer.body);
}

function idsOf(answer: Answer): string[] {
  const list = jsonOf(answer);
  if (!Array.isArray(list)) throw new Error(`no list: ${answer.body}`);
  return list.map((entry: { id: string }) => entry.id);
}

function expectCoreError(answer: Answer, code: number, message: string, details: unknown): void {
  expect(answer.status).toBe(code);
  expect(problemOf(answer)).toMatchObject({ code, message, details });
}

describe("the list", () => {
  test("is empty without processes", async () => {
    expect((await new Harness().send("GET", LIST)).body).toBe("[]\n");
  });

  test("has every part, and with a filter only those named", async () => {
    const harness = await serve("live");
    const list = jsonOf(await harness.send("GET", LIST));
    expect(Value.Check(ProcessListSchema, list)).toBe(true);
    const keysWith = async (filter: string) => {
      const value = jsonOf(await harness.send("GET", `${LIST}/live?filter=${filter}`));
      expect(Value.Check(ProcessSchema, value)).toBe(true);
      return Object.keys(value ?? {}).filter((key) =>
        ["config", "state", "report", "metadata"].includes(key),
      );
    };
    expect(await keysWith("")).toEqual(["config", "state", "report", "metadata"]);
    expect(await keysWith("state,config")).toEqual(["config", "state"]);
    expect(await keysWith("all")).toEqual([]);
  });

  test("is narrowed by ids, reference and patterns; empty values are absent", async () => {
    const harness = await serve("live", "cam1", "cam2");
    const query = async (text: string) => idsOf(await harness.send("GET", `${LIST}?${text}`));
    expect(await query("domain=&filter=&reference=&id=&idpattern=&refpattern=")).toHaveLength(3);
    expect(await query("id=live,nope")).toEqual(["live"]);
    expect(await query("idpattern=cam*")).toEqual(["cam1", "cam2"]);
    expect(await query("idpattern=zz*")).toEqual([]);
    expect(await query("reference=ref1&id=live")).toHaveLength(3);
    expect(await query("reference=other")).toEqual([]);
    expect(await query("refpattern=r%3Ff1&id=cam2")).toEqual(["cam2"]);
    expect(await query("refpattern=other*")).toEqual([]);
  });
});

describe("adding", () => {
  test("answers with the record as stored, lists never null", async () => {
    const harness = new Harness();
    const value = jsonOf(await send(harness, "POST", LIST, CONFIG));
    expect(Value.Check(ProcessRecordSchema, value)).toBe(true);
    expect(value).toMatchObject({ id: "live", type: "ffmpeg", autostart: true, options: [] });
    expect(value).not.toHaveProperty("webrtc");
    expect(value).not.toHaveProperty("input.0.cleanup");
  });

  test("refuses what is no JSON with Core's words", async () => {
    const harness = new Harness();
    const post = (body: string | null, type = "application/json") =>
      harness.send("POST", LIST, { body, headers: { "content-type": type } });
    expectCoreError(await post(null), 400, "Invalid JSON", ["request doesn't contain any content"]);
    expectCoreError(await post("{}", "text/plain"), 400, "Invalid JSON", [
      "request doesn't contain JSON content",
    ]);
    expectCoreError(await post("{,}"), 400, "Invalid JSON", [
      expect.stringContaining("syntax error"),
    ]);
    for (const body of ["null", "[]", "3", '"x"']) expect((await post(body)).status).toBe(400);
    expect((await post("{}", "application/json; charset=utf-8")).status).toBe(400);
    expect((await post(`"${"x".repeat(300_000)}"`)).status).toBe(413);
  });

  test("refuses a second process of the same id", async () => {
    const harness = await serve("live");
    const answer = await send(harness, "POST", LIST, CONFIG);
    expectCoreError(answer, 400, "Invalid process config", ["process already exists"]);
  });

  test("that cannot be stored shows no path of the machine", async () => {
    const harness = new Harness();
    harness.processes.failure = new StoreFailed("/var/lib/secret/db: disk full");
    const answer = await send(harness, "POST", LIST, CONFIG);
    expect(answer.status).toBe(500);
    expect(answer.body).not.toContain("/var/lib");
    expect(problemOf(answer).id).toBe(harness.errors[0]?.fields["id"]);
  });
});

describe("one process", () => {
  test("shows configuration, state and report in Core's shapes", async () => {
    const harness = await serve("live");
    const part = async (name: string) => jsonOf(await harness.send("GET", `${LIST}/live/${name}`));
    expect(Value.Check(ProcessRecordSchema, await part("config"))).toBe(true);
    expect(Value.Check(ProcessStateSchema, await part("state"))).toBe(true);
    expect(Value.Check(ProcessReportSchema, await part("report"))).toBe(true);
    expect(Value.Check(ProbeSchema, await part("probe"))).toBe(true);
  });

  test("a probe that its client calls off is no failure of the server", async () => {
    const harness = await serve("live");
    const client = new AbortController();
    harness.processes.probe = (_id, stop) =>
      new Promise((_resolve, reject) => {
        stop?.addEventListener("abort", () => reject(stop.reason));
        client.abort();
      });
    const { signal } = client;
    const answer = await harness.send("GET", `${LIST}/live/probe`, { signal });
    expect(answer.status).toBe(200);
    expect(harness.errors).toEqual([]);
  });

  test("is changed by merging, renamed by another id, and deleted", async () => {
    const harness = await serve("live");
    const changed = jsonOf(
      await send(harness, "PUT", `${LIST}/live`, { reconnect_delay_seconds: 7 }),
    );
    expect(changed).toMatchObject({ id: "live", reference: "ref1", reconnect_delay_seconds: 7 });
    expect(jsonOf(await send(harness, "PUT", `${LIST}/live`, { id: "a/b" }))).toMatchObject({
      id: "a/b",
    });
    expect(jsonOf(await harness.send("GET", `${LIST}/a%2Fb`))).toMatchObject({ id: "a/b" });
    expect((await harness.send("DELETE", `${LIST}/a%2Fb`)).body).toBe('"OK"\n');
    expect((await harness.send("DELETE", `${LIST}/a%2Fb`)).status).toBe(404);
  });

  test("says by a header what a change did, and with dry_run before it is done", async () => {
    const harness = await serve("live");
    const put = (query: string) =>
      send(harness, "PUT", `${LIST}/live${query}`, { reference: "r2" });
    for (const query of ["?dry_run=1", "?dry_run=true"]) {
      const answer = jsonOf(await put(query));
      expect(Value.Check(DryRunSchema, answer)).toBe(true);
      expect(answer).toMatchObject({
        ...{ dry_run: true, process: "restart", viewers: "freeze", viewers_affected: 3 },
        config: { id: "live", reference: "r2" },
      });
    }
    expect(harness.processes.get("live").reference).toBe("ref1");
    const changed = await put("?dry_run=0");
    expect(changed.headers.get("dragonfork-effect")).toBe(
      "process=restart, viewers=freeze, affected=3",
    );
    expect(harness.processes.get("live").reference).toBe("r2");
    const unclear = await put("?dry_run=yes");
    expectCoreError(unclear, 400, "Invalid query", [
      'dry_run: found "yes"; allowed: 1, true, 0, false',
    ]);
  });

  test("is not added by a dry run, which refuses what a real one refuses", async () => {
    const harness = await serve("live");
    const post = (record: object) => send(harness, "POST", `${LIST}?dry_run=1`, record);
    expect(Value.Check(DryRunSchema, jsonOf(await post({ ...CONFIG, id: "b" })))).toBe(true);
    expect(harness.processes.has("b")).toBe(false);
    const taken = await post(CONFIG);
    expectCoreError(taken, 400, "Invalid process config", ["process already exists"]);
  });

  test("takes commands, and refuses others in Core's words", async () => {
    const harness = await serve("live");
    for (const command of ["start", "stop", "restart", "reload"]) {
      const answer = await send(harness, "PUT", `${LIST}/live/command`, { command });
      expect(answer.body).toBe('"OK"\n');
    }
    expect(harness.processes.commands).toEqual([
      "start live",
      "stop live",
      "restart live",
      "reload live",
    ]);
    const command = (id: string, body: unknown) =>
      send(harness, "PUT", `${LIST}/${id}/command`, body);
    expectCoreError(await command("live", { command: "pause" }), 400, "Unknown command provided", [
      "Known commands are: start, stop, reload, restart",
    ]);
    expectCoreError(await command("nope", { command: "start" }), 400, "Command failed", [
      "unknown process",
    ]);
    expect((await command("live", {})).status).toBe(400);
  });

  test("has metadata that clients put there", async () => {
    const harness = await serve("live");
    const path = `${LIST}/live/metadata`;
    expect((await harness.send("GET", path)).body).toBe("null\n");
    expect((await send(harness, "PUT", `${path}/ui`, { a: 1 })).body).toBe('{"a":1}\n');
    expect((await harness.send("GET", `${path}/ui`)).body).toBe('{"a":1}\n');
    expect((await harness.send("GET", path)).body).toBe('{"ui":{"a":1}}\n');
    expectCoreError(await harness.send("GET", `${path}/zz`), 404, "Unknown process ID", [
      "unknown key",
    ]);
    expect((await send(harness, "PUT", `${path}/ui`, null)).body).toBe("null\n");
    expect((await harness.send("GET", path)).body).toBe("null\n");
  });

  test("that is not there is 404 for every part", async () => {
    const harness = new Harness();
    for (const part of ["", "/config", "/state", "/report", "/metadata"]) {
      const answer = await harness.send("GET", `${LIST}/nope${part}`);
      expectCoreError(answer, 404, "Unknown process ID", ["unknown process"]);
    }
    expect((await send(harness, "PUT", `${LIST}/nope`, {})).status).toBe(404);
  });
});

describe("a pattern", () => {
  test.each([
    ["*", "", true],
    ["*", "abc", true],
    ["a*c", "abbbc", true],
    ["a*c", "abbb", false],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["**a*", "xxa", true],
    ["a.c", "abc", false],
    ["", "", true],
    ["", "a", false],
  ])("%p against %p is %p", (pattern, text, expected) => {
    expect(globMatches(pattern, text)).toBe(expected);
  });

  test("of many stars is found out at once", () => {
    expect(globMatches(`${"*a".repeat(200)}b`, "a".repeat(2000))).toBe(false);
  });
});
