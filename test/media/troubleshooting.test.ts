/** The queries that the runbooks print, run as printed against a server to which all of it has happened. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startServer, type TestServer } from "../support/start-server.ts";
import { testSource } from "../support/test-sources.ts";
import { until, WhepPlayer } from "../support/whep-player.ts";

const RUNBOOKS = join(import.meta.dir, "../../deploy/truenas/core/runbooks.md");
const text = readFileSync(RUNBOOKS, "utf8");
/** By name; each is a script. */
const QUERIES = new Map(
  [...text.matchAll(/^```sh query ([a-z-]+)\n(.*?)^```/gms)].map(([, name = "", script = ""]) => [
    name,
    script,
  ]),
);
const SIGNED = {
  ...testSource("members"),
  autostart: false,
  webrtc: { enabled: true, token: "signed" },
};
const TOKEN = "a-token-for-the-runbooks";
let server: TestServer;
let watching: WhepPlayer;
let gone = false;

/** Reports a round trip of 620 ms for each sender report (RFC 3550 §6.4.1). */
function slowPath(player: WhepPlayer): void {
  let answered = 0;
  player.onRtcp = (packet) => {
    if (packet[1] !== 200) return;
    const ssrc = packet.readUInt32BE(4);
    const lastReport = packet.readUInt32BE(10);
    // It says to have answered at once, so the wait counts as the way.
    setTimeout(() => {
      const report = Buffer.alloc(32);
      report.writeUInt32BE(0x81c90007, 0);
      report.writeUInt32BE(1, 4);
      report.writeUInt32BE(ssrc, 8);
      report.writeUInt32BE(0x1a000000 + 10 * answered++, 12);
      report.writeUInt32BE(100 * answered, 16);
      report.writeUInt32BE(lastReport, 24);
      if (!gone) player.sendRtcp(report);
    }, 620);
  };
}

const journaled = async (query: object): Promise<readonly Record<string, unknown>[]> => {
  const response = await fetch(`${server.url}/api/v3/events/query`, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({ query, time_range: { from: "-1h" } }),
  });
  const { results } = (await response.json()) as { results: Record<string, unknown>[] };
  return results;
};

beforeAll(async () => {
  server = await startServer({
    processes: [testSource("cam"), SIGNED],
    env: { CORE_API_TOKEN: TOKEN, CORE_WEBRTC_ICE_TIMEOUT_SECONDS: "3" },
  });
  const live = async () => (await fetch(server.whep("cam"))).status === 204 && (await isLive());
  await until(live, 20_000, "the stream");
  watching = await WhepPlayer.create({ url: server.whep("cam") });
  const relay = `a=candidate:1 1 udp 1 127.0.0.1 ${watching.port} typ relay raddr 0.0.0.0 rport 0`;
  slowPath(watching);
  await watching.post(watching.offer().replace("a=setup:actpass", `${relay}\r\na=setup:actpass`));
  watching.connect();
  const silent = await WhepPlayer.create({ url: server.whep("cam") });
  await silent.post();
  const forged = await fetch(server.whep("members"), {
    method: "POST",
    headers: { authorization: `Bearer ${FORGED}`, "content-type": "application/sdp" },
    body: watching.offer(),
  });
  expect(forged.status).toBe(401);
  await fetch(`${server.url}/api/v3/process`, { headers: { authorization: "Bearer wrong" } });
  await until(
    async () =>
      (await journaled({ event: "connection_quality_update" })).length > 0 &&
      (await journaled({ "metadata.state": "failed", category: "viewer" })).length > 0,
    15_000,
    "everything to have happened",
  );
  silent.vanish();
}, 60_000);

const isLive = async () => {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const response = await fetch(`${server.url}/api/v3/webrtc/streams`, { headers });
  const [stream] = (await response.json()) as { state: string }[];
  return stream?.state === "live";
};

afterAll(async () => {
  gone = true;
  watching?.vanish();
  await server?.stop();
});

/** Header and payload of a viewer token, and a signature that is none. */
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const FORGED = `${part({ alg: "HS256", typ: "JWT", kid: "dragonfork" })}.${part({
  iss: "dragonfork",
  sub: "x",
  stream: "cam",
  exp: 4_000_000_000,
})}.${"A".repeat(43)}`;

async function run(name: string): Promise<readonly unknown[]> {
  const [connected] = await journaled({ "metadata.state": "connected" });
  const child = Bun.spawn(["sh", "-eu", "-c", QUERIES.get(name) ?? "exit 9"], {
    env: {
      PATH: process.env["PATH"] ?? "",
      URL: server.url,
      TOKEN,
      STREAM: "cam",
      PEER: String(connected?.["peer_id"]),
    },
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  expect({ code: await child.exited, err }).toEqual({ code: 0, err: "" });
  // One value after the other, as jq writes them.
  return out
    .split(/\n(?=[{[])/)
    .filter((value) => value.trim() !== "")
    .map((value) => JSON.parse(value));
}

const EXPECTED: Readonly<Record<string, unknown>> = {
  "connection-failures": [
    { event: "connection_state_changed", metadata: { reason: "no_stun_received" } },
  ],
  "relay-fallbacks": [[{ stream: "cam", fallback_count: 1, peers: [expect.any(String)] }]],
  "token-signatures": [[{ event: "token_signature_invalid", category: "security" }]],
  lifecycle: [
    { event: "connection_state_changed", state: "new" },
    { event: "connection_state_changed", state: "checking" },
    { event: "webrtc_ice_path_selected" },
    { event: "webrtc_dtls_connected" },
    { event: "connection_state_changed", state: "connected" },
    { event: "turn_fallback_initiated" },
    { event: "webrtc_first_keyframe_sent" },
    { event: "connection_quality_update", rtt: expect.any(Number) },
  ],
  "key-rotations": [[{ stream: "cam", total_rotations: 1 }]],
  "security-summary": [
    [
      { event: "auth_failed", count: 1 },
      { event: "token_signature_invalid", count: 1 },
    ],
  ],
  "latency-spikes": [[{ stream: "cam", candidate_type: "relay" }]],
  "latency-by-stream": [[{ stream: "cam", high_latency_count: 1 }]],
  "reconnect-loop": [{ joined: 2, failed: 1, left: 0, short_visits: 1 }],
  "loss-rate": [{ expected: expect.any(Number), lost: expect.any(Number) }],
};

test("the expectations are of all printed queries", () => {
  expect([...QUERIES.keys()].sort()).toEqual(Object.keys(EXPECTED).sort());
});

test.each([...QUERIES.keys()])("%s runs as printed and finds what happened", async (name) => {
  expect(await run(name)).toMatchObject(EXPECTED[name] as unknown[]);
});
