/**
 * Why a viewer ended is one word of a closed list, and the same one in metrics, log, journal and API. Each is brought about
 * on a real server; `token_expired` in viewer-tokens.test.ts, `worker_lost` in workers.test.ts, `bitrate_exceeded` and `dtls_closed`
 * in test/unit/.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { CloseReason } from "../../src/peer-events.ts";
import { withOtherFingerprint } from "../support/other-fingerprint.ts";
import { startServer, type TestServer, untilLive } from "../support/start-server.ts";
import { testSource } from "../support/test-sources.ts";
import { type PlayerOptions, until, WhepPlayer } from "../support/whep-player.ts";

const TIMEOUT_MS = 60_000;
const CAM = source("cam", {});
const GUARDED = source("guarded", { token: "signed", session_max_age_seconds: 5 });
let server: TestServer;
/** Its network is gone from the beginning: consent is lost half a minute later. */
let lost: WhepPlayer;

function source(id: string, webrtc: object, codec: "h264" | "vp8" = "h264") {
  const record = testSource(id, { bitrateKbit: 300, only: "video", codec });
  return { ...record, webrtc: { ...Reflect.get(record, "webrtc"), ...webrtc } };
}

beforeAll(async () => {
  server = await startServer({
    processes: [CAM, GUARDED],
    env: { CORE_WEBRTC_ICE_TIMEOUT_SECONDS: "4" },
  });
  await untilLive(server, "cam");
  await untilLive(server, "guarded");
  lost = await watch();
  lost.vanish();
}, TIMEOUT_MS);

afterAll(async () => {
  await server?.stop();
});

const player = (more: Partial<PlayerOptions> = {}) =>
  WhepPlayer.create({ url: server.whep("cam"), audio: false, ...more });
const watch = (more: Partial<PlayerOptions> = {}) =>
  WhepPlayer.play({ url: server.whep("cam"), audio: false, ...more });

async function connecting(more: Partial<PlayerOptions> = {}): Promise<WhepPlayer> {
  const one = await player(more);
  await one.post();
  one.connect();
  return one;
}

/** A viewer with a token of the server. */
async function guarded(): Promise<{ tokenPath: string; one: WhepPlayer }> {
  const path = "/api/v3/webrtc/streams/guarded/tokens";
  const made = (await ask("POST", path, { ttl_seconds: 60 })) as Record<string, string>;
  const headers = { authorization: `Bearer ${made["token"]}` };
  const one = await watch({ url: server.whep("guarded"), headers });
  return { tokenPath: `${path}/${made["id"]}`, one };
}

async function ask(method: string, path: string, body?: object): Promise<unknown> {
  const answer = await fetch(server.url + path, {
    method,
    headers: { "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  expect(answer.ok).toBe(true);
  return answer.status === 204 ? undefined : answer.json();
}

interface SessionView {
  readonly id: string;
  readonly request_id: string;
  readonly stream_id: string;
  readonly state: string;
  readonly reason: string | null;
  readonly connected: boolean;
  readonly join_ms: number | null;
}

/** The same viewer in the API; the id of the request leads to it. */
async function sessionOf({ response }: WhepPlayer): Promise<SessionView> {
  const all = (await server.get("/api/v3/webrtc/sessions")) as SessionView[];
  const request = response?.headers.get("x-request-id");
  const found = all.find(({ request_id }) => request_id === request);
  if (found === undefined) throw new Error(`no session of request ${request}`);
  return found;
}

/** What brings a viewer to each end, and whether it had been connected. */
const ENDS: Partial<Record<CloseReason, { connected: boolean; by: () => Promise<WhepPlayer> }>> = {
  client_gone: {
    connected: true,
    by: async () => {
      const one = await watch();
      await one.close();
      return one;
    },
  },
  no_stun_received: {
    connected: false,
    by: async () => {
      const one = await player();
      await one.post();
      return one;
    },
  },
  stun_but_no_dtls: {
    connected: false,
    by: async () => {
      const one = await player();
      await one.post();
      const { address, port } = one.remote;
      // From a socket that hears no answer.
      const socket = await Bun.udpSocket({});
      socket.send(one.request(), port, address);
      setTimeout(() => socket.close(), 6000);
      return one;
    },
  },
  dtls_failed: { connected: false, by: () => connecting({ srtpProfiles: [] }) },
  fingerprint_mismatch: {
    connected: false,
    by: async () => {
      const one = await player();
      await one.post(withOtherFingerprint(one.offer()));
      one.connect();
      return one;
    },
  },
  kicked: {
    connected: true,
    by: async () => {
      const one = await watch();
      const { id } = await sessionOf(one);
      await ask("DELETE", `/api/v3/webrtc/streams/cam/peers/${id}`);
      return one;
    },
  },
  session_max_age: { connected: true, by: async () => (await guarded()).one },
  token_revoked: {
    connected: true,
    by: async () => {
      const { tokenPath, one } = await guarded();
      await ask("DELETE", tokenPath);
      return one;
    },
  },
  stream_removed: {
    connected: true,
    by: async () => {
      await ask("POST", "/api/v3/process", source("gone", {}));
      await untilLive(server, "gone");
      const one = await watch({ url: server.whep("gone") });
      await ask("DELETE", "/api/v3/process/gone");
      return one;
    },
  },
  consent_lost: { connected: true, by: async () => lost },
  source_changed: {
    connected: true,
    by: async () => {
      await ask("POST", "/api/v3/process", source("changed", {}));
      await untilLive(server, "changed");
      const one = await watch({ url: server.whep("changed") });
      await ask("PUT", "/api/v3/process/changed", source("changed", {}, "vp8"));
      return one;
    },
  },
};

async function journaled(peer_id: string): Promise<unknown> {
  const query = { event: "connection_state_changed", peer_id, "metadata.reason": { regex: "." } };
  const answer = await ask("POST", "/api/v3/events/query", { query, time_range: { from: "-1h" } });
  return (answer as { results: readonly unknown[] }).results;
}

for (const [reason, { connected, by }] of Object.entries(ENDS)) {
  test(
    `${reason} is the word everywhere`,
    async () => {
      const one = await by();
      const ended = async () => (await sessionOf(one)).state === "ended";
      await until(ended, 40_000, `the end by ${reason}`);
      one.vanish();
      const session = await sessionOf(one);
      expect(session).toMatchObject({ reason, connected });
      expect(
        server.log().filter(({ msg, peer }) => msg === "viewer left" && peer === session.id),
      ).toMatchObject([{ stream: session.stream_id, reason }]);
      const spoken = server.log().some(({ msg, peer }) => {
        return msg === "viewer connected" && peer === session.id;
      });
      expect(spoken).toBe(connected);
      expect(await journaled(session.id)).toMatchObject([{ metadata: { reason, connected } }]);
      if (reason === "stream_removed") return;
      const of = { stream_id: session.stream_id };
      const count = (name: string, labels: Readonly<Record<string, string>>) =>
        server.metric(`dragonfork_webrtc_${name}_total`, { ...of, ...labels });
      expect(await count("sessions_closed", { reason })).toBe(connected ? 1 : 0);
      expect(await count("connections_failed", { reason })).toBe(connected ? 0 : 1);
      expect(await count("joins", { outcome: reason })).toBe(connected ? 0 : 1);
    },
    TIMEOUT_MS,
  );
}

test(
  "server_drain is the word in the log of a server that stops",
  async () => {
    const one = await watch();
    const { id } = await sessionOf(one);
    await server.stop();
    expect(
      server
        .log()
        .filter(({ msg }) => msg === "viewer left")
        .at(-1),
    ).toMatchObject({
      peer: id,
      reason: "server_drain",
    });
    one.vanish();
  },
  TIMEOUT_MS,
);
