/** The error matrix: each refusal seen by a client, with what it says and the counter it moves. */
import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { ProblemSchema } from "../../src/api/problem.ts";
import { type Answer, Harness, problemOf } from "./support/harness.ts";
import { CHROMIUM, fragment, HOST_CANDIDATE, OFFERED, videoOffer } from "./support/offers.ts";

const ENDPOINT = "/api/v3/whep/test";

function serve(options: ConstructorParameters<typeof Harness>[0] = {}): Harness {
  const harness = new Harness(options);
  harness.streams.add("test");
  return harness;
}

function expectProblem(answer: Answer, status: number, kind: string): void {
  const problem = problemOf(answer);
  expect(problem).toMatchObject({ type: `/problems/${kind}`, status, code: status });
  expect(answer.status).toBe(status);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(answer.headers.get("access-control-allow-origin")).toBe("*");
  expect(Value.Check(ProblemSchema, problem)).toBe(true);
}

describe("an offer", () => {
  test("for an unknown stream: 404, counted as unknown", async () => {
    const harness = serve();
    expectProblem(await harness.offer("nope", CHROMIUM), 404, "stream-not-found");
    expect(await harness.requests("post", 404, "unknown")).toBe(1);
    expect(await harness.requests("post", 404, "nope")).toBeUndefined();
  });

  test("that is refused is told with its reason, once; one that is answered is not", async () => {
    const harness = serve();
    await harness.offer("test", CHROMIUM);
    expect(harness.refused).toEqual([]);
    await harness.offer("nope", CHROMIUM);
    await harness.offer("test", "no offer");
    await harness.send("DELETE", `${ENDPOINT}/nobody`);
    expect(harness.refused).toEqual(["nope: stream-not-found", "test: offer-invalid"]);
  });

  test("for a stream without a source: 409 with Retry-After, before its codecs are asked for", async () => {
    const harness = serve();
    const stream = harness.streams.add("dark");
    stream.state = "down";
    stream.produced = [];
    const answer = await harness.offer("dark", CHROMIUM);
    expectProblem(answer, 409, "stream-not-live");
    expect(answer.headers.get("retry-after")).toBe("5");
    expect(await harness.requests("post", 409, "dark")).toBe(1);
  });

  test("for a starting source: waits, then 504 with Retry-After when nothing comes", async () => {
    const harness = serve({ whep: { sourceWaitSeconds: 7 } });
    const stream = harness.streams.add("slow");
    stream.state = "starting";
    stream.becomes = "starting";
    const answer = await harness.offer("slow", CHROMIUM);
    expectProblem(answer, 504, "source-timeout");
    expect(answer.headers.get("retry-after")).toBe("5");
    expect(stream.waitedMs).toEqual([7000]);
    expect(await harness.requests("post", 504, "slow")).toBe(1);
  });

  test("for a starting source that ends meanwhile: 409", async () => {
    const harness = serve();
    const stream = harness.streams.add("slow");
    stream.state = "starting";
    stream.becomes = "down";
    expectProblem(await harness.offer("slow", CHROMIUM), 409, "stream-not-live");
  });

  test("for a starting source that comes when its player has gone: nobody takes a place", async () => {
    const harness = serve();
    const stream = harness.streams.add("slow");
    const player = new AbortController();
    stream.whenLive = async () => {
      player.abort();
      return true;
    };
    await harness.send("POST", "/api/v3/whep/slow", {
      body: CHROMIUM,
      headers: { "content-type": "application/sdp" },
      signal: player.signal,
    });
    expect(harness.peers.count("slow")).toBe(0);
    expect(harness.refused).toEqual(["slow: source-timeout"]);
  });

  test("for a starting source that comes: 201", async () => {
    const harness = serve();
    const stream = harness.streams.add("slow");
    stream.state = "starting";
    expect((await harness.offer("slow", CHROMIUM)).status).toBe(201);
    expect(await harness.requests("post", 201, "slow")).toBe(1);
  });

  test("without a common codec: 406 with kind and what is on offer, counted by kind", async () => {
    const harness = serve();
    const answer = await harness.offer("test", videoOffer("VP8"));
    expectProblem(answer, 406, "codec-mismatch");
    const { media, offered, produced } = problemOf(answer);
    expect({ media, offered }).toEqual({ media: "video", offered: ["VP8"] });
    expect(produced).toStartWith("H264");
    expect(await harness.requests("post", 406, "test")).toBe(1);
    const name = "dragonfork_webrtc_codec_mismatches_total";
    expect(await harness.metric(name, { stream_id: "test", kind: "video" })).toBe(1);
    expect(await harness.metric(name, { stream_id: "test", kind: "audio" })).toBe(0);
  });

  test.each(["global", "stream"] as const)(
    "beyond the %s limit: 503 with its scope, before the body is looked at",
    async (scope) => {
      const harness = serve();
      harness.peers.limit(scope);
      const answer = await harness.offer("test", "no SDP", { "content-type": "text/plain" });
      expectProblem(answer, 503, "peer-limit-reached");
      expect(problemOf(answer).scope).toBe(scope);
      expect(answer.headers.get("retry-after")).toBe("30");
      const name = "dragonfork_webrtc_cap_rejections_total";
      expect(await harness.metric(name, { stream_id: "test", scope })).toBe(1);
      expect(await harness.requests("post", 503, "test")).toBe(1);
    },
  );

  test("while the server shuts down: 503 for any stream, counted as no limit", async () => {
    const harness = serve();
    harness.peers.draining = true;
    for (const id of ["test", "nope"]) {
      expectProblem(await harness.offer(id, CHROMIUM), 503, "server-draining");
    }
    const name = "dragonfork_webrtc_cap_rejections_total";
    expect(await harness.metric(name, { stream_id: "test", scope: "global" })).toBe(0);
  });

  test("of another type 415, too large 413, malformed 400", async () => {
    const harness = serve();
    const typed = await harness.offer("test", CHROMIUM, { "content-type": "text/plain" });
    expectProblem(typed, 415, "unsupported-media-type");
    const large = `${CHROMIUM}${"a=x\r\n".repeat(20_000)}`;
    expectProblem(await harness.offer("test", large), 413, "body-too-large");
    expectProblem(await harness.offer("test", "v=0\r\nm=nonsense"), 400, "offer-invalid");
    for (const code of [415, 413, 400])
      expect(await harness.requests("post", code, "test")).toBe(1);
    expect(harness.peers.count()).toBe(0);
  });

  test("that is too large in chunks: 413", async () => {
    const harness = serve();
    const chunk = new TextEncoder().encode("a".repeat(16 * 1024));
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        sent += 1;
        if (sent > 10) controller.close();
        else controller.enqueue(chunk);
      },
    });
    const headers = { "content-type": "application/sdp" };
    const answer = await harness.send("POST", ENDPOINT, { body, headers });
    expectProblem(answer, 413, "body-too-large");
  });

  test("too often from one address: 429 with Retry-After, per address", async () => {
    const harness = serve({ whep: { ratePerSecond: 0.1, rateBurst: 2 } });
    for (let at = 0; at < 2; at += 1) {
      expect((await harness.offer("test", CHROMIUM)).status).toBe(201);
    }
    const answer = await harness.offer("test", CHROMIUM);
    expectProblem(answer, 429, "rate-limited");
    expect(answer.headers.get("retry-after")).toBe("10");
    expect(await harness.requests("post", 429, "test")).toBe(1);
    harness.nowMs += 10_000;
    expect((await harness.offer("test", CHROMIUM)).status).toBe(201);
  });

  test("for an id beyond the length of any: 404 without a look into the registry", async () => {
    const harness = serve();
    const id = "x".repeat(9000);
    expectProblem(await harness.offer(id, CHROMIUM), 404, "stream-not-found");
    expect(harness.streams.lookups).not.toContain(id);
    expectProblem(await harness.offer("%zz", CHROMIUM), 404, "stream-not-found");
  });
});

describe("a session", () => {
  async function watching(harness = serve()) {
    const session = await harness.session("test", videoOffer("H264"));
    const peer = harness.peers.list("test")[0];
    if (peer === undefined) throw new Error("no peer");
    return { harness, peer, ...session };
  }

  test("whose ICE timed out: 504 for a minute to PATCH and GET, then 404", async () => {
    const { harness, location, peer } = await watching();
    peer.close("no_stun_received");
    const trickle = fragment(OFFERED.ufrag, OFFERED.pwd, [HOST_CANDIDATE]);
    const patched = await harness.patch(location, trickle, { "if-match": "*" });
    expectProblem(patched, 504, "ice-timeout");
    expectProblem(await harness.send("GET", location), 504, "ice-timeout");
    expect(await harness.requests("patch", 504, "test")).toBe(1);
    expect(await harness.requests("get", 504, "test")).toBe(1);
    harness.nowMs += 60_000;
    expectProblem(await harness.send("GET", location), 404, "session-not-found");
  });

  test("that was never there: PATCH and GET 404, DELETE 204", async () => {
    const harness = serve();
    const path = `${ENDPOINT}/never`;
    expectProblem(await harness.patch(path, "x", {}), 404, "session-not-found");
    expectProblem(await harness.send("GET", path), 404, "session-not-found");
    expect((await harness.send("DELETE", path)).status).toBe(204);
    expect(await harness.requests("delete", 204, "test")).toBe(1);
  });

  test("of another stream is not found under this one", async () => {
    const { harness, location, peer } = await watching();
    harness.streams.add("other");
    const wrong = location.replace("/test/", "/other/");
    expectProblem(await harness.send("GET", wrong), 404, "session-not-found");
    expect((await harness.send("DELETE", wrong)).status).toBe(204);
    expect(peer.state).not.toBe("closed");
  });

  test("without If-Match 428, stale 412, answered SDP 422, each counted", async () => {
    const { harness, location } = await watching();
    const trickle = fragment(OFFERED.ufrag, OFFERED.pwd, [HOST_CANDIDATE]);
    expectProblem(await harness.patch(location, trickle, {}), 428, "precondition-required");
    const stale = await harness.patch(location, trickle, { "if-match": '"x"' });
    expectProblem(stale, 412, "precondition-failed");
    const headers = { "content-type": "application/sdp" };
    expectProblem(await harness.patch(location, "v=0", headers), 422, "patch-unsupported");
    for (const code of [428, 412, 422]) {
      expect(await harness.requests("patch", code, "test")).toBe(1);
    }
  });

  test("that ends while a PATCH's body is on its way: 404, not an answer of the dead", async () => {
    const { harness, location, etag, peer } = await watching();
    const source = {
      pull(controller: ReadableStreamDefaultController<Uint8Array>) {
        peer.close("client_gone");
        controller.enqueue(new TextEncoder().encode(fragment("new1", "p".repeat(24))));
        controller.close();
      },
    };
    // Nothing is pulled before it is read.
    const body = new ReadableStream(source, { highWaterMark: 0 });
    const headers = { "content-type": "application/trickle-ice-sdpfrag", "if-match": etag };
    const answer = await harness.send("PATCH", location, { body, headers });
    expectProblem(answer, 404, "session-not-found");
  });
});

describe("what is counted", () => {
  test("are all WHEP requests by method, also those with a wrong one", async () => {
    const harness = serve();
    await harness.send("GET", ENDPOINT);
    await harness.send("HEAD", ENDPOINT);
    await harness.send("OPTIONS", ENDPOINT);
    await harness.send("PUT", ENDPOINT);
    await harness.send("PUT", "/api/v3/whep/a/b/c");
    expect(await harness.requests("get", 204, "test")).toBe(1);
    expect(await harness.requests("head", 200, "test")).toBe(1);
    expect(await harness.requests("options", 200, "test")).toBe(1);
    expect(await harness.requests("other", 405, "test")).toBe(1);
    expect(await harness.requests("other", 404, "unknown")).toBe(1);
  });

  test("is no other route", async () => {
    const harness = serve();
    const whep = async () => (await harness.series()).filter((line) => !line.includes("_http_"));
    const before = await whep();
    for (const path of ["/", "/api", "/healthz", "/nope", "/api/v3/webrtc/streams", "/metrics"]) {
      await harness.send("GET", path);
    }
    expect(await whep()).toEqual(before);
  });

  test("is the time that the source let an offer wait", async () => {
    const harness = serve();
    const stream = harness.streams.add("slow");
    stream.state = "starting";
    stream.whenLive = async () => {
      harness.nowMs += 3000;
      return true;
    };
    await harness.offer("slow", CHROMIUM);
    const labels = { route: "post", stream_id: "slow" };
    const name = "dragonfork_webrtc_whep_request_duration_seconds_sum";
    expect(await harness.metric(name, labels)).toBe(3);
  });

  test("does not grow with 100,000 random ids", async () => {
    const harness = serve();
    const methods = ["GET", "POST", "PATCH", "DELETE"] as const;
    const flood = async (from: number, to: number) => {
      for (let at = from; at < to; at += 1) {
        const method = methods[at % 4] ?? "GET";
        const id = Bun.hash(String(at)).toString(36);
        const path = at % 2 === 0 ? `/api/v3/whep/${id}` : `/api/v3/whep/${id}/${id}`;
        await harness.app.handle(new Request(`http://localhost${path}`, { method }));
      }
      await new Promise((resolve) => setTimeout(resolve, 0));
    };
    await flood(0, 1000);
    const before = await harness.series();
    await flood(1000, 100_000);
    expect(await harness.series()).toEqual(before);
    const text = (await harness.send("GET", "/metrics")).body;
    expect(text.length).toBeLessThan(50_000);
  }, 60_000);
});

describe("an id", () => {
  test.each(["a:b", "a.b", "a/b", "camera 1", "ümlaut", "100%", "a..b", "a?b#c"])(
    "may be %p, percent-encoded in the URL and in Location",
    async (id) => {
      const harness = new Harness();
      harness.streams.add(id);
      const { location, etag } = await harness.session(encodeURIComponent(id), videoOffer("H264"));
      expect(location).toStartWith(`/api/v3/whep/${encodeURIComponent(id)}/`);
      const trickle = fragment(OFFERED.ufrag, OFFERED.pwd, [HOST_CANDIDATE]);
      expect((await harness.patch(location, trickle, { "if-match": etag })).status).toBe(204);
      expect((await harness.send("DELETE", location)).status).toBe(204);
      expect(harness.peers.count()).toBe(0);
    },
  );

  test("with control characters is no stream and reaches no label", async () => {
    const harness = serve();
    for (const id of ["%0a", "%1b[31m", "%22%7d%201%0afake_metric", "a%2Fb%0d%0aX"]) {
      expect((await harness.offer(id, CHROMIUM)).status).toBe(404);
    }
    expect((await harness.series()).join("\n")).not.toContain("fake_metric");
  });
});

describe("a failure of our own", () => {
  test("shows a fixed text and an id, which the log has with the cause", async () => {
    const harness = serve();
    harness.peers.open = () => {
      throw new TypeError("boom rtsp://user:secret@camera");
    };
    const answer = await harness.offer("test", CHROMIUM);
    expectProblem(answer, 500, "internal");
    expect(answer.body).not.toContain("boom");
    expect(answer.body).not.toContain("secret");
    const [logged] = harness.errors;
    expect(problemOf(answer).id).toBe(logged?.fields["id"]);
    expect(logged?.fields["error"]).toContain("boom");
    expect(await harness.requests("post", 500, "test")).toBe(1);
  });
});
