import { expect, test } from "bun:test";
import { Harness, problemOf } from "./support/harness.ts";

test("a server that serves HTTP is alive, whatever else is missing", async () => {
  const harness = new Harness();
  harness.missing = ["the media port of media-0 is not served"];
  expect(await harness.send("GET", "/healthz")).toMatchObject({ status: 200, body: "ok" });
});

test("one that can take viewers is ready", async () => {
  const { status, headers, body } = await new Harness().send("GET", "/readyz");
  expect([status, JSON.parse(body)]).toEqual([200, { status: "ready" }]);
  expect(headers.get("content-type")).toStartWith("application/json");
  expect(headers.get("cache-control")).toBe("no-store");
});

test("one that cannot says why", async () => {
  const harness = new Harness();
  harness.missing = ["the server is shutting down", "the process store cannot be read (closed)"];
  const answer = await harness.send("GET", "/readyz");
  expect(answer.status).toBe(503);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(problemOf(answer)).toMatchObject({
    type: "/problems/not-ready",
    details: harness.missing,
    detail:
      "The server is not ready: the server is shutting down; the process store cannot be read (closed).",
  });
});
