/** Each security event brought about on a real server: counted, logged and journaled under the same word. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { SECURITY_EVENTS, type SecurityEvent } from "../../src/security-events.ts";
import { withOtherFingerprint } from "../support/other-fingerprint.ts";
import { startServer, type TestServer, untilLive } from "../support/start-server.ts";
import { playerRequest } from "../support/stun-player.ts";
import { testSource } from "../support/test-sources.ts";
import { type PlayerOptions, until, WhepPlayer } from "../support/whep-player.ts";

const TIMEOUT_MS = 60_000;
const TOKEN = "of-these-viewers";
const RATE_BURST = 12;
let server: TestServer;
const players: WhepPlayer[] = [];

beforeAll(async () => {
  server = await startServer({
    processes: [testSource("cam", { only: "video" })],
    env: {
      CORE_WEBRTC_WHEP_TOKEN: TOKEN,
      CORE_WEBRTC_VIEWER_SECRET: "a secret of thirty-two characters",
      CORE_WEBRTC_WHEP_RATE_PER_SECOND: "0.1",
      CORE_WEBRTC_WHEP_RATE_BURST: String(RATE_BURST),
    },
  });
  await untilLive(server, "cam");
}, TIMEOUT_MS);

afterAll(async () => {
  for (const player of players) player.vanish();
  await server?.stop();
});

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

async function offered(
  change: (sdp: string) => string = (sdp) => sdp,
  more: Partial<PlayerOptions> = {},
): Promise<WhepPlayer> {
  const player = await WhepPlayer.create({
    url: server.whep("cam"),
    audio: false,
    headers: { authorization: `Bearer ${TOKEN}` },
    ...more,
  });
  players.push(player);
  await player.post(change(player.offer()));
  return player;
}

async function connecting(...options: Parameters<typeof offered>): Promise<WhepPlayer> {
  const player = await offered(...options);
  player.connect();
  return player;
}

const withToken = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

/** What the other side does for it. */
const DEEDS: Readonly<Record<SecurityEvent, () => Promise<unknown>>> = {
  auth_failed: () => offered((sdp) => sdp, withToken("of-somebody-else")),
  token_signature_invalid: () => {
    const claims = { sub: "alice", stream: "cam", exp: Math.ceil(Date.now() / 1000) + 60 };
    const forged = `${encoded({ alg: "HS256", typ: "JWT" })}.${encoded(claims)}.${encoded("x")}`;
    return offered((sdp) => sdp, withToken(forged));
  },
  dtls_fingerprint_mismatch: () => connecting(withOtherFingerprint),
  dtls_handshake_failed: () => connecting((sdp) => sdp, { srtpProfiles: [] }),
  stun_integrity_failed: async () => {
    const player = await offered();
    const username = `${player.remote.ufrag}:${player.ufrag}`;
    player.send(playerRequest({ username, password: "not the one of the answer" }));
  },
  srtp_auth_failed: async () => {
    const player = await connecting();
    await until(() => player.connected, 10_000, "the player to connect");
    // A receiver report under keys of nobody.
    player.send(Buffer.concat([Buffer.from("81c90007", "hex"), Buffer.alloc(60, 7)]));
  },
  source_url_refused: () =>
    fetch(`${server.url}/api/v3/process`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        id: "inside",
        input: [{ id: "in", address: `${server.folder}/db/journal.sqlite` }],
        webrtc: { enabled: true },
      }),
    }),
  rate_limited: async () => {
    for (let request = 0; request <= RATE_BURST; request++) {
      if ((await offered()).status === 429) return;
    }
    throw new Error("nothing was limited");
  },
};

const count = (event: string) => server.metric("dragonfork_security_events_total", { event });

async function journaled(event: string): Promise<readonly unknown[]> {
  const answer = await fetch(`${server.url}/api/v3/events/query`, {
    method: "POST",
    body: JSON.stringify({ query: { event, category: "security" }, time_range: { from: "-1h" } }),
  });
  return ((await answer.json()) as { results: readonly unknown[] }).results;
}

// In this order: who is limited can do nothing else.
for (const event of Object.keys(DEEDS) as SecurityEvent[]) {
  test(
    event,
    async () => {
      expect(await count(event)).toBe(0);
      await DEEDS[event]();
      await until(async () => (await count(event)) === 1, 10_000, event);
      expect(server.log().filter((line) => line["event"] === event)).toHaveLength(1);
      expect(await journaled(event)).toHaveLength(1);
    },
    TIMEOUT_MS,
  );
}

test("there are no others", async () => {
  expect(Object.keys(DEEDS).toSorted()).toEqual([...SECURITY_EVENTS].toSorted());
  for (const event of SECURITY_EVENTS) expect(await count(event)).toBe(1);
});
