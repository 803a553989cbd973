import { describe, expect, test } from "bun:test";
import { hostName, isLoopback } from "../../src/api/auth.ts";
import { Harness } from "./support/harness.ts";

const ADMIN_ROUTES = [
  ["GET", "/api/v3/webrtc/streams"],
  ["GET", "/api/v3/webrtc/streams/test/peers"],
  ["DELETE", "/api/v3/webrtc/streams/test/peers/x"],
  ["POST", "/api/v3/webrtc/streams/test/tokens"],
  ["GET", "/api/v3/webrtc/streams/test/tokens"],
  ["DELETE", "/api/v3/webrtc/streams/test/tokens/x"],
  ["GET", "/api/v3/webrtc/streams/test/history"],
  ["GET", "/api/v3/webrtc/sessions"],
  ["GET", "/api/v3/webrtc/sessions/test"],
  ["GET", "/api/v3/events"],
  ["POST", "/api/v3/events/query"],
  ["GET", "/api/v3/events/stats"],
  ["GET", "/api/v3/process"],
  ["POST", "/api/v3/process"],
  ["GET", "/api/v3/process/test"],
  ["PUT", "/api/v3/process/test"],
  ["DELETE", "/api/v3/process/test"],
  ["PUT", "/api/v3/process/test/command"],
  ["GET", "/api/v3/process/test/config"],
  ["GET", "/api/v3/process/test/state"],
  ["GET", "/api/v3/process/test/report"],
  ["GET", "/api/v3/process/test/probe"],
  ["GET", "/api/v3/process/test/metadata"],
  ["GET", "/api/v3/process/test/metadata/ui"],
  ["PUT", "/api/v3/process/test/metadata/ui"],
  ["POST", "/api/v3/alerts/test"],
  ["GET", "/api/v3/metadata"],
  ["GET", "/api/v3/metadata/ui"],
  ["PUT", "/api/v3/metadata/ui"],
  ["GET", "/api/v3/log"],
  ["GET", "/api/v3/skills"],
  ["GET", "/api/v3/skills/reload"],
  ["GET", "/api/v3/config"],
  ["PUT", "/api/v3/config"],
  ["GET", "/api/v3/config/reload"],
  ["GET", "/api/v3/metrics"],
  ["POST", "/api/v3/metrics"],
  ["GET", "/api/v3/session"],
  ["GET", "/api/v3/session/active"],
  ["GET", "/api/v3/fs"],
  ["GET", "/api/v3/fs/disk"],
  ["GET", "/api/v3/fs/disk/a/b.ts"],
  ["HEAD", "/api/v3/fs/disk/a/b.ts"],
  ["PUT", "/api/v3/fs/disk/a/b.ts"],
  ["DELETE", "/api/v3/fs/disk/a/b.ts"],
] as const;

const OPEN_ROUTES = [
  "/api",
  "/ping",
  "/healthz",
  "/readyz",
  "/metrics",
  "/",
  "/swagger",
  "/player/test",
];

describe("the table of routes", () => {
  test("names every route that the application has", () => {
    const known = new Set<string>(ADMIN_ROUTES.map(([, path]) => path));
    const routes = new Harness().app.routes
      .map(({ path }) => path)
      .filter((path) => path.startsWith("/api/v3/") && !/^\/api\/v3\/(?:whep|widget)/.test(path));
    for (const path of routes) {
      const sample = path
        .replace(":id", "test")
        .replace(":peer", "x")
        .replace(":token", "x")
        .replace(":key", "ui")
        .replace(":name/*", "disk/a/b.ts")
        .replace(":name", "disk");
      expect(known).toContain(sample);
    }
  });
});

describe("with a token, on all interfaces", () => {
  const admin = { token: "secret", boundHost: "" };

  test.each(ADMIN_ROUTES)("%s %s takes the token and nothing else", async (method, path) => {
    const harness = new Harness({ admin });
    for (const authorization of [
      undefined,
      "Bearer wrong",
      "Bearer ",
      "Basic secret",
      "Bearer Secret",
    ]) {
      const headers = authorization === undefined ? {} : { authorization };
      const answer = await harness.send(method, path, { headers });
      expect(answer.status).toBe(401);
      // Headers lose the blank at their end, and with it "Bearer " is no scheme with a token.
      const sent = /^bearer ./i.test(authorization ?? "");
      expect(answer.headers.get("www-authenticate")).toBe(
        sent ? 'Bearer error="invalid_token"' : "Bearer",
      );
    }
    const headers = { authorization: "Bearer secret" };
    expect((await harness.send(method, path, { headers })).status).not.toBe(401);
  });

  test("the widget is open, to every page, and knows only its processes", async () => {
    const harness = new Harness({ admin });
    const path = "/api/v3/widget/process/cam";
    expect((await harness.send("GET", path)).status).toBe(404);
    harness.processes.add({ id: "cam", input: [{ address: "x" }], output: [{ address: "-" }] });
    const headers = { origin: "https://club.example" };
    const { status, headers: answered } = await harness.send("GET", path, { headers });
    expect([status, answered.get("access-control-allow-origin")]).toEqual([200, "*"]);
  });

  test.each(OPEN_ROUTES)("%s is open", async (path) => {
    const { status } = await new Harness({ admin }).send("GET", path);
    expect(status).toBe(200);
  });

  test("GET /api shows a stranger only what it is", async () => {
    const harness = new Harness({ admin });
    const stranger = await harness.send("GET", "/api");
    expect(JSON.parse(stranger.body)).toEqual({
      app: "datarhei-core",
      auths: [],
      version: { number: "16.0.0" },
    });
    const headers = { authorization: "Bearer secret" };
    const operator = await harness.send("GET", "/api", { headers });
    expect(JSON.parse(operator.body)).toMatchObject({ id: "test", name: "studio" });
  });
});

describe("the metrics", () => {
  const statusOf = async (access: object, authorization: string) => {
    const headers = { authorization };
    const harness = new Harness({ metricsAccess: access });
    return (await harness.send("GET", "/metrics", { headers })).status;
  };
  const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

  test("ask for a token where there is one, and take neither another nor the administrator's", async () => {
    const access = { token: "for-prometheus" };
    expect(await statusOf(access, "Bearer for-prometheus")).toBe(200);
    for (const wrong of ["", "Bearer secret", basic(":"), basic(":for-prometheus")]) {
      expect(await statusOf(access, wrong)).toBe(401);
    }
  });

  test("ask for a password where there is one, and say which ways there are", async () => {
    const access = { username: "prometheus", password: "p:ss wörd" };
    expect(await statusOf(access, basic("prometheus:p:ss wörd"))).toBe(200);
    for (const wrong of [
      "",
      "Basic",
      "Basic %",
      basic("prometheus:"),
      basic("p:ss wörd"),
      "Bearer ",
    ]) {
      expect(await statusOf(access, wrong)).toBe(401);
    }
    const { headers } = await new Harness({ metricsAccess: access }).send("GET", "/metrics");
    expect(headers.get("www-authenticate")).toBe('Bearer, Basic realm="metrics", charset="UTF-8"');
  });
});

describe("without a token", () => {
  test("the admin routes are open on loopback only", async () => {
    for (const [boundHost, status] of [
      ["127.0.0.1", 200],
      ["::1", 200],
      ["localhost", 200],
      ["", 401],
      ["0.0.0.0", 401],
      ["192.0.2.1", 401],
    ] as const) {
      const harness = new Harness({ admin: { boundHost } });
      const answer = await harness.send("GET", "/api/v3/webrtc/streams");
      expect({ boundHost, status: answer.status }).toEqual({ boundHost, status });
    }
  });

  test("what came through a proxy on this machine is refused, with what to set", async () => {
    const allowedHosts = ["media.example"];
    for (const headers of [
      { host: "media.example" },
      { host: "192.0.2.7" },
      { host: "[2001:db8::1]:443" },
      { host: "127.0.0.1:8080", "x-forwarded-for": "198.51.100.4" },
      { host: "localhost", "x-forwarded-proto": "https" },
      { host: "localhost", "x-real-ip": "198.51.100.4" },
      { host: "localhost", forwarded: "for=198.51.100.4" },
      { host: "localhost", via: "1.1 proxy" },
    ]) {
      const open = new Harness({ admin: { allowedHosts } });
      const refused = await open.send("GET", "/api/v3/process", { headers });
      expect({ headers, status: refused.status }).toEqual({ headers, status: 403 });
      expect(refused.body).toContain("CORE_API_TOKEN");
      const about = await open.send("GET", "/api", { headers });
      expect(JSON.parse(about.body)).not.toHaveProperty("id");
      const guarded = new Harness({ admin: { token: "secret", allowedHosts } });
      const sent = { ...headers, authorization: "Bearer secret" };
      expect((await guarded.send("GET", "/api/v3/process", { headers: sent })).status).toBe(200);
    }
  });
});

describe("the Host header", () => {
  const statusFor = async (host: string) => {
    const harness = new Harness({ admin: { token: "secret", allowedHosts: ["Media.Example"] } });
    const headers = { host, authorization: "Bearer secret" };
    return (await harness.send("GET", "/api/v3/webrtc/streams", { headers })).status;
  };

  test("may be loopback, an address or a configured name, with any port", async () => {
    for (const host of [
      "localhost",
      "localhost:8080",
      "127.0.0.1:8080",
      "[::1]:8080",
      "192.0.2.7",
      "[2001:db8::1]",
      "media.example:443",
      "MEDIA.example",
    ]) {
      expect({ host, status: await statusFor(host) }).toEqual({ host, status: 200 });
    }
  });

  test("of another site or malformed is refused, never a failure", async () => {
    for (const host of [
      "evil.example",
      "localhost.evil.example",
      "127.0.0.1.evil.example",
      'a"b<c',
      "localhost:port",
      "[::1",
      "user@localhost",
      "localhost, evil.example",
    ]) {
      expect({ host, status: await statusFor(host) }).toEqual({ host, status: 403 });
    }
  });
});

describe("the Origin header", () => {
  const statusFor = async (origin: string) => {
    const harness = new Harness({ admin: { allowedOrigins: ["https://panel.example"] } });
    const headers = { host: "localhost:8080", origin };
    return (await harness.send("POST", "/api/v3/process", { headers })).status;
  };

  test("may be our own or a configured one", async () => {
    for (const origin of ["http://localhost:8080", "https://panel.example"]) {
      // 400: let in, and then there is no body.
      expect({ origin, status: await statusFor(origin) }).toEqual({ origin, status: 400 });
    }
  });

  test("of another page is refused", async () => {
    for (const origin of [
      "https://evil.example",
      "null",
      "http://localhost:9090",
      "localhost:8080",
    ]) {
      expect({ origin, status: await statusFor(origin) }).toEqual({ origin, status: 403 });
    }
  });

  test("admin answers have no CORS headers", async () => {
    const { headers } = await new Harness().send("GET", "/api/v3/webrtc/streams");
    expect([...headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  });
});

test("a form of another page, which is sent as text, changes nothing", async () => {
  const harness = new Harness();
  const body = JSON.stringify({
    id: "x",
    input: [{ address: "testsrc" }],
    output: [{ address: "-" }],
  });
  const headers = { "content-type": "text/plain" };
  const { status } = await harness.send("POST", "/api/v3/process", { body, headers });
  expect(status).toBe(400);
  expect(harness.processes.entries.size).toBe(0);
});

test("host names are read without port and brackets", () => {
  expect(hostName("[2001:DB8::1]:443")).toBe("2001:db8::1");
  expect(hostName("a.example:1")).toBe("a.example");
  expect(hostName("a.example:")).toBeUndefined();
  expect(hostName("")).toBeUndefined();
});

test("loopback is the whole of 127/8 and ::1, and no name that begins like it", () => {
  for (const host of ["127.0.0.1", "127.8.8.8", "::1", "LOCALHOST"])
    expect(isLoopback(host)).toBe(true);
  for (const host of ["", "0.0.0.0", "::", "127.evil.example", "10.0.0.1"]) {
    expect(isLoopback(host)).toBe(false);
  }
});

test("a wrong token is told with address and request, a missing one is not", async () => {
  const harness = new Harness({ admin: { token: "secret", boundHost: "" } });
  await harness.send("GET", "/api/v3/process");
  expect(harness.refusals).toEqual([]);
  const headers = { authorization: "Bearer wrong" };
  const answer = await harness.send("GET", "/api/v3/process", { headers });
  expect(harness.refusals).toMatchObject([
    {
      event: "auth_failed",
      method: "GET",
      clientAddress: harness.clientAddress,
      ids: { request: answer.headers.get("x-request-id") },
    },
  ]);
});

test("with read-only access, what would change something is no route", async () => {
  const harness = new Harness({ readOnly: true });
  harness.processes.add({ id: "test", input: [{ address: "x" }], output: [{ address: "-" }] });
  const queries = ["/api/v3/metrics", "/api/v3/events/query"];
  const headers = { "content-type": "application/json" };
  for (const [method, path] of ADMIN_ROUTES) {
    const gets = ["GET", "HEAD"].includes(method) && path !== "/api/v3/config/reload";
    if (gets || queries.includes(path)) continue;
    const answer = await harness.send(method, path, { headers, body: '{"command":"stop"}' });
    expect({ method, path, status: answer.status }).toEqual({ method, path, status: 404 });
    expect(JSON.parse(answer.body)).toMatchObject({ code: 404, message: "Not Found" });
  }
  expect(harness.processes.commands).toEqual([]);
  expect(harness.processes.has("test")).toBe(true);
  for (const path of ["/api/v3/config/reload", "/api/v3/config/reload/"]) {
    expect((await harness.send("GET", path)).status).toBe(404);
  }
  expect((await harness.send("GET", "/api/v3/process/test")).status).toBe(200);
  const query = await harness.send("POST", "/api/v3/metrics", { headers, body: '{"metrics":[]}' });
  expect(query.status).toBe(200);
  // Who is not let in learns nothing of it.
  const closed = new Harness({ readOnly: true, admin: { token: "secret", boundHost: "" } });
  expect((await closed.send("DELETE", "/api/v3/process/test")).status).toBe(401);
});
