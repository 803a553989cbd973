import { describe, expect, test } from "bun:test";
import { Harness, problemOf } from "./support/harness.ts";
import { CHROMIUM } from "./support/offers.ts";

const TOKENS = "/api/v3/webrtc/streams/test/tokens";

function serve(): Harness {
  const harness = new Harness();
  harness.streams.add("test").tokenPolicy = "signed";
  harness.streams.add("other").tokenPolicy = "signed";
  return harness;
}

function mint(harness: Harness, wish: unknown = {}, headers: Record<string, string> = {}) {
  return harness.send("POST", TOKENS, {
    body: JSON.stringify(wish),
    headers: { "content-type": "application/json", ...headers },
  });
}

async function minted(harness: Harness, wish: unknown = {}) {
  const answer = await mint(harness, wish);
  if (answer.status !== 201) throw new Error(`${answer.status}: ${answer.body}`);
  return JSON.parse(answer.body);
}

async function join(harness: Harness, token: string, id = "test") {
  return harness.offer(id, CHROMIUM, { authorization: `Bearer ${token}` });
}

describe("a token that is made here", () => {
  test("lets in to its stream for its time, and is shown once", async () => {
    const harness = serve();
    const token = await minted(harness, { ttl_seconds: 60, max_viewers: 2, label: "lobby" });
    expect(token).toMatchObject({
      stream: "test",
      label: "lobby",
      created_at: new Date(harness.unixMs()).toISOString().replace(/\.\d+/, ".000"),
      max_viewers: 2,
      max_bitrate: null,
      viewers: 0,
    });
    expect(Date.parse(token.expires_at) - Date.parse(token.created_at)).toBe(60_000);
    expect((await join(harness, token.token)).status).toBe(201);
    expect((await join(harness, token.token, "other")).status).toBe(401);
    const list = await harness.send("GET", TOKENS);
    expect(list.body).not.toContain(token.token);
    const { token: _, whep_url: _w, player_url: _p, embed: _e, ...shown } = token;
    expect(JSON.parse(list.body)).toEqual([{ ...shown, viewers: 1 }]);
    harness.nowMs += 61_000;
    expect((await join(harness, token.token)).status).toBe(401);
    expect(JSON.parse((await harness.send("GET", TOKENS)).body)).toEqual([]);
  });

  test("needs no wishes, and no body", async () => {
    const harness = serve();
    const token = JSON.parse((await harness.send("POST", TOKENS)).body);
    expect(token).toMatchObject({ label: "", max_viewers: 0 });
    expect(Date.parse(token.expires_at) - Date.parse(token.created_at)).toBe(3_600_000);
    expect((await join(harness, token.token)).status).toBe(201);
    expect(await minted(harness, { label: null, ttl_seconds: 10 })).toMatchObject({ label: "" });
  });

  test("has places for so many viewers, also when they come at once", async () => {
    const harness = serve();
    const { token } = await minted(harness, { max_viewers: 2 });
    const answers = await Promise.all(Array.from({ length: 5 }, () => join(harness, token)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 503, 503, 503]);
    const full = answers.find(({ status }) => status === 503);
    expect(full?.headers.get("retry-after")).toBe("30");
    expect(problemOf(full ?? answers[0]!).type).toBe("/problems/token-in-use");
    harness.peers.list("test")[0]?.close("client_gone");
    expect((await join(harness, token)).status).toBe(201);
  });

  test("carries its bitrate", async () => {
    const harness = serve();
    const { token, max_bitrate } = await minted(harness, { max_bitrate: 1_000_000 });
    expect(max_bitrate).toBe(1_000_000);
    const stream = harness.streams.get("test");
    if (stream !== undefined) stream.bitrate = 3_000_000;
    expect((await join(harness, token)).status).toBe(403);
  });

  test("comes with a snippet for a page, which holds the token in its fragment only", async () => {
    const harness = new Harness({ admin: { token: "secret" } });
    harness.streams.add(`it's "a"/b`);
    const path = `/api/v3/webrtc/streams/${encodeURIComponent(`it's "a"/b`)}/tokens`;
    const headers = {
      host: "localhost:8443",
      "x-forwarded-proto": "https",
      authorization: "Bearer secret",
    };
    const token = JSON.parse((await harness.send("POST", path, { headers })).body);
    const page = "https://localhost:8443/player/it%27s%20%22a%22%2Fb";
    expect(token.player_url).toBe(`${page}#token=${token.token}`);
    expect(token.whep_url).toBe("https://localhost:8443/api/v3/whep/it%27s%20%22a%22%2Fb");
    expect(token.embed).toStartWith(`<iframe src="${token.player_url}" `);
    expect(token.embed).toMatch(/^<iframe( [a-z]+(="[^"<>]*")?)+><\/iframe>$/);
  });
});

describe("revoking", () => {
  test("sends away who watches with the token, and lets nobody in with it", async () => {
    const harness = serve();
    const [first, second] = [await minted(harness), await minted(harness)];
    await join(harness, first.token);
    await join(harness, second.token);
    const [watching, staying] = harness.peers.list("test");
    expect((await harness.send("DELETE", `${TOKENS}/${first.id}`)).status).toBe(204);
    expect([watching?.closeReason, staying?.closeReason]).toEqual(["token_revoked", undefined]);
    const answer = await join(harness, first.token);
    expect(answer.status).toBe(401);
    expect(problemOf(answer).detail).toBe("The viewer token was revoked.");
    expect((await harness.send("DELETE", `${TOKENS}/${first.id}`)).status).toBe(404);
  });

  test("reaches only the tokens of the stream that is named", async () => {
    const harness = serve();
    const { id, token } = await minted(harness);
    const other = `/api/v3/webrtc/streams/other/tokens/${id}`;
    expect((await harness.send("DELETE", other)).status).toBe(404);
    expect((await join(harness, token)).status).toBe(201);
  });
});

describe("what is refused", () => {
  test.each([
    [{ ttl_seconds: 5 }, "ttl_seconds: found 5; allowed: a whole number from 10 to 31536000"],
    [{ ttl_seconds: "60" }, 'ttl_seconds: found "60"; allowed: a whole number'],
    [{ max_viewers: -1 }, "max_viewers: found -1"],
    [{ max_viewers: 1.5 }, "max_viewers: found 1.5"],
    [{ label: "a\nb" }, 'label: found "a\\nb"'],
    [{ label: "x".repeat(129) }, "label: found"],
    [{ max_bitrate: 0 }, "max_bitrate: found 0"],
    [{ ttl: 60 }, "ttl: found an unknown member; allowed: ttl_seconds, max_viewers, label"],
    [[], "body: allowed: an object"],
  ])("%j: 400 that says what is allowed", async (wish, detail) => {
    const answer = await mint(serve(), wish);
    expect(answer.status).toBe(400);
    expect(problemOf(answer).detail).toContain(detail);
  });

  test("a stream that does not exist", async () => {
    for (const [method, path] of [
      ["POST", "/api/v3/webrtc/streams/none/tokens"],
      ["GET", "/api/v3/webrtc/streams/none/tokens"],
      ["DELETE", "/api/v3/webrtc/streams/none/tokens/x"],
    ] as const) {
      expect((await serve().send(method, path)).status).toBe(404);
    }
  });
});
