/** Whatever the API document allows, and much that it does not, is sent to the real server. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { installSchemathesis, schemathesis } from "../support/schemathesis.ts";
import { startServer, type TestServer, untilLive } from "../support/start-server.ts";
import { testSource } from "../support/test-sources.ts";

/** No answer with 5xx, and none whose status, headers, media type or body the document does not know. */
const CHECKS = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_headers_conformance",
  "response_schema_conformance",
];
/** The first ends the server, the second never ends. */
const EXCLUDED = ["/api/v3/config/reload", "/api/v3/events"];
const TIMEOUT_MS = 240_000;

let server: TestServer;

beforeAll(async () => {
  await installSchemathesis();
  // Nothing that is made up may fill the disk or the process table.
  server = await startServer({ env: { CORE_FFMPEG_MAXPROCESSES: "3" } });
  const answer = await fetch(`${server.url}/api/v3/process`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(testSource("test")),
  });
  expect(answer.status).toBe(200);
  await untilLive(server, "test");
}, TIMEOUT_MS);

afterAll(() => server?.stop());

test(
  "the server answers as its OpenAPI document says",
  async () => {
    const options = ["--checks", CHECKS.join(","), "--max-examples", "8", "--seed", "1"];
    for (const path of EXCLUDED) options.push("--exclude-path", path);
    options.push("--phases", "examples,coverage,fuzzing", "--request-timeout", "25");
    // How much of what it makes up it throws away again is no fault of ours.
    options.push("--suppress-health-check", "filter_too_much,too_slow");
    const { code, output } = await schemathesis(`${server.url}/swagger/json`, options);
    if (code !== 0) console.log(output);
    expect(code).toBe(0);
    expect(Number(/(\d+) generated, \d+ passed/.exec(output)?.[1])).toBeGreaterThan(500);
    const errors = server.log().filter(({ level }) => level === "error");
    expect(errors).toEqual([]);
  },
  TIMEOUT_MS,
);
