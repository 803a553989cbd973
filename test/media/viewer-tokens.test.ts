/** Viewer tokens with real players: made by the server, or signed by somebody whose public key it has. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { startServer, type TestServer, untilLive } from "../support/start-server.ts";
import { testSource } from "../support/test-sources.ts";
import { until, WhepPlayer } from "../support/whep-player.ts";

const TIMEOUT_MS = 60_000;
const folder = mkdtempSync(join(tmpdir(), "dragonfork-keys-"));
const { publicKey, privateKey } = await generateKeyPair("EdDSA", { extractable: true });
const foreign = await generateKeyPair("EdDSA", { extractable: true });
let server: TestServer;

beforeAll(async () => {
  const jwks = join(folder, "keys.json");
  writeFileSync(jwks, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: "k" }] }));
  const source = (id: string, webrtc: object) => {
    const record = testSource(id, { bitrateKbit: 300, only: "video" });
    return { ...record, webrtc: { ...Reflect.get(record, "webrtc"), ...webrtc } };
  };
  server = await startServer({
    processes: [
      source("cam", { token: "signed" }),
      source("short", { token: "public", session_max_age_seconds: 5 }),
    ],
    // The reasons for the end of a session cross the border of a thread.
    env: { CORE_WEBRTC_VIEWER_JWKS: jwks, CORE_MEDIA_WORKERS: "1" },
  });
  await untilLive(server, "cam");
  await untilLive(server, "short");
}, TIMEOUT_MS);

afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true });
});

async function mint(wish: object) {
  const answer = await fetch(`${server.url}/api/v3/webrtc/streams/cam/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(wish),
  });
  expect(answer.status).toBe(201);
  return (await answer.json()) as { id: string; token: string; whep_url: string };
}

function signed(key: CryptoKey, more: object = {}): Promise<string> {
  const exp = Math.floor(Date.now() / 1000) + 60;
  return new SignJWT({ sub: "alice", stream: "cam", exp, ...more })
    .setProtectedHeader({ alg: "EdDSA", kid: "k" })
    .sign(key);
}

const withToken = (token: string) => ({ authorization: `Bearer ${token}` });
const watch = (token: string) =>
  WhepPlayer.play({ url: server.whep("cam"), audio: false, headers: withToken(token) });
const gets = (player: WhepPlayer) =>
  until(() => [...player.received.values()].some(({ packets }) => packets > 30), 20_000, "media");
const ends = (player: WhepPlayer) => until(() => player.dtlsClosed, 20_000, "the end");
const closed = (reason: string, stream_id = "cam") =>
  server.metric("dragonfork_webrtc_sessions_closed_total", { stream_id, reason });

describe("a player", () => {
  test(
    "with a token of the server watches, until the token is revoked",
    async () => {
      const { id, token, whep_url } = await mint({ label: "lobby", max_viewers: 1 });
      expect(whep_url).toBe(server.whep("cam"));
      const player = await watch(token);
      await gets(player);
      expect(await server.get("/api/v3/webrtc/streams/cam/tokens")).toMatchObject([
        { id, viewers: 1 },
      ]);
      await expect(watch(token)).rejects.toThrow("503");
      const url = `${server.url}/api/v3/webrtc/streams/cam/tokens/${id}`;
      expect((await fetch(url, { method: "DELETE" })).status).toBe(204);
      await ends(player);
      expect(await closed("token_revoked")).toBe(1);
      await expect(watch(token)).rejects.toThrow("401");
      await player.close();
    },
    TIMEOUT_MS,
  );

  test(
    "with a token of somebody else's key watches, until the token expires",
    async () => {
      // The server grants other clocks five seconds.
      const exp = Math.floor(Date.now() / 1000) + 1;
      const player = await watch(await signed(privateKey, { exp }));
      await gets(player);
      await ends(player);
      expect(Date.now() / 1000).toBeGreaterThanOrEqual(exp + 5);
      expect(await closed("token_expired")).toBe(1);
      await player.close();
    },
    TIMEOUT_MS,
  );

  test("with a token of a wrong key is refused, which security is told", async () => {
    const events = () =>
      server.metric("dragonfork_security_events_total", { event: "token_signature_invalid" });
    expect(await events()).toBe(0);
    await expect(watch(await signed(foreign.privateKey))).rejects.toThrow("401");
    await until(async () => (await events()) === 1, 10_000, "the event");
  });

  test(
    "with a token for less than the stream has is refused",
    async () => {
      // Six seconds after its start the stream's bitrate is known.
      const streams = async () =>
        (await watchable(await signed(privateKey, { max_bitrate: 5000 }))) === 403;
      await until(streams, 20_000, "the refusal");
      const roomy = await watch(await signed(privateKey, { max_bitrate: 50_000_000 }));
      await gets(roomy);
      await roomy.close();
    },
    TIMEOUT_MS,
  );

  test(
    "is sent away at the greatest age of a session",
    async () => {
      const player = await WhepPlayer.play({ url: server.whep("short"), audio: false });
      await gets(player);
      await ends(player);
      expect(await closed("session_max_age", "short")).toBe(1);
      await player.close();
    },
    TIMEOUT_MS,
  );
});

/** The status that a join with this token gets. */
async function watchable(token: string): Promise<number> {
  const player = await WhepPlayer.create({
    url: server.whep("cam"),
    audio: false,
    headers: withToken(token),
  });
  await player.post();
  await player.close();
  return player.status;
}
