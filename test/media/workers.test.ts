/** Media workers: each with a UDP port of its own; one that dies takes only its own viewers along. */
import { afterEach, describe, expect, test } from "bun:test";
import { Worker } from "node:worker_threads";
import { Admission } from "../../src/peer/admission.ts";
import type { PeerEvent } from "../../src/peer-events.ts";
import { Shards } from "../../src/shard/shards.ts";
import { WorkerShard, type WorkerThread } from "../../src/shard/worker-shard.ts";
import { Stream } from "../../src/stream/stream.ts";
import { parseOffer } from "../../src/wire/sdp/offer.ts";
import { startServer, untilLive } from "../support/start-server.ts";
import { moreMedia, totals, UNDISTURBED } from "../support/watching.ts";
import { until, WhepPlayer } from "../support/whep-player.ts";

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end();
});

const clocks = { nowMs: () => performance.now(), unixMs: () => Date.now() };

/** A stream with a keyframe every ten frames of three packets. */
function syntheticStream(): Stream {
  const stream = new Stream({ id: "cam", peersMax: undefined, nowMs: clocks.unixMs });
  stream.sourceStarted([{ kind: "video", codec: "H264", channels: 0 }]);
  let sequence = 0;
  const frame = () => {
    const timestamp = (Math.round(clocks.unixMs() * 90) % 2 ** 32) >>> 0;
    const nal = (sequence / 3) % 10 === 0 ? 5 : 1;
    for (let i = 0; i < 3; i++) {
      const payload = Buffer.alloc(900, 0x60 | nal);
      stream
        .track("video")
        ?.write({ sequence: sequence++ & 0xffff, timestamp, marker: i === 2 }, payload);
    }
  };
  frame();
  stream.sourceLive();
  const timer = setInterval(frame, 33);
  cleanUp.push(() => clearInterval(timer));
  return stream;
}

/** Two workers behind a WHEP endpoint of a few lines. */
async function twoWorkers() {
  const threads: Worker[][] = [[], []];
  const events: PeerEvent[] = [];
  const errors: string[] = [];
  const shards = await Promise.all(
    threads.map((lives, i) =>
      WorkerShard.open({
        settings: {
          name: `media-${i}`,
          udpPort: 0,
          addresses: ["127.0.0.1"],
          backend: "auto",
          connectMsMax: 5000,
        },
        clocks,
        onEvent: (event) => events.push(event),
        log: { error: (message) => errors.push(message), info: () => undefined },
        createThread: (): WorkerThread => {
          const thread = new Worker(new URL("../../src/shard/worker.ts", import.meta.url));
          lives.push(thread);
          return thread;
        },
      }),
    ),
  );
  const all = new Shards(shards, new Admission({ total: 10, perStream: 10 }));
  cleanUp.push(() => all.close());
  const stream = syntheticStream();
  all.addStream(stream);
  const http = Bun.serve({
    port: 0,
    fetch: async (request) => {
      if (request.method === "DELETE") return new Response(null, { status: 204 });
      const peer = await all.open(stream, parseOffer(await request.text()));
      return new Response(peer.answer, { status: 201, headers: { Location: `/${peer.id}` } });
    },
  });
  cleanUp.push(() => http.stop(true));
  const play = async () => {
    const player = await WhepPlayer.play({ url: http.url.href, audio: false });
    cleanUp.push(() => player.close());
    return player;
  };
  return { all, shards, threads, events, errors, play };
}

describe("two media workers", () => {
  test("share the viewers, each on its own port, and play without a gap", async () => {
    const server = await startServer({ demo: true, env: { CORE_MEDIA_WORKERS: "2" } });
    cleanUp.push(() => server.stop());
    await untilLive(server, "test");
    const players: WhepPlayer[] = [];
    for (let i = 0; i < 4; i++) {
      const player = await WhepPlayer.play({ url: server.whep("test"), rtx: true });
      cleanUp.push(() => player.vanish());
      players.push(player);
    }
    for (const player of players) await moreMedia(player, 60);
    for (const player of players) expect(totals(player)).toMatchObject(UNDISTURBED);
    const ports = players.map((player) => player.remote.port);
    expect(new Set(ports).size).toBe(2);
    expect(await server.metric("dragonfork_webrtc_active_peers", { stream_id: "test" })).toBe(4);
    await players[0]?.close();
    // Scrapes right after one another get the same answer.
    const peersLeft = () => server.metric("dragonfork_webrtc_active_peers", { stream_id: "test" });
    await until(async () => (await peersLeft()) === 3, 10_000, "the viewer to be counted out");
    expect(await server.stop()).toBe(0);
    await until(
      () => players.slice(1).every((player) => player.dtlsClosed),
      10_000,
      "the goodbyes",
    );
  }, 60_000);

  test("one dies: its viewers end, the others see no gap, and the next viewer is served", async () => {
    const { all, shards, threads, events, errors, play } = await twoWorkers();
    const [first, second] = [await play(), await play()];
    await moreMedia(first, 30);
    await moreMedia(second, 30);
    const port = shards[0]?.udpPort;
    expect([first.remote.port, second.remote.port]).toEqual([port ?? 0, shards[1]?.udpPort ?? 0]);
    await threads[0]?.[0]?.terminate();
    await until(() => all.count() === 1, 10_000, "the viewer of the dead worker to be forgotten");
    await until(() => threads[0]?.length === 2 && shards[0]?.restarts === 1, 10_000, "the restart");
    await moreMedia(second, 60);
    expect(totals(second)).toMatchObject(UNDISTURBED);
    const third = await play();
    expect(third.remote.port).toBe(port ?? 0);
    await moreMedia(third, 30);
    expect(totals(third)).toMatchObject(UNDISTURBED);
    expect(events.filter((event) => event.type === "closed")).toMatchObject([
      { reason: "worker_lost" },
    ]);
    expect(errors).toEqual(["media worker lost"]);
  }, 60_000);
});
