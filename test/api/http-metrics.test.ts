/** Requests as the metrics count them: by route pattern, whatever paths and ids clients send. */
import { describe, expect, test } from "bun:test";
import { Elysia } from "elysia";
import { fixedRandom } from "../support/fixed-random.ts";
import { Harness } from "./support/harness.ts";
import { CHROMIUM } from "./support/offers.ts";

const REQUESTS = "dragonfork_http_requests_total";
const PATHS = 100_000;
const APIS = ["whep", "admin", "monitoring", "public"] as const;

test("requests are counted by the pattern of their route", async () => {
  const harness = new Harness();
  await harness.send("GET", "/api/v3/process/some-id");
  await harness.send("GET", "/healthz");
  await harness.send("GET", "/player/some/id");
  await harness.send("PROPFIND", "/pot");
  const count = (labels: Record<string, string>) => harness.metric(REQUESTS, labels);
  const process = { api: "admin", method: "GET", route: "/api/v3/process/:id", code: "404" };
  expect(await count(process)).toBe(1);
  expect(await count({ api: "monitoring", route: "/healthz", code: "200" })).toBe(1);
  expect(await count({ api: "public", route: "/player/*", code: "200" })).toBe(1);
  expect(await count({ api: "public", method: "other", route: "other", code: "404" })).toBe(1);
});

test("an answer that is not the usual one counts with the status it has", async () => {
  const harness = new Harness();
  const first = await harness.send("GET", "/assets/page.css");
  const etag = first.headers.get("etag") ?? "";
  await harness.send("GET", "/assets/page.css", { headers: { "if-none-match": etag } });
  expect(await harness.metric(REQUESTS, { route: "/assets/page.css", code: "304" })).toBe(1);
});

describe("requests in progress", () => {
  const inProgress = (harness: Harness, api: string) =>
    harness.metric("dragonfork_http_requests_in_progress", { api });

  test("count while they are answered, whatever comes of them", async () => {
    const harness = new Harness();
    const stream = harness.streams.add("slow");
    stream.state = "starting";
    const { promise, resolve } = Promise.withResolvers<boolean>();
    stream.whenLive = () => promise;
    const waiting = harness.offer("slow", CHROMIUM);
    expect(await inProgress(harness, "whep")).toBe(1);
    resolve(false);
    expect((await waiting).status).toBe(504);
    const paths = ["/api", "/api/v3/process/none", "/nowhere", "/metrics", "/api/v3/whep/none"];
    for (const path of paths) await harness.send("GET", path);
    for (const api of APIS) expect(await inProgress(harness, api)).toBe(0);
  });
});

/** The routes of the server without what they do, which would take most of the time. */
function emptyRoutes(harness: Harness) {
  const app = new Elysia().use(harness.httpMetrics.hook());
  app.onError(({ set }) => {
    set.status = 404;
    return "";
  });
  for (const { method, path } of harness.app.routes) app.route(method, path, () => "");
  return app;
}

test("100,000 random paths and ids add no series beyond the routes there are", async () => {
  const harness = new Harness();
  const app = emptyRoutes(harness);
  const random = fixedRandom(1);
  const word = () => random.below(2 ** 32).toString(36);
  const shapes = [
    () => `/${word()}`,
    () => `/${word()}/${word()}?${word()}=${word()}`,
    () => `/api/v3/whep/${word()}`,
    () => `/api/v3/whep/${word()}/${word()}`,
    () => `/api/v3/process/${word()}/state`,
    () => `/api/v3/webrtc/streams/${word()}/peers`,
    () => `/api/${word()}/${word()}`,
    () => `/player/${word()}/${word()}`,
    () => `/assets/${word()}`,
    () => `/%2e%2e/${word()}`,
  ];
  const methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "PROPFIND"];
  for (let i = 0; i < PATHS; i++) {
    const path = shapes[i % shapes.length]?.() ?? "/";
    const method = methods[random.below(methods.length)] ?? "GET";
    await (i % 100 === 0 ? harness.app : app).handle(
      new Request(`http://localhost${path}`, { method }),
    );
  }
  await Bun.sleep(1);
  const series = await harness.series();
  const http = series.filter((line) => line.startsWith("dragonfork_http_"));
  expect(http.length).toBeLessThan(250);
  const labels = (name: string) =>
    new Set(http.flatMap((line) => new RegExp(`${name}="([^"]*)"`).exec(line)?.[1] ?? []));
  const known = harness.app.routes.map(({ path }) => path);
  expect([...labels("route")].filter((route) => !known.includes(route))).toEqual(["other"]);
  expect([...labels("api")].sort()).toEqual([...APIS].sort());
  let counted = 0;
  for (const line of (await harness.metrics()).split("\n")) {
    if (line.startsWith(`${REQUESTS}{`)) counted += Number(line.split(" ").at(-1));
  }
  expect(counted).toBe(PATHS);
}, 60_000);

describe("security events", () => {
  test("are told of wrong tokens and too many requests", async () => {
    const guarded = new Harness({ admin: { token: "secret-token" } });
    await guarded.send("GET", "/api/v3/process");
    expect(guarded.security).toEqual([]);
    const headers = { authorization: "Bearer wrong" };
    await guarded.send("GET", "/api/v3/process", { headers });
    expect(guarded.security).toEqual(["auth_failed"]);
    const limited = new Harness({ whep: { ratePerSecond: 1, rateBurst: 1 } });
    limited.streams.add("cam");
    await limited.offer("cam", CHROMIUM);
    await limited.offer("cam", CHROMIUM);
    expect(limited.security).toEqual(["rate_limited"]);
  });
});
