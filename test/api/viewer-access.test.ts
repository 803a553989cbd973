import { describe, expect, test } from "bun:test";
import type { TokenPolicy } from "../../src/auth/viewer-token.ts";
import { KeysUnavailable } from "../../src/errors/access.ts";
import { Harness, type HarnessOptions, problemOf } from "./support/harness.ts";
import { CHROMIUM, fragment } from "./support/offers.ts";
import { signShared } from "./support/viewer-tokens.ts";

const SERVER_TOKEN = "the-token-of-the-server";

function serve(tokenPolicy: TokenPolicy, options: HarnessOptions = {}): Harness {
  const harness = new Harness(options);
  harness.streams.add("cam").tokenPolicy = tokenPolicy;
  return harness;
}

function signed(harness: Harness, stream = "cam", seconds = 60): Promise<string> {
  const exp = Math.floor(harness.unixMs() / 1000) + seconds;
  return signShared({ sub: "alice", stream, exp });
}

async function statusOf(harness: Harness, token?: string): Promise<number> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return (await harness.offer("cam", CHROMIUM, headers)).status;
}

describe("who may watch", () => {
  const withToken = { whep: { token: SERVER_TOKEN } };

  test("a public stream: everybody, also where the server has a token, and whatever is sent", async () => {
    const harness = serve("public", withToken);
    expect(await statusOf(harness)).toBe(201);
    expect(await statusOf(harness, "old.and.wrong")).toBe(201);
  });

  test("a stream with the server's rule: everybody, or who has the server's token", async () => {
    expect(await statusOf(serve("server"))).toBe(201);
    const harness = serve("server", withToken);
    expect(await statusOf(harness)).toBe(401);
    expect(await statusOf(harness, "another")).toBe(401);
    expect(await statusOf(harness, SERVER_TOKEN)).toBe(201);
    expect(await statusOf(harness, await signed(harness))).toBe(201);
  });

  test("a stream that asks for a token: nobody where the server has none, but with a signed one", async () => {
    const harness = serve("bearer");
    expect(await statusOf(harness)).toBe(401);
    expect(await statusOf(harness, "")).toBe(401);
    expect(await statusOf(harness, await signed(harness))).toBe(201);
  });

  test("a stream that asks for signed tokens: only who has one for it", async () => {
    const harness = serve("signed", withToken);
    expect(await statusOf(harness)).toBe(401);
    expect(await statusOf(harness, SERVER_TOKEN)).toBe(401);
    expect(await statusOf(harness, await signed(harness, "other"))).toBe(401);
    expect(await statusOf(harness, await signed(harness, "cam", -60))).toBe(401);
    expect(await statusOf(harness, await signed(harness))).toBe(201);
  });

  test("without the right to watch nobody learns which streams there are", async () => {
    const harness = serve("server", withToken);
    const answers = [
      await harness.send("GET", "/api/v3/whep/cam"),
      await harness.send("GET", "/api/v3/whep/none"),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 401]);
  });

  test("a session's own routes ask for the same", async () => {
    const harness = serve("signed");
    const headers = { authorization: `Bearer ${await signed(harness)}` };
    const { headers: created } = await harness.offer("cam", CHROMIUM, headers);
    const location = created.get("location") ?? "";
    const trickle = fragment("EsAw", "P2uYro0UCOQ4zxjKXaWCBui1");
    expect((await harness.patch(location, trickle, { "if-match": "*" })).status).toBe(401);
    expect((await harness.send("DELETE", location)).status).toBe(401);
    expect(harness.peers.count("cam")).toBe(1);
    expect((await harness.send("DELETE", location, { headers })).status).toBe(204);
    expect(harness.peers.count("cam")).toBe(0);
  });

  test("a refused token is told why, in words and as RFC 6750 has it", async () => {
    const harness = serve("signed");
    const headers = { authorization: `Bearer ${await signed(harness, "other")}` };
    const answer = await harness.offer("cam", CHROMIUM, headers);
    expect(problemOf(answer).detail).toBe("The viewer token is for another stream.");
    expect(answer.headers.get("www-authenticate")).toBe('Bearer error="invalid_token"');
  });

  test("keys that cannot be had are no fault of the viewer", async () => {
    const keySet = async () => {
      throw new KeysUnavailable("its server does not answer.", 5);
    };
    const harness = serve("signed", { viewerTokens: { keySet } });
    const header = Buffer.from('{"alg":"EdDSA"}').toString("base64url");
    const answer = await harness.offer("cam", CHROMIUM, {
      authorization: `Bearer ${header}.e30.AA`,
    });
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("5");
  });
});

test("the list of viewers says who watches", async () => {
  const harness = serve("signed");
  await statusOf(harness, await signed(harness));
  harness.streams.add("open");
  await harness.offer("open", CHROMIUM);
  const viewers = async (id: string) =>
    JSON.parse((await harness.send("GET", `/api/v3/webrtc/streams/${id}/peers`)).body);
  expect(await viewers("cam")).toMatchObject([{ subject: "alice", token: null }]);
  expect(await viewers("open")).toMatchObject([{ subject: null, token: null }]);
});

describe("the security events", () => {
  test("tell wrong signatures from other wrong tokens, and count neither old ones nor none", async () => {
    const harness = serve("signed");
    await statusOf(harness);
    await statusOf(harness, await signed(harness, "cam", -60));
    expect(harness.security).toEqual([]);
    await statusOf(harness, "no-token-at-all");
    const token = await signShared({ sub: "a", stream: "cam", exp: 4e9 }, "x".repeat(32));
    await statusOf(harness, token);
    expect(harness.security).toEqual(["auth_failed", "token_signature_invalid"]);
  });
});

describe("the end of a session", () => {
  test("comes with its token", async () => {
    const harness = serve("signed");
    await statusOf(harness, await signed(harness, "cam", 2));
    const [peer] = harness.peers.list("cam");
    harness.nowMs += 1000;
    await Bun.sleep(1100);
    expect(peer?.state).toBe("new");
    harness.nowMs += 6000;
    await Bun.sleep(1100);
    expect(peer?.closeReason).toBe("token_expired");
  });
});
