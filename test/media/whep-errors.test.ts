/** Every way a WHEP request can fail, from a real player, with the counter that tells of it. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { counted, requested } from "../support/counted.ts";
import { freePorts } from "../support/free-ports.ts";
import {
  type ServerSetup,
  startServer,
  type TestServer,
  untilLive,
} from "../support/start-server.ts";
import { silentSource, testSource } from "../support/test-sources.ts";
import { until, WhepPlayer } from "../support/whep-player.ts";

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end();
});

async function player(server: TestServer, id: string, more: Partial<PlayerOptions> = {}) {
  const made = await WhepPlayer.create({ url: server.whep(id), ...more });
  cleanUp.push(() => made.close());
  return made;
}
type PlayerOptions = Parameters<typeof WhepPlayer.create>[0];

async function ownServer(setup: ServerSetup): Promise<TestServer> {
  const server = await startServer(setup);
  cleanUp.push(() => server.stop());
  return server;
}

const problemOf = (made: WhepPlayer) => JSON.parse(made.body) as Record<string, unknown>;
const header = (made: WhepPlayer, name: string) => made.response?.headers.get(name);
const FRAGMENT = "application/trickle-ice-sdpfrag";

let server: TestServer;
beforeAll(async () => {
  const [silent = 0] = await freePorts(1);
  server = await startServer({
    processes: [
      testSource("cam"),
      testSource("still", { autostart: false }),
      silentSource("mute", silent),
    ],
    config: { webrtc: { source_wait_seconds: 1, ice_timeout_seconds: 4 } },
  });
  await untilLive(server, "cam");
});
afterAll(() => server.stop());

describe("POST is refused with", () => {
  test("404 for an id that is no stream, which never becomes a label", async () => {
    const made = await player(server, "no-such-stream");
    await requested(server, { route: "post", code: 404, stream: "unknown" }, () => made.post());
    expect(made.status).toBe(404);
    expect(problemOf(made)).toMatchObject({ type: "/problems/stream-not-found", code: 404 });
    expect(await (await fetch(`${server.url}/metrics`)).text()).not.toContain("no-such-stream");
  });

  test("409 and Retry-After for a stream that is stopped", async () => {
    const made = await player(server, "still");
    await requested(server, { route: "post", code: 409, stream: "still" }, () => made.post());
    expect(made.status).toBe(409);
    expect(Number(header(made, "retry-after"))).toBeGreaterThan(0);
    expect(problemOf(made)["type"]).toBe("/problems/stream-not-live");
  });

  test("504 and Retry-After for a source that is starting and never delivers", async () => {
    const made = await player(server, "mute");
    await requested(server, { route: "post", code: 504, stream: "mute" }, () => made.post());
    expect(made.status).toBe(504);
    expect(Number(header(made, "retry-after"))).toBeGreaterThan(0);
    expect(problemOf(made)["type"]).toBe("/problems/source-timeout");
  });

  test.each([
    ["video", { videoCodec: "VP8" as const }, (offer: string) => offer, ["VP8"], "H264"],
    ["audio", {}, (offer: string) => offer.replace("opus/48000/2", "PCMU/8000"), ["PCMU"], "OPUS"],
  ])(
    "406 for an offer without a common %s codec",
    async (kind, more, change, offered, produced) => {
      const made = await player(server, "cam", more);
      await counted(
        server,
        "dragonfork_webrtc_codec_mismatches_total",
        { stream_id: "cam", kind },
        () =>
          requested(server, { route: "post", code: 406, stream: "cam" }, () =>
            made.post(change(made.offer())),
          ),
      );
      expect(made.status).toBe(406);
      expect(header(made, "content-type")).toContain("application/problem+json");
      expect(problemOf(made)).toMatchObject({ media: kind, offered });
      expect(problemOf(made)["produced"]).toStartWith(produced);
    },
  );

  test.each([
    [415, { "Content-Type": "text/plain" }, "v=0"],
    [400, { "Content-Type": "application/sdp" }, "this is no SDP"],
    [400, { "Content-Type": "application/sdp" }, ""],
    [413, { "Content-Type": "application/sdp" }, `v=0\r\n${"a=x\r\n".repeat(20_000)}`],
  ])("%i for %o", async (code, headers, body) => {
    const post = () => fetch(server.whep("cam"), { method: "POST", headers, body });
    const response = await requested(server, { route: "post", code, stream: "cam" }, post);
    expect(response.status).toBe(code);
    expect(response.headers.get("content-type")).toContain("application/problem+json");
    expect(await response.json()).toMatchObject({ status: code, code });
  });
});

describe("PATCH is refused with", () => {
  async function session() {
    const made = await player(server, "cam");
    await made.post();
    expect(made.status).toBe(201);
    const patch = (headers: Record<string, string>, body: string) => () =>
      fetch(made.location, { method: "PATCH", headers, body });
    return { made, patch };
  }
  const candidates = "a=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 5 typ host\r\n";

  test.each([
    [412, { "Content-Type": FRAGMENT, "If-Match": '"stale"' }],
    [428, { "Content-Type": FRAGMENT }],
    [422, { "Content-Type": "application/sdp", "If-Match": "*" }],
    [415, { "Content-Type": "text/plain", "If-Match": "*" }],
  ] as const)("%i for %o, and the session goes on", async (code, headers) => {
    const { made, patch } = await session();
    const deed = patch(headers, candidates);
    const response = await requested(server, { route: "patch", code, stream: "cam" }, deed);
    expect(response.status).toBe(code);
    made.connect();
    await until(() => made.connected, 10_000, "the player to connect");
  });

  test("400 for a fragment that is none", async () => {
    const { patch } = await session();
    const deed = patch({ "Content-Type": FRAGMENT, "If-Match": "*" }, "\u0000\u0001");
    expect(
      (await requested(server, { route: "patch", code: 400, stream: "cam" }, deed)).status,
    ).toBe(400);
  });

  test("404 for a session that never was", async () => {
    const deed = () =>
      fetch(`${server.whep("cam")}/guessed`, {
        method: "PATCH",
        headers: { "Content-Type": FRAGMENT, "If-Match": "*" },
        body: candidates,
      });
    expect(
      (await requested(server, { route: "patch", code: 404, stream: "cam" }, deed)).status,
    ).toBe(404);
  });
});

describe("a session whose ICE never comes up", () => {
  test("is answered 504 by PATCH and GET from then on, and counted as a timeout", async () => {
    const made = await player(server, "cam");
    await counted(
      server,
      "dragonfork_webrtc_ice_establishment_duration_seconds_count",
      { stream_id: "cam", result: "failed" },
      () =>
        counted(
          server,
          "dragonfork_webrtc_ice_failures_total",
          { stream_id: "cam", reason: "timeout" },
          async () => {
            await made.post();
            expect((await fetch(made.location)).status).toBe(204);
            const gone = async () => (await fetch(made.location)).status !== 204;
            await until(gone, 10_000, "the session to end");
          },
        ),
    );
    const get = () => fetch(made.location);
    expect((await requested(server, { route: "get", code: 504, stream: "cam" }, get)).status).toBe(
      504,
    );
    const patch = () =>
      fetch(made.location, {
        method: "PATCH",
        headers: { "Content-Type": FRAGMENT, "If-Match": made.etag },
        body: "a=mid:0\r\n",
      });
    const late = await requested(server, { route: "patch", code: 504, stream: "cam" }, patch);
    expect(late.status).toBe(504);
    expect(await late.json()).toMatchObject({ type: "/problems/ice-timeout" });
  });

  test("a player that checks but never proves its address gets no DTLS and ends the same way", async () => {
    const made = await player(server, "cam", { answersChecks: false });
    await counted(
      server,
      "dragonfork_webrtc_ice_failures_total",
      { stream_id: "cam", reason: "timeout" },
      async () => {
        await made.post();
        made.connect();
        await until(async () => (await fetch(made.location)).status === 504, 10_000, "the end");
      },
    );
    expect([made.connected, made.received.size]).toEqual([false, 0]);
  });
});

describe("DELETE", () => {
  test("is answered 204 twice; media stops at once and the player is told by DTLS", async () => {
    const made = await player(server, "cam");
    await counted(
      server,
      "dragonfork_webrtc_ice_establishment_duration_seconds_count",
      { stream_id: "cam", result: "connected" },
      async () => {
        await made.post();
        made.connect();
        await until(() => (made.media("video")?.packets ?? 0) > 10, 10_000, "media");
      },
    );
    const remove = () => fetch(made.location, { method: "DELETE" });
    const labels = { route: "delete", code: 204, stream: "cam" };
    expect((await requested(server, labels, remove)).status).toBe(204);
    await until(() => made.dtlsClosed, 10_000, "the DTLS close");
    const then = made.datagrams;
    await Bun.sleep(500);
    expect(made.datagrams).toBe(then);
    expect((await requested(server, labels, remove)).status).toBe(204);
    expect((await fetch(made.location)).status).toBe(404);
    expect(await server.metric("dragonfork_webrtc_active_peers", { stream_id: "cam" })).toBe(0);
  });
});

describe("viewer limits", () => {
  test("503 with the scope in the body and on the counter, for a stream and for the server", async () => {
    const own = await ownServer({
      processes: [testSource("cam"), testSource("small", { maxPeers: 1 })],
      config: { webrtc: { max_peers_total: 2 } },
    });
    await Promise.all([untilLive(own, "cam"), untilLive(own, "small")]);
    const refused = async (id: string, scope: string, limit: number) => {
      const made = await player(own, id);
      const labels = { stream_id: id, scope };
      await counted(own, "dragonfork_webrtc_cap_rejections_total", labels, () =>
        requested(own, { route: "post", code: 503, stream: id }, () => made.post("not even read")),
      );
      expect(made.status).toBe(503);
      expect(problemOf(made)).toMatchObject({ scope, type: "/problems/peer-limit-reached" });
      expect(String(problemOf(made)["detail"])).toContain(` ${limit} `);
      expect(Number(header(made, "retry-after"))).toBeGreaterThan(0);
    };
    const first = await player(own, "small");
    await first.post();
    await refused("small", "stream", 1);
    const second = await player(own, "cam");
    await second.post();
    await refused("cam", "global", 2);
    await refused("small", "global", 2);
    await first.close();
    await (await player(own, "cam")).post();
    expect(await own.metric("dragonfork_webrtc_active_peers", { stream_id: "cam" })).toBe(2);
  });
});

describe("the rate limit", () => {
  test("429 and Retry-After for an address that asks too often", async () => {
    const own = await ownServer({
      processes: [testSource("cam")],
      config: { webrtc: { whep_rate_burst: 3 } },
      env: { CORE_WEBRTC_WHEP_RATE_PER_SECOND: "0.1" },
    });
    await untilLive(own, "cam");
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) {
      const made = await player(own, "cam");
      await made.post();
      statuses.push(made.status);
    }
    const made = await player(own, "cam");
    await requested(own, { route: "post", code: 429, stream: "cam" }, () => made.post());
    expect([...statuses, made.status]).toEqual([201, 201, 201, 429]);
    expect(Number(header(made, "retry-after"))).toBeGreaterThan(0);
    expect((await fetch(own.whep("cam"), { method: "OPTIONS" })).status).toBe(200);
  });
});

describe("a server with a WHEP token", () => {
  test("401 and WWW-Authenticate without it or with another, 201 with it", async () => {
    const own = await ownServer({
      processes: [testSource("cam")],
      config: { webrtc: { whep_token: "let-me-watch" } },
    });
    await untilLive(own, "cam");
    const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });
    const refusals = [
      { more: {}, challenge: "Bearer" },
      { more: bearer("wrong"), challenge: 'Bearer error="invalid_token"' },
      { more: bearer("let-me-watc"), challenge: 'Bearer error="invalid_token"' },
    ];
    for (const { more, challenge } of refusals) {
      const made = await player(own, "cam", more);
      await requested(own, { route: "post", code: 401, stream: "cam" }, () => made.post());
      expect(made.status).toBe(401);
      expect(header(made, "www-authenticate")).toBe(challenge);
    }
    const made = await player(own, "cam", bearer("let-me-watch"));
    await made.post();
    expect(made.status).toBe(201);
    expect((await fetch(made.location, { method: "DELETE" })).status).toBe(401);
    expect((await fetch(own.whep("cam"), { method: "OPTIONS" })).status).toBe(200);
  });
});
