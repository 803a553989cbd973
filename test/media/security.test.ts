/** What strangers and bad players try, against the real server with viewers watching. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { createDtlsIdentity } from "../../src/transport/dtls.ts";
import { parseStun } from "../../src/wire/stun/message.ts";
import { TestClient } from "../support/dtls-client.ts";
import { fixedRandom } from "../support/fixed-random.ts";
import { ffmpegOf, ffmpegsOf, isRunning, legOf } from "../support/processes.ts";
import { h264Packet } from "../support/rtp-packets.ts";
import {
  SCRAPE_KEPT_MS,
  startServer,
  type TestServer,
  untilLive,
} from "../support/start-server.ts";
import { playerRequest } from "../support/stun-player.ts";
import { testSource } from "../support/test-sources.ts";
import { openProbe, type UdpProbe } from "../support/udp-probe.ts";
import { moreMedia, totals, untilQuiet } from "../support/watching.ts";
import { until, WhepPlayer } from "../support/whep-player.ts";

/** Time in which an answer that should not come would have come. */
const QUIET_MS = 300;

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end();
});

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ processes: [testSource("cam")] });
  await untilLive(server, "cam");
});
afterAll(() => server.stop());

async function play(more: Partial<Parameters<typeof WhepPlayer.play>[0]> = {}) {
  const player = await WhepPlayer.play({ url: server.whep("cam"), ...more });
  cleanUp.push(() => player.close());
  await moreMedia(player);
  return player;
}

async function probe(port = server.udpPort): Promise<UdpProbe> {
  const made = await openProbe(port);
  cleanUp.push(() => made.close());
  return made;
}

/** The viewer gets media now, and has lost nothing since it came. */
async function watchesOn(player: WhepPlayer): Promise<void> {
  await moreMedia(player, 30);
  expect(totals(player).lost).toBe(0);
  expect(player.dtlsClosed).toBe(false);
}

async function clientHello(): Promise<Buffer> {
  const hellos: Buffer[] = [];
  const client = new TestClient({ identity: await createDtlsIdentity() }, (datagram) => {
    hellos.push(datagram);
  });
  client.connect();
  await until(() => hellos.length > 0, 10_000, "a ClientHello");
  return hellos[0] ?? Buffer.alloc(0);
}

describe("STUN", () => {
  test("unsigned, forged and misaddressed requests get no reply and leave no state", async () => {
    const player = await play();
    const { ufrag, password } = player.remote;
    const stranger = await probe();
    const signed = player.request();
    const unsigned = Buffer.from(signed.subarray(0, signed.length - 24));
    unsigned.writeUInt16BE(unsigned.length - 20, 2);
    const flipped = Buffer.from(signed);
    flipped[30] = (flipped[30] ?? 0) ^ 1;
    for (const datagram of [
      unsigned,
      flipped,
      playerRequest({ username: `${ufrag}:${player.ufrag}`, password: "guess", nominate: true }),
      playerRequest({ username: `nobody:${player.ufrag}`, password, nominate: true }),
    ]) {
      stranger.send(datagram);
    }
    await Bun.sleep(QUIET_MS);
    expect(stranger.received).toEqual([]);
    await watchesOn(player);
  });
});

describe("another address of a session", () => {
  test("that answers no check gets no media, however well its requests are signed", async () => {
    const player = await play();
    const victim = await probe();
    for (let i = 0; i < 10; i++) {
      victim.send(player.request());
      await Bun.sleep(120);
    }
    const kinds = new Set(victim.received.map((datagram) => parseStun(datagram)?.kind));
    expect([...kinds].sort()).toEqual(["request", "success"]);
    // Per request an answer and at most one check: nothing that is worth aiming at somebody.
    expect(victim.received.length).toBeLessThanOrEqual(20);
    await watchesOn(player);
  });

  test("that answers takes the media along, and nothing is lost on the way", async () => {
    const player = await play();
    await Bun.sleep(1000);
    const oldPort = player.port;
    await player.roam();
    await until(
      () => (player.mediaByPort.get(player.port) ?? 0) > 20,
      10_000,
      "media at the new one",
    );
    const left = player.mediaByPort.get(oldPort);
    await watchesOn(player);
    expect(player.mediaByPort.get(oldPort)).toBe(left as number);
  });
});

describe("DTLS", () => {
  test("from an address that is not validated is not answered", async () => {
    const player = await play();
    const hello = await clientHello();
    const stranger = await probe();
    for (let i = 0; i < 20; i++) stranger.send(hello);
    // A session that waits for its player's DTLS, and an address that was signed up but never answered.
    const newcomer = await WhepPlayer.create({ url: server.whep("cam") });
    cleanUp.push(() => newcomer.close());
    await newcomer.post();
    const signedUp = await probe();
    signedUp.send(newcomer.request());
    for (let i = 0; i < 20; i++) signedUp.send(hello);
    await Bun.sleep(QUIET_MS);
    expect(stranger.received).toEqual([]);
    const dtls = signedUp.received.filter(([first = 0]) => first >= 20 && first < 64);
    expect(dtls).toEqual([]);
    await watchesOn(player);
  });

  test("a ClientHello on a live session changes nothing", async () => {
    const player = await play();
    const hello = await clientHello();
    for (let i = 0; i < 10; i++) player.send(hello);
    await Bun.sleep(QUIET_MS);
    await watchesOn(player);
  });
});

describe("a leg of FFmpeg", () => {
  test("forwards nothing that another program sends to it, even with the right SSRC", async () => {
    const player = await play();
    const ffmpeg = await ffmpegOf(server.pid);
    const leg = legOf(ffmpeg);
    const attacker = await probe(leg.port);
    process.kill(ffmpeg, "SIGSTOP");
    try {
      await untilQuiet(player);
      const before = player.media("video")?.packets;
      for (let sequence = 0; sequence < 1000; sequence++) {
        attacker.send(h264Packet({ nal: 5, sequence, ssrc: leg.ssrc }));
        if (sequence % 50 === 0) await Bun.sleep(1);
      }
      await Bun.sleep(QUIET_MS);
      expect(player.media("video")?.packets).toBe(before as number);
    } finally {
      process.kill(ffmpeg, "SIGCONT");
    }
    await watchesOn(player);
  });
});

describe("garbage", () => {
  const LENGTHS = [0, 1, 2, 11, 12, 13, 19, 20, 28, 60, 200, 1200, 1472];

  test("of every first byte and many lengths, from strangers and viewers, harms nobody", async () => {
    const players = await Promise.all(Array.from({ length: 5 }, () => play()));
    const stranger = await probe();
    const random = fixedRandom(20);
    for (let first = 0; first < 256; first++) {
      for (const length of LENGTHS) {
        const junk = random.bytes(length);
        if (length > 0) junk[0] = first;
        // Half of it looks like STUN as far as the cookie and the length go.
        if (length >= 20 && first < 4 && length % 2 === 0) {
          junk.writeUInt16BE(length - 20, 2);
          junk.writeUInt32BE(0x2112a442, 4);
        }
        stranger.send(junk);
        players[first % 5]?.send(junk);
      }
      await Bun.sleep(1);
    }
    await Promise.all(players.map(watchesOn));
    expect(stranger.received).toEqual([]);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    expect(server.log().filter(({ level }) => level === "error")).toEqual([]);
  });
});

describe("a flood of NACKs", () => {
  test("stays in its budget and costs the other viewers nothing", async () => {
    const [flooder, other] = [await play({ rtx: true }), await play()];
    const video = flooder.media("video");
    if (video === undefined) throw new Error("no video");
    const from = performance.now();
    for (let i = 0; i < 300; i++) {
      const wanted = Array.from(
        { length: 300 },
        (_, back) => (video.highestSequence - back) & 0xffff,
      );
      flooder.nack(video.ssrc, wanted);
      await Bun.sleep(10);
    }
    const resent = flooder.media("rtx");
    const seconds = (performance.now() - from) / 1000;
    // 64 KiB each second, and what two seconds may have saved up.
    expect(resent?.bytes ?? 0).toBeLessThan(64 * 1024 * (seconds + 3));
    expect(resent?.packets ?? 0).toBeGreaterThan(0);
    await watchesOn(other);
    await watchesOn(flooder);
  });
});

describe("HTTP", () => {
  test("2,000 random ids make no new series", async () => {
    // Others begin on their own when the server has run for a while.
    const series = async () => {
      const text = await (await fetch(`${server.url}/metrics`)).text();
      const ofWhep = text.split("\n").filter((line) => /^dragonfork_.*whep/.test(line));
      return ofWhep.map((line) => line.slice(0, line.lastIndexOf(" ")));
    };
    const post = (id: string) =>
      fetch(server.whep(id), { method: "POST", headers: { "Content-Type": "application/sdp" } });
    await post("first-of-many");
    await fetch(server.whep("first-of-many"));
    await Bun.sleep(QUIET_MS);
    const before = await series();
    const random = fixedRandom(8);
    for (let i = 0; i < 40; i++) {
      const ids = Array.from({ length: 50 }, () => random.bytes(12).toString("base64url"));
      const statuses = await Promise.all(
        ids.map(async (id, at) => (await (at % 2 ? post(id) : fetch(server.whep(id)))).status),
      );
      expect(new Set(statuses)).toEqual(new Set([404]));
    }
    await Bun.sleep(SCRAPE_KEPT_MS);
    expect(before.length).toBeGreaterThan(10);
    expect(await series()).toEqual(before);
  });

  test("candidates of an offer are never sent to, and too many of them are refused at once", async () => {
    const target = await probe();
    const candidate = (i: number) =>
      `a=candidate:${i} 1 udp ${i + 1} 127.0.0.1 ${target.port} typ host`;
    const withCandidates = (offer: string, count: number) =>
      `${offer}${Array.from({ length: count }, (_, i) => candidate(i)).join("\r\n")}\r\n`;
    const huge = await WhepPlayer.create({ url: server.whep("cam") });
    cleanUp.push(() => huge.close());
    const started = performance.now();
    await huge.post(withCandidates(huge.offer(), 10_000));
    expect(huge.status).toBe(413);
    const large = await WhepPlayer.create({ url: server.whep("cam") });
    cleanUp.push(() => large.close());
    await large.post(withCandidates(large.offer(), 800));
    expect([201, 400]).toContain(large.status);
    expect(performance.now() - started).toBeLessThan(2000);
    await Bun.sleep(QUIET_MS);
    expect(target.received).toEqual([]);
  });

  test.each([
    ["another site's name as Host", { Host: "evil.example" }],
    ["a page of another site", { Origin: "http://evil.example" }],
    ["a Host that breaks URL parsers", { Host: 'a"b<c' }],
  ])("admin routes refuse %s", async (_what, headers) => {
    for (const path of ["webrtc/streams", "webrtc/streams/cam/peers", "process"]) {
      const response = await fetch(`${server.url}/api/v3/${path}`, { headers });
      expect([path, response.status >= 400 && response.status < 500]).toEqual([path, true]);
      expect(await response.text()).not.toContain("cam");
    }
    const stop = await fetch(`${server.url}/api/v3/process/cam/command`, {
      method: "PUT",
      headers: { ...headers, "Content-Type": "application/json" },
      body: '{"command":"stop"}',
    });
    expect(stop.status).toBeGreaterThanOrEqual(400);
    expect(ffmpegsOf(server.pid).length).toBe(1);
  });
});

describe("secrets and orphans", () => {
  test("the credentials of an input are shown nowhere", async () => {
    const canary = "s3cretCanary";
    const own = await startServer({
      processes: [
        {
          id: "vault",
          input: [{ id: "in", address: `rtsp://user:${canary}@127.0.0.1:1/x?token=${canary}` }],
          output: [],
          webrtc: { enabled: true },
        },
      ],
      env: { CORE_LOG_LEVEL: "debug" },
    });
    cleanUp.push(() => own.stop());
    const ended = () => JSON.stringify(own.log()).includes("process ended");
    await until(ended, 15_000, "FFmpeg to fail");
    const paths = [
      "/metrics",
      "/api",
      "/api/v3/webrtc/streams",
      "/api/v3/process",
      "/api/v3/process/vault",
      "/api/v3/process/vault/state",
      "/api/v3/process/vault/report",
      "/",
    ];
    for (const path of paths) {
      const response = await fetch(own.url + path);
      expect([path, response.status]).toEqual([path, 200]);
      expect([path, (await response.text()).includes(canary)]).toEqual([path, false]);
    }
    expect(JSON.stringify(own.log())).not.toContain(canary);
  });

  test("FFmpeg dies with a server that is killed", async () => {
    const own = await startServer({ processes: [testSource("cam"), testSource("door")] });
    cleanUp.push(() => own.stop());
    await Promise.all([untilLive(own, "cam"), untilLive(own, "door")]);
    const ffmpegs = ffmpegsOf(own.pid);
    expect(ffmpegs.length).toBe(2);
    process.kill(own.pid, "SIGKILL");
    await until(() => !ffmpegs.some(isRunning), 10_000, "FFmpeg to be gone");
  });
});
