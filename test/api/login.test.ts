import { describe, expect, test } from "bun:test";
import { Harness, problemOf } from "./support/harness.ts";
import { testLogin } from "./support/login.ts";

const RIGHT = { username: "admin", password: "test" };

function logIn(harness: Harness, body: unknown = RIGHT) {
  return harness.send("POST", "/api/login", {
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  });
}

async function tokensOf(harness: Harness): Promise<{ access: string; refresh: string }> {
  const { access_token, refresh_token } = JSON.parse((await logIn(harness)).body);
  return { access: access_token, refresh: refresh_token };
}

function listWith(harness: Harness, token: string) {
  return harness.send("GET", "/api/v3/process", { headers: { authorization: `Bearer ${token}` } });
}

describe("with a login", () => {
  test("the tokens have Core's claims", async () => {
    const { access, refresh } = await tokensOf(new Harness({ login: testLogin() }));
    const [header, claims] = access
      .split(".", 2)
      .map((part) => JSON.parse(Buffer.from(part, "base64url").toString()));
    expect(header).toEqual({ alg: "HS256", typ: "JWT" });
    expect(claims).toEqual({
      iss: "datarhei-core",
      sub: "admin",
      usefor: "access",
      iat: 1_795_208_703,
      exp: 1_795_209_303,
      exi: 600,
      jti: "07".repeat(16),
    });
    const later = JSON.parse(Buffer.from(refresh.split(".")[1] ?? "", "base64url").toString());
    expect(later).toMatchObject({ usefor: "refresh", exi: 86_400, exp: 1_795_295_103 });
  });

  test("loopback is no reason for trust, and the administrator's token goes on working", async () => {
    const admin = { token: "of-the-administrator", boundHost: "127.0.0.1" };
    const harness = new Harness({ login: testLogin(), admin });
    expect((await harness.send("GET", "/api/v3/process")).status).toBe(401);
    expect((await listWith(harness, "of-the-administrator")).status).toBe(200);
    expect((await listWith(harness, "of-the-administrators")).status).toBe(401);
  });

  test("a host name of the operator's own and a page of another site are fine with a token", async () => {
    const harness = new Harness({ login: testLogin() });
    const { access } = await tokensOf(harness);
    const { status } = await harness.send("GET", "/api/v3/process", {
      headers: {
        host: "media.example.org",
        origin: "https://panel.example.org",
        authorization: `Bearer ${access}`,
      },
    });
    expect(status).toBe(200);
  });

  test("players need no login", async () => {
    const harness = new Harness({ login: testLogin() });
    harness.streams.add("test");
    expect((await harness.send("GET", "/api/v3/whep/test")).status).toBe(204);
  });

  test("answers are not kept by caches", async () => {
    const { headers } = await logIn(new Harness({ login: testLogin() }));
    expect(headers.get("cache-control")).toBe("no-store");
  });
});

describe("without a login", () => {
  test("its routes are unknown ones", async () => {
    for (const [method, path] of [
      ["POST", "/api/login"],
      ["GET", "/api/login/refresh"],
    ] as const) {
      const answer = await new Harness().send(method, path);
      expect(answer.status).toBe(404);
      expect(problemOf(answer)).toMatchObject({ message: "Not Found", details: ["Not Found"] });
    }
  });
});

describe("wrong passwords", () => {
  const wrong = { username: "admin", password: "guess" };

  test("cost nothing at first, then a pause that doubles, also for the right one", async () => {
    const harness = new Harness({ login: testLogin() });
    for (let i = 0; i < 5; i++) expect((await logIn(harness, wrong)).status).toBe(401);
    const paused = await logIn(harness);
    expect(paused.status).toBe(429);
    expect(paused.headers.get("retry-after")).toBe("1");
    harness.nowMs += 1000;
    expect((await logIn(harness, wrong)).status).toBe(401);
    harness.nowMs += 1000;
    expect((await logIn(harness)).headers.get("retry-after")).toBe("1");
    harness.nowMs += 1000;
    expect((await logIn(harness)).status).toBe(200);
    expect((await logIn(harness, wrong)).status).toBe(401);
    expect((await logIn(harness)).status).toBe(200);
  });

  test("of one address do not touch another", async () => {
    const harness = new Harness({ login: testLogin() });
    for (let i = 0; i < 9; i++) await logIn(harness, wrong);
    expect((await logIn(harness)).status).toBe(429);
    harness.clientAddress = "203.0.113.9";
    expect((await logIn(harness)).status).toBe(200);
  });

  test("sent side by side get no more guesses than one after the other", async () => {
    const harness = new Harness({ login: testLogin() });
    const answers = await Promise.all(Array.from({ length: 40 }, () => logIn(harness, wrong)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(5);
    expect(statuses.filter((status) => status === 429)).toHaveLength(35);
  });

  test("are counted as security events; a login without a password is none", async () => {
    const harness = new Harness({ login: testLogin() });
    await logIn(harness, wrong);
    expect((await logIn(harness, { username: "admin" })).status).toBe(400);
    expect(harness.security).toEqual(["auth_failed"]);
  });
});

test("a body beyond the limit is refused, not read", async () => {
  const harness = new Harness({ login: testLogin() });
  expect((await logIn(harness, { ...RIGHT, more: "x".repeat(300_000) })).status).toBe(413);
});
