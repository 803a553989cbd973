/** The stream list, the viewer list, and the small routes beside them. */
import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { AboutSchema, PeersSchema, StreamsSchema } from "../../src/api/schemas.ts";
import { Harness, problemOf } from "./support/harness.ts";
import { videoOffer } from "./support/offers.ts";

const STREAMS = "/api/v3/webrtc/streams";

describe("the stream list", () => {
  test("shows state, tracks, viewers and the process behind each stream", async () => {
    const harness = new Harness();
    harness.streams.add("test").peersMax = 5;
    const dark = harness.streams.add("dark");
    dark.state = "down";
    dark.liveSinceMs = undefined;
    dark.produced = [];
    harness.processes.add({ id: "test", input: [{ address: "x.ts" }], output: [{ address: "-" }] });
    await harness.session("test", videoOffer("H264"));
    const { headers, body } = await harness.send("GET", STREAMS);
    expect(headers.get("content-type")).toBe("application/json");
    const list: unknown = JSON.parse(body);
    expect(Value.Check(StreamsSchema, list)).toBe(true);
    expect(list).toEqual([
      {
        id: "test",
        state: "live",
        live_since: "2023-11-14T22:13:20.000Z",
        peers: 1,
        max_peers: 5,
        tracks: [
          { kind: "video", codec: "H264" },
          { kind: "audio", codec: "OPUS" },
        ],
        process: {
          exec: "running",
          order: "start",
          reconnect_seconds: -1,
          restarts: 2,
          last_logline: "line",
          plan: "Video is copied.",
          warnings: ["Long GOP."],
        },
      },
      {
        id: "dark",
        state: "down",
        live_since: null,
        peers: 0,
        max_peers: 200,
        tracks: [],
        process: null,
      },
    ]);
  });
});

describe("the viewer list", () => {
  test("shows each viewer by its public id, never the secret of its session", async () => {
    const harness = new Harness();
    harness.streams.add("a/b");
    const { location } = await harness.session("a%2Fb", videoOffer("H264"));
    const { body } = await harness.send("GET", `${STREAMS}/a%2Fb/peers`);
    const list: unknown = JSON.parse(body);
    expect(Value.Check(PeersSchema, list)).toBe(true);
    expect(list).toMatchObject([
      { state: "new", rtt_ms: 12.5, loss_percent: null, codec: { video: "H264", audio: null } },
    ]);
    expect(body).not.toContain(location.split("/").at(-1) ?? "");
  });

  test("of an unknown stream is 404", async () => {
    const answer = await new Harness().send("GET", `${STREAMS}/nope/peers`);
    expect(problemOf(answer)).toMatchObject({ type: "/problems/stream-not-found", code: 404 });
  });

  test("lets an operator send a viewer away, of its own stream only", async () => {
    const harness = new Harness();
    harness.streams.add("test");
    harness.streams.add("other");
    const { location } = await harness.session("test", videoOffer("H264"));
    const peer = harness.peers.list("test")[0];
    const id = peer?.id ?? "";
    expect((await harness.send("DELETE", `${STREAMS}/other/peers/${id}`)).status).toBe(404);
    expect((await harness.send("DELETE", `${STREAMS}/test/peers/${id}`)).status).toBe(204);
    expect(peer?.closeReason).toBe("kicked");
    expect((await harness.send("GET", location)).status).toBe(404);
    expect((await harness.send("DELETE", `${STREAMS}/test/peers/${id}`)).status).toBe(404);
  });
});

describe("the small routes", () => {
  test("GET /api is what datarhei Core's clients check", async () => {
    const harness = new Harness();
    harness.nowMs += 84_500;
    const about: unknown = JSON.parse((await harness.send("GET", "/api")).body);
    expect(Value.Check(AboutSchema, about)).toBe(true);
    expect(about).toMatchObject({
      app: "datarhei-core",
      auths: [],
      id: "test",
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      uptime_seconds: 84,
      version: { number: "16.16.0", repository_commit: "abc" },
      product: { name: "dragonfork", version: "0.1.0" },
    });
  });

  test("answer in plain text", async () => {
    const harness = new Harness();
    expect((await harness.send("GET", "/ping")).body).toBe("pong");
    const health = await harness.send("GET", "/healthz");
    expect([health.status, health.body]).toEqual([200, "ok"]);
    const metrics = await harness.send("GET", "/metrics");
    expect(metrics.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(metrics.body).toContain("dragonfork_webrtc_active_streams");
  });

  test("are found behind a host name of any length", async () => {
    const { app } = new Harness();
    for (const host of ["x", "nas", "nas:80", "media.example", "[::1]:8080"]) {
      const response = await app.handle(new Request(`http://${host}/api/v3/webrtc/streams`));
      // Found: only the name is not allowed.
      expect([host, response.status]).toEqual([host, host === "[::1]:8080" ? 200 : 403]);
    }
  });

  test("HEAD has the headers of GET and no body, also for errors", async () => {
    const harness = new Harness();
    for (const [path, status] of [
      ["/healthz", 200],
      ["/api/v3/process/nope", 404],
    ] as const) {
      const head = await harness.send("HEAD", path);
      const get = await harness.send("GET", path);
      expect([head.status, head.body]).toEqual([status, ""]);
      expect(head.headers.get("content-length")).toBe(String(get.body.length));
    }
  });

  test("what is no route is 404 in Core's words", async () => {
    const harness = new Harness();
    for (const [method, path] of [
      ["GET", "/api/v3/nope"],
      ["GET", "/api/v3/rtmp"],
      ["PATCH", "/api/v3/process"],
      ["POST", "/healthz"],
    ] as const) {
      const answer = await harness.send(method, path);
      expect(problemOf(answer)).toMatchObject({
        code: 404,
        message: "Not Found",
        details: ["Not Found"],
        detail: expect.stringContaining("/swagger"),
      });
    }
  });
});
