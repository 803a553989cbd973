/**
 * The checklist of the WHEP draft, one test per row, named by the row. Goal: each MUST and SHOULD of the
 * draft seen from the outside, over the real SDP rooms and fakes for media. CONFORMANCE.md lists the rows.
 */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Harness, problemOf } from "./support/harness.ts";
import {
  CHROMIUM,
  FIREFOX,
  fragment,
  HOST_CANDIDATE,
  OFFERED,
  videoOffer,
} from "./support/offers.ts";

const ENDPOINT = "/api/v3/whep/test";
const FRAGMENT = "application/trickle-ice-sdpfrag";

function serve(options: ConstructorParameters<typeof Harness>[0] = {}): Harness {
  const harness = new Harness(options);
  harness.streams.add("test");
  return harness;
}

async function watching(harness = serve()) {
  return { harness, ...(await harness.session("test", videoOffer("H264"))) };
}

/** The lines of each m= section, the session's own first. */
function sections(sdp: string): readonly (readonly string[])[] {
  return sdp.split(/(?=^m=)/m).map((section) => section.trim().split("\r\n"));
}

describe("WHEP checklist", () => {
  test("row 1: an offer gets 201, an SDP answer and the session's Location", async () => {
    const { status, headers, body } = await serve().offer("test", CHROMIUM);
    expect(status).toBe(201);
    expect(headers.get("content-type")).toBe("application/sdp");
    expect(headers.get("location")).toMatch(/^\/api\/v3\/whep\/test\/[\w-]{32}$/);
    expect(body).toStartWith("v=0\r\n");
  });

  test("row 2: another content type gets 415, parameters and case do not matter", async () => {
    const harness = serve();
    const wrong = await harness.offer("test", CHROMIUM, { "content-type": "application/json" });
    expect(wrong.status).toBe(415);
    expect(wrong.headers.get("accept-post")).toBe("application/sdp");
    const none = await harness.send("POST", ENDPOINT, { body: new Blob([CHROMIUM]) });
    expect(none.status).toBe(415);
    const right = await harness.offer("test", CHROMIUM, {
      "content-type": "Application/SDP; charset=utf-8",
    });
    expect(right.status).toBe(201);
  });

  test("row 3: a malformed or empty offer gets 400, never 5xx", async () => {
    const harness = serve();
    const bodies = ["", " ", "hello", "v=0", CHROMIUM.slice(0, 300), "\0".repeat(100), "m=video"];
    for (const body of bodies) {
      expect((await harness.offer("test", body)).status).toBe(400);
    }
    const noBody = { headers: { "content-type": "application/sdp" } };
    expect((await harness.send("POST", ENDPOINT, noBody)).status).toBe(400);
  });

  test("row 4: every section of the answer is sendonly", async () => {
    const { body } = await serve().offer("test", CHROMIUM);
    const [, ...media] = sections(body);
    expect(media).toHaveLength(2);
    for (const section of media) expect(section).toContain("a=sendonly");
  });

  test("row 5: inactive and sendonly offers are refused", async () => {
    const harness = serve();
    for (const direction of ["inactive", "sendonly"]) {
      const sdp = videoOffer("H264", [["a=recvonly", `a=${direction}`]]);
      expect((await harness.offer("test", sdp)).status).toBe(400);
    }
    expect(harness.peers.count()).toBe(0);
  });

  test("row 6: no counter-offer, so 406 carries no SDP and PATCH takes none", async () => {
    const { harness, location } = await watching();
    const mismatch = await harness.offer("test", videoOffer("VP8"));
    expect(mismatch.status).toBe(406);
    expect(mismatch.headers.get("content-type")).toBe("application/problem+json");
    expect(mismatch.headers.get("location")).toBeNull();
    expect(problemOf(mismatch).offered).toEqual(["VP8"]);
    const headers = { "content-type": "application/sdp", "if-match": "*" };
    expect((await harness.patch(location, "v=0", headers)).status).toBe(422);
  });

  test("row 7: a known stream without a source gets 409 + Retry-After, an unknown one 404", async () => {
    const harness = serve();
    harness.streams.add("dark").state = "down";
    const dark = await harness.offer("dark", CHROMIUM);
    expect(dark.status).toBe(409);
    expect(Number(dark.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await harness.offer("unknown", CHROMIUM)).status).toBe(404);
  });

  test("row 8: GET answers 204 without content, on the endpoint and on the session", async () => {
    const { harness, location } = await watching();
    for (const path of [ENDPOINT, location]) {
      const { status, body } = await harness.send("GET", path);
      expect({ path, status, body }).toEqual({ path, status: 204, body: "" });
    }
  });

  test("row 9: HEAD on the endpoint says application/sdp", async () => {
    const { status, headers, body } = await serve().send("HEAD", ENDPOINT);
    expect({ status, body }).toEqual({ status: 200, body: "" });
    expect(headers.get("content-type")).toBe("application/sdp");
  });

  test("row 10: OPTIONS answers 200 with Accept-Post", async () => {
    const { harness, location } = await watching();
    const endpoint = await harness.send("OPTIONS", ENDPOINT);
    expect({ status: endpoint.status, body: endpoint.body }).toEqual({ status: 200, body: "" });
    expect(endpoint.headers.get("accept-post")).toBe("application/sdp");
    const session = await harness.send("OPTIONS", location);
    expect(session.status).toBe(200);
    expect(session.headers.get("accept-patch")).toBe(FRAGMENT);
  });

  test("row 11: a preflight allows methods and headers by name", async () => {
    const { harness, location } = await watching();
    const headers = { origin: "https://player.example", "access-control-request-method": "POST" };
    for (const [path, methods] of [
      [ENDPOINT, ["POST", "GET", "HEAD", "OPTIONS"]],
      [location, ["PATCH", "DELETE", "GET", "HEAD", "OPTIONS"]],
    ] as const) {
      const answer = await harness.send("OPTIONS", path, { headers });
      expect(answer.status).toBe(200);
      expect(answer.headers.get("access-control-allow-origin")).toBe("*");
      const allowed = answer.headers.get("access-control-allow-methods")?.split(", ") ?? [];
      expect(allowed.toSorted()).toEqual([...methods].toSorted());
      expect(answer.headers.get("access-control-allow-headers")).toBe(
        "Authorization, Content-Type, If-Match",
      );
    }
  });

  test("row 12: a page can read the headers of every answer, errors too", async () => {
    const harness = serve();
    for (const id of ["test", "unknown"]) {
      const { headers } = await harness.offer(id, CHROMIUM);
      const exposed = headers.get("access-control-expose-headers")?.split(", ");
      for (const name of ["Location", "ETag", "Link", "Accept-Patch", "Retry-After"]) {
        expect(exposed).toContain(name);
      }
    }
  });

  test("row 13: the ETag is strong and differs from session to session", async () => {
    const { harness, etag } = await watching();
    expect(etag).toMatch(/^"[\w-]{12,}"$/);
    expect((await harness.session("test", videoOffer("H264"))).etag).not.toBe(etag);
  });

  test("row 14: a trickle with the ETag gets 204 without body and without ETag", async () => {
    const { harness, location, etag } = await watching();
    const body = fragment(OFFERED.ufrag, OFFERED.pwd, [HOST_CANDIDATE]);
    const answer = await harness.patch(location, body, { "if-match": etag });
    expect({ status: answer.status, body: answer.body }).toEqual({ status: 204, body: "" });
    expect(answer.headers.get("etag")).toBeNull();
    expect(harness.peers.list("test")[0]?.candidates).toHaveLength(1);
  });

  test("row 15: no If-Match gets 428, a stale one 412", async () => {
    const { harness, location, etag } = await watching();
    const body = fragment(OFFERED.ufrag, OFFERED.pwd, [HOST_CANDIDATE]);
    expect((await harness.patch(location, body, {})).status).toBe(428);
    for (const stale of ['"stale"', `W/${etag}`, etag.replaceAll('"', ""), '"*"']) {
      expect((await harness.patch(location, body, { "if-match": stale })).status).toBe(412);
    }
    expect((await harness.patch(location, body, { "if-match": `"a", ${etag}` })).status).toBe(204);
  });

  test("row 16: a PATCH of another type gets 415, a malformed one 400", async () => {
    const { harness, location, etag } = await watching();
    const headers = { "content-type": "text/plain", "if-match": etag };
    const wrong = await harness.patch(location, "a=ice-ufrag:x", headers);
    expect(wrong.status).toBe(415);
    expect(wrong.headers.get("accept-patch")).toBe(FRAGMENT);
    for (const body of ["", "hello", "a=candidate:x", "a=ice-ufrag:Kv1x\r\n"]) {
      expect((await harness.patch(location, body, { "if-match": etag })).status).toBe(400);
    }
  });

  test("row 17: candidates of no use are dropped in silence", async () => {
    const { harness, location, etag } = await watching();
    const body = fragment(OFFERED.ufrag, OFFERED.pwd, [
      "1 1 sctp 2130706431 203.0.113.9 50123 typ host",
      "2 1 udp 2130706431 host.invalid 50123 typ host",
      "3 1 udp 2130706431 0c2d5a4e-0000-4000-8000-000000000001.local 50123 typ host",
    ]);
    expect((await harness.patch(location, body, { "if-match": etag })).status).toBe(204);
    expect(harness.peers.list("test")[0]?.candidates).toEqual([]);
  });

  test("row 18: trickle and restart are both supported, so neither gets 422", async () => {
    const { harness, location, etag } = await watching();
    const trickle = fragment(OFFERED.ufrag, OFFERED.pwd, [HOST_CANDIDATE]);
    expect((await harness.patch(location, trickle, { "if-match": etag })).status).toBe(204);
    const restart = fragment("Kv1x", "Jx9dYxCJQvXqk0kBy9GpHcQd");
    expect((await harness.patch(location, restart, { "if-match": "*" })).status).toBe(200);
  });

  test("row 19: new credentials restart ICE whatever If-Match says", async () => {
    const { harness, location, etag } = await watching();
    const etags = new Set([etag]);
    const answered = new Set<string>();
    for (const [at, condition] of ["*", '"*"', etag, '"stale"'].entries()) {
      const body = fragment(`Kv1x${at}`, "Jx9dYxCJQvXqk0kBy9GpHcQd");
      const answer = await harness.patch(location, body, { "if-match": condition });
      expect({ condition, status: answer.status }).toEqual({ condition, status: 200 });
      expect(answer.headers.get("content-type")).toBe(FRAGMENT);
      for (const line of ["a=ice-lite", "a=ice-options:trickle ice2", "a=end-of-candidates"]) {
        expect(answer.body.split("\r\n")).toContain(line);
      }
      expect(answer.body).toMatch(/^a=candidate:/m);
      etags.add(answer.headers.get("etag") ?? "");
      answered.add(/^a=ice-ufrag:(.+)$/m.exec(answer.body)?.[1] ?? "");
    }
    expect(etags.size).toBe(5);
    expect(answered.size).toBe(4);
  });

  test("row 19: a late trickle of the generation before is stale, not a restart", async () => {
    const { harness, location, etag } = await watching();
    const restart = fragment("Kv1x", "Jx9dYxCJQvXqk0kBy9GpHcQd");
    const { headers } = await harness.patch(location, restart, { "if-match": "*" });
    const late = fragment(OFFERED.ufrag, OFFERED.pwd, [HOST_CANDIDATE]);
    expect((await harness.patch(location, late, { "if-match": etag })).status).toBe(412);
    expect((await harness.patch(location, late, { "if-match": "*" })).status).toBe(412);
    const current = { "if-match": headers.get("etag") ?? "" };
    const trickle = fragment("Kv1x", "Jx9dYxCJQvXqk0kBy9GpHcQd", [HOST_CANDIDATE]);
    expect((await harness.patch(location, trickle, current)).status).toBe(204);
  });

  test("row 20: a failed restart keeps the session and its ETag", async () => {
    const { harness, location, etag } = await watching();
    const bad = ["a=ice-ufrag:Kv1x\r\na=ice-pwd:\r\n", fragment("Kv1x", "short")];
    for (const body of bad) {
      expect((await harness.patch(location, body, { "if-match": "*" })).status).toBe(400);
    }
    const samePart = fragment(OFFERED.ufrag, "Jx9dYxCJQvXqk0kBy9GpHcQd");
    expect((await harness.patch(location, samePart, { "if-match": "*" })).status).toBe(400);
    harness.peers.restartFailure = new Error("restart failed");
    const restart = fragment("Kv1x", "Jx9dYxCJQvXqk0kBy9GpHcQd");
    expect((await harness.patch(location, restart, { "if-match": "*" })).status).toBe(500);
    expect((await harness.send("GET", location)).status).toBe(204);
    const trickle = fragment(OFFERED.ufrag, OFFERED.pwd, [HOST_CANDIDATE]);
    expect((await harness.patch(location, trickle, { "if-match": etag })).status).toBe(204);
  });

  test("row 21: the answer has all of the server's candidates", async () => {
    const { body } = await serve().offer("test", CHROMIUM);
    const tagged = sections(body)[1];
    expect(tagged).toContain("a=candidate:1 1 udp 2130706431 192.0.2.1 8189 typ host");
    expect(tagged).toContain("a=end-of-candidates");
  });

  test("row 22: DELETE ends the peer at once, whatever If-Match says", async () => {
    const { harness, location } = await watching();
    const peer = harness.peers.list("test")[0];
    const { status, body } = await harness.send("DELETE", location, {
      headers: { "if-match": '"stale"' },
    });
    expect({ status, body }).toEqual({ status: 204, body: "" });
    expect(peer?.closeReason).toBe("client_gone");
    expect((await harness.send("DELETE", location)).status).toBe(204);
  });

  test("row 23: a peer whose consent ended takes its session along", async () => {
    const { harness, location } = await watching();
    harness.peers.list("test")[0]?.close("consent_lost");
    expect((await harness.send("GET", location)).status).toBe(404);
  });

  test("row 24: one bundle, and rtcp-mux with rtcp-mux-only in every section", async () => {
    for (const offer of [CHROMIUM, FIREFOX]) {
      const harness = serve();
      for (const stream of harness.streams.list()) {
        if (offer === FIREFOX) stream.produced = stream.produced.slice(1);
      }
      const { status, body } = await harness.offer("test", offer);
      expect(status).toBe(201);
      const [session, ...media] = sections(body);
      const open = media.filter((section) => !section[0]?.startsWith("m=video 0 "));
      const mids = open.map((section) => section.find((line) => line.startsWith("a=mid:")));
      const bundle = mids.map((mid) => mid?.slice("a=mid:".length)).join(" ");
      expect(session).toContain(`a=group:BUNDLE ${bundle}`);
      for (const section of open) {
        expect(section).toContain("a=rtcp-mux");
        expect(section).toContain("a=rtcp-mux-only");
      }
    }
  });

  test("row 25: all sections belong to one MediaStream, at most one per kind", async () => {
    const harness = serve();
    const [, ...media] = sections((await harness.offer("test", CHROMIUM)).body);
    const streams = media.map(
      (section) => /^a=msid:(\S+) /m.exec(section.join("\n"))?.[1] ?? section,
    );
    expect(new Set(streams).size).toBe(1);
    const second =
      videoOffer("H264")
        .split(/(?=^m=)/m)[1]
        ?.replace("a=mid:0", "a=mid:1") ?? "";
    const two = `${videoOffer("H264").replace("BUNDLE 0", "BUNDLE 0 1")}${second}`;
    expect((await harness.offer("test", two)).status).toBe(400);
  });

  test("row 26: the server is an ICE-lite agent and says so", async () => {
    const { body } = await serve().offer("test", CHROMIUM);
    expect(sections(body)[0]).toContain("a=ice-lite");
  });

  test("row 27: nothing is redirected, with or without a trailing slash", async () => {
    const harness = serve();
    const expected = {
      [`${ENDPOINT}/`]: 201,
      "/api/v3/whep/": 404,
      "/api/v3/whep": 404,
      "//api/v3/whep/test": 404,
    };
    for (const [path, status] of Object.entries(expected)) {
      const headers = { "content-type": "application/sdp" };
      const answer = await harness.send("POST", path, { body: CHROMIUM, headers });
      expect({ path, status: answer.status }).toEqual({ path, status });
    }
  });

  test("row 28: 503 has Retry-After, for each scope of the limit and while draining", async () => {
    const harness = serve();
    for (const scope of ["global", "stream"] as const) {
      harness.peers.limit(scope);
      const answer = await harness.offer("test", CHROMIUM);
      expect(answer.status).toBe(503);
      expect(answer.headers.get("retry-after")).toBe("30");
      expect(problemOf(answer).scope).toBe(scope);
    }
    harness.peers.draining = true;
    const draining = await harness.offer("test", CHROMIUM);
    expect(draining.status).toBe(503);
    expect(Number(draining.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  test("row 29: ICE servers are links of the 201, not of the preflight", async () => {
    const harness = serve({
      whep: {
        iceServers: [
          { urls: "stun:stun.example" },
          { urls: ["turn:turn.example?transport=udp"], username: 'u"ser', credential: "p\\w" },
        ],
      },
    });
    const { headers } = await harness.offer("test", CHROMIUM);
    expect(headers.get("link")).toBe(
      '<stun:stun.example>; rel="ice-server", <turn:turn.example?transport=udp>; rel="ice-server"; username="u\\"ser"; credential="p\\\\w"; credential-type="password"',
    );
    expect((await harness.send("OPTIONS", ENDPOINT)).headers.get("link")).toBeNull();
  });

  test("row 30: a missing or wrong token gets 401 + WWW-Authenticate, a preflight needs none", async () => {
    const harness = serve({ whep: { token: "secret" } });
    for (const authorization of ["", "Bearer", "Bearer wrong", "Basic secret", "secret"]) {
      const headers = authorization === "" ? {} : { authorization };
      const answer = await harness.offer("test", CHROMIUM, headers);
      expect({ authorization, status: answer.status }).toEqual({ authorization, status: 401 });
      // RFC 6750 §3.1: only who sent a token is told that it is wrong.
      const challenge =
        authorization === "Bearer wrong" ? 'Bearer error="invalid_token"' : "Bearer";
      expect(answer.headers.get("www-authenticate")).toBe(challenge);
    }
    for (const [method, path] of [
      ["GET", ENDPOINT],
      ["HEAD", ENDPOINT],
      ["GET", `${ENDPOINT}/x`],
      ["PATCH", `${ENDPOINT}/x`],
      ["DELETE", `${ENDPOINT}/x`],
    ] as const) {
      expect((await harness.send(method, path)).status).toBe(401);
    }
    expect((await harness.send("OPTIONS", ENDPOINT)).status).toBe(200);
    expect((await harness.send("OPTIONS", `${ENDPOINT}/x`)).status).toBe(200);
    const bearer = { authorization: "bearer secret" };
    expect((await harness.offer("test", CHROMIUM, bearer)).status).toBe(201);
  });

  test("row 31: no extension is offered or required", async () => {
    const { status, headers } = await serve().offer("test", CHROMIUM);
    expect(status).toBe(201);
    expect(headers.get("link")).toBeNull();
  });

  test("row 32: without HTTPS the server is for loopback, else a token is needed", async () => {
    const open = new Harness({ admin: { boundHost: "0.0.0.0" } });
    expect((await open.send("GET", "/api/v3/webrtc/streams")).status).toBe(401);
    const loopback = new Harness({ admin: { boundHost: "127.0.0.1" } });
    expect((await loopback.send("GET", "/api/v3/webrtc/streams")).status).toBe(200);
  });

  test("row 33: POST, PATCH and DELETE are limited per address, session URLs cannot be guessed", async () => {
    const harness = serve({ whep: { ratePerSecond: 1, rateBurst: 3 } });
    const { location } = await harness.session("test", videoOffer("H264"));
    // 192 bit in base64url.
    expect(location.split("/").at(-1)).toHaveLength(32);
    await harness.patch(location, "x", { "if-match": "*" });
    await harness.send("DELETE", `${ENDPOINT}/x`);
    for (const [method, path] of [
      ["POST", ENDPOINT],
      ["PATCH", location],
      ["DELETE", location],
    ] as const) {
      const answer = await harness.send(method, path);
      expect({ method, status: answer.status }).toEqual({ method, status: 429 });
      expect(answer.headers.get("retry-after")).toBe("1");
    }
    harness.clientAddress = "198.51.100.8";
    expect((await harness.offer("test", CHROMIUM)).status).toBe(201);
  });

  test("row 33: tokens cannot be tried at will, by any method", async () => {
    const harness = serve({ whep: { token: "secret", ratePerSecond: 1, rateBurst: 3 } });
    const guess = (method: string, token: string) =>
      harness.send(method, ENDPOINT, { headers: { authorization: `Bearer ${token}` } });
    for (const method of ["POST", "GET", "HEAD"]) {
      expect((await guess(method, "wrong")).status).toBe(401);
    }
    // The right one is not told from the wrong ones now.
    for (const method of ["POST", "GET", "HEAD"]) {
      expect((await guess(method, "secret")).status).toBe(429);
    }
  });

  test("row 34: errors are problem details", async () => {
    const answer = await serve().offer("unknown", CHROMIUM);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(problemOf(answer)).toMatchObject({
      type: "/problems/stream-not-found",
      status: 404,
      code: 404,
    });
  });

  test("row 35: an active offer is answered passive, a passive one refused", async () => {
    const harness = serve();
    const active = videoOffer("H264", [["a=setup:actpass", "a=setup:active"]]);
    const { status, body } = await harness.offer("test", active);
    expect(status).toBe(201);
    expect(body).toContain("a=setup:passive\r\n");
    const passive = videoOffer("H264", [["a=setup:actpass", "a=setup:passive"]]);
    expect((await harness.offer("test", passive)).status).toBe(400);
  });

  test("row 36: another method gets 405 + Allow", async () => {
    const { harness, location } = await watching();
    for (const [path, allow] of [
      [ENDPOINT, "OPTIONS, GET, HEAD, POST"],
      [location, "OPTIONS, GET, HEAD, PATCH, DELETE"],
    ] as const) {
      for (const method of ["PUT", path === ENDPOINT ? "DELETE" : "POST"]) {
        const answer = await harness.send(method, path);
        expect(answer.status).toBe(405);
        expect(answer.headers.get("allow")).toBe(allow);
      }
    }
  });
});

describe("CONFORMANCE.md", () => {
  const document = readFileSync(new URL("../CONFORMANCE.md", import.meta.url), "utf8");
  const source = readFileSync(new URL(import.meta.url), "utf8");

  test("names every row and the test of each", () => {
    const titles = [...source.matchAll(/^ {2}test\("(row \d+): ([^"]+)"/gm)];
    const rows = new Set(titles.map(([, row]) => row));
    expect([...rows]).toEqual(Array.from({ length: 36 }, (_, at) => `row ${at + 1}`));
    for (const [, row, title] of titles) {
      const line = document.split("\n").find((text) => text.includes(`${title}`));
      expect(line).toStartWith(`| ${row?.slice("row ".length)} |`);
      expect(line).toEndWith("| pass |");
    }
  });
});
