/** Viewers on bad or unusual networks: loss, both SRTP profiles, IPv6, neighbours that vanish. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { networkInterfaces } from "node:os";
import { startServer, type TestServer, untilLive } from "../support/start-server.ts";
import { testSource } from "../support/test-sources.ts";
import { moreMedia, playMany, totals, UNDISTURBED } from "../support/watching.ts";
import { until, WhepPlayer } from "../support/whep-player.ts";

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end();
});

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    processes: [
      testSource("cam"),
      testSource("vp8", { codec: "vp8" }),
      testSource("picture", { only: "video" }),
      testSource("sound", { only: "audio" }),
    ],
  });
  await Promise.all(["cam", "vp8", "picture", "sound"].map((id) => untilLive(server, id)));
});
afterAll(() => server.stop());

async function play(more: Partial<Parameters<typeof WhepPlayer.play>[0]> = {}, id = "cam") {
  const player = await WhepPlayer.play({ url: server.whep(id), ...more });
  cleanUp.push(() => player.close());
  await moreMedia(player);
  return player;
}

const hasIpv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === "::1"),
);

describe("packets lost on the way", () => {
  test.each([
    ["on an RTX stream of its own", true],
    ["as they were, where the player has no RTX", false],
  ])(
    "come again %s, each of them",
    async (_how, rtx) => {
      const player = await play({ rtx, nacks: true });
      const dropped = new Set<number>();
      const ssrc = player.media("video")?.ssrc;
      player.loses = (sequence, of) => {
        // The first time only: what comes again gets through.
        if (of !== ssrc || sequence % 10 !== 0 || dropped.has(sequence)) return false;
        dropped.add(sequence);
        return true;
      };
      await until(() => dropped.size >= 12, 20_000, "losses");
      player.loses = () => false;
      await moreMedia(player);
      expect(totals(player)).toMatchObject(UNDISTURBED);
      const resent = player.media("rtx")?.packets ?? 0;
      expect(resent > 0).toBe(rtx);
      const peers = (await server.get("/api/v3/webrtc/streams/cam/peers")) as {
        packets_resent: number;
      }[];
      expect(peers[0]?.packets_resent).toBeGreaterThanOrEqual(dropped.size);
    },
    60_000,
  );
});

describe("a player", () => {
  test.each([
    ["AEAD_AES_128_GCM", [7]],
    ["AES128_CM_HMAC_SHA1_80", [1]],
    ["both SRTP profiles, the slower one first", [1, 7]],
  ] as const)("with %s receives everything", async (_name, srtpProfiles) => {
    const player = await play({ srtpProfiles: [...srtpProfiles] });
    await moreMedia(player, 60);
    expect(totals(player)).toMatchObject(UNDISTURBED);
  });

  test.if(hasIpv6)("on IPv6 receives everything", async () => {
    const player = await play({ hostname: "::1" });
    expect(player.remote.address).toBe("::1");
    await moreMedia(player, 60);
    expect(totals(player)).toMatchObject(UNDISTURBED);
  });

  test.each(["video", "audio"] as const)("that wants %s only gets that", async (kind) => {
    const player = await play({ video: kind === "video", audio: kind === "audio" });
    await moreMedia(player, 50);
    expect([...player.received.values()].map(({ ssrc }) => ssrc)).toEqual([
      player.media(kind)?.ssrc as number,
    ]);
  });

  test.each([
    ["vp8", { videoCodec: "VP8" }, ["video", "audio"]],
    ["picture", {}, ["video"]],
    ["sound", {}, ["audio"]],
  ] as const)("watches a stream of %s", async (id, options, kinds) => {
    const player = await play(options, id);
    await moreMedia(player, 50);
    const received = (["video", "audio"] as const).filter((kind) => player.media(kind));
    expect(received).toEqual([...kinds]);
    expect(totals(player)).toMatchObject(UNDISTURBED);
  });
});

describe("viewers that vanish without a word", () => {
  test.each([
    ["auto", 50, 10],
    // What the portable back-end costs more is CPU time that fifty players in this process need.
    ["portable", 20, 5],
  ] as const)(
    "cost the others nothing (media backend %s, %d viewers, %d vanish)",
    async (backend, viewers, vanishing) => {
      const own = await startServer({
        processes: [testSource("cam")],
        env: { CORE_WEBRTC_MEDIA_BACKEND: backend },
      });
      cleanUp.push(() => own.stop());
      await untilLive(own, "cam");
      const players = await playMany(viewers, { url: own.whep("cam") });
      cleanUp.push(() => players.map((player) => player.vanish()));
      for (const gone of players.slice(0, vanishing)) gone.vanish();
      const rest = players.slice(vanishing);
      await Promise.all(rest.map((player) => moreMedia(player, 200)));
      expect(rest.map(totals)).toMatchObject(rest.map(() => UNDISTURBED));
      expect(rest.filter(({ dtlsClosed }) => dtlsClosed)).toEqual([]);
      // The others hear nothing of it either: the places stay taken until consent ends.
      expect(await own.metric("dragonfork_webrtc_active_peers", { stream_id: "cam" })).toBe(
        viewers,
      );
    },
    60_000,
  );
});
