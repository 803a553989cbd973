/** Pages of other sites, as a browser asks for them. */
import { describe, expect, test } from "bun:test";
import { Login } from "../../src/auth/login.ts";
import { Harness } from "./support/harness.ts";

const PANEL = "https://panel.example";
const preflight = (origin: string) => ({
  origin,
  "access-control-request-method": "PUT",
  "access-control-request-headers": "authorization,content-type",
});
const allowedOrigin = ({ headers }: { readonly headers: Headers }) =>
  headers.get("access-control-allow-origin");

describe("without a login", () => {
  const harness = () => new Harness({ admin: { allowedOrigins: [PANEL] } });

  test("a site that is configured may ask, and read the answer", async () => {
    for (const path of ["/api/v3/process", "/api/v3/fs/disk/a%2Fb.ts", "/api"]) {
      const asked = await harness().send("OPTIONS", path, { headers: preflight(PANEL) });
      expect([asked.status, asked.body, allowedOrigin(asked)]).toEqual([204, "", PANEL]);
      expect(asked.headers.get("access-control-allow-headers")).toContain("Authorization");
      expect(asked.headers.get("access-control-allow-methods")).toContain("PUT");
    }
    const read = await harness().send("GET", "/api/v3/process", { headers: { origin: PANEL } });
    expect([read.status, allowedOrigin(read), read.headers.get("vary")]).toEqual([
      200,
      PANEL,
      "Origin",
    ]);
  });

  test("failures can be read too", async () => {
    const answer = await harness().send("GET", "/api/v3/process/no", {
      headers: { origin: PANEL },
    });
    expect([answer.status, allowedOrigin(answer)]).toEqual([404, PANEL]);
  });

  test("no other site may", async () => {
    for (const origin of ["https://evil.example", "null", `${PANEL}.evil.example`]) {
      const asked = await harness().send("OPTIONS", "/api/v3/process", {
        headers: preflight(origin),
      });
      expect([asked.status, allowedOrigin(asked)]).toEqual([404, null]);
      const read = await harness().send("GET", "/api/v3/process", { headers: { origin } });
      expect([read.status, allowedOrigin(read)]).toEqual([403, null]);
    }
  });
});

describe("with a login", () => {
  const login = new Login({
    username: "admin",
    password: "secret",
    secret: "x",
    unixMs: () => 0,
    randomBytes: (size) => Buffer.alloc(size),
  });

  test("every site may ask, as in Core, and needs the token to read more", async () => {
    const harness = new Harness({ login });
    const asked = await harness.send("OPTIONS", "/api/v3/process", { headers: preflight(PANEL) });
    expect([asked.status, allowedOrigin(asked)]).toEqual([204, "*"]);
    const read = await harness.send("GET", "/api/v3/process", { headers: { origin: PANEL } });
    expect([read.status, allowedOrigin(read)]).toEqual([401, "*"]);
  });
});

test("WHEP keeps headers of its own", async () => {
  const harness = new Harness({ admin: { allowedOrigins: [PANEL] }, whep: { corsOrigins: [] } });
  const asked = await harness.send("OPTIONS", "/api/v3/whep/x", { headers: preflight(PANEL) });
  expect(allowedOrigin(asked)).toBeNull();
});
