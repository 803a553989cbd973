import { expect, test } from "bun:test";
import { Admission } from "../../../src/peer/admission.ts";
import { NO_TOTALS } from "../../../src/peer/totals.ts";
import type { CloseReason } from "../../../src/peer-events.ts";
import type { MediaShard, ShardPeer } from "../../../src/shard/shard.ts";
import { Shards } from "../../../src/shard/shards.ts";
import { Stream } from "../../../src/stream/stream.ts";
import { parseOffer } from "../../../src/wire/sdp/offer.ts";
import { CHROMIUM } from "../../api/support/offers.ts";

/** A shard whose viewers end when they are told to. */
function fakeShard(name: string): MediaShard {
  let made = 0;
  const peers = new Set<ShardPeer>();
  const open = async (streamId: string): Promise<ShardPeer> => {
    const listeners: ((reason: CloseReason) => void)[] = [];
    const peer = {
      ...{ id: `${name}/${made++}`, streamId, state: "new", answer: "", iceTransportMids: [] },
      local: { iceUfrag: "", icePwd: "", candidates: [] },
      addRemoteCandidates: () => {},
      onClosed: (listener: (reason: CloseReason) => void) => listeners.push(listener),
      close: (reason: CloseReason) => {
        peers.delete(peer);
        for (const listener of listeners) listener(reason);
      },
      view: () => {
        throw new Error("not asked for");
      },
    } satisfies ShardPeer as ShardPeer;
    peers.add(peer);
    return peer;
  };
  return {
    ...{ name, udpPort: 1, backend: "fake", totals: NO_TOTALS, heartbeatAgeMs: 0, restarts: 0 },
    ...{ isServing: true, addStream: () => {}, removeStream: () => {}, close: async () => {} },
    get peerCount() {
      return peers.size;
    },
    open,
    restartIce: async () => {
      throw new Error("not asked for");
    },
  };
}

test("new viewers go to the shards that serve, while a lost worker is being replaced", async () => {
  const stream = new Stream({ id: "cam", peersMax: undefined, nowMs: () => 0 });
  stream.sourceStarted([{ kind: "video", codec: "H264", channels: 0 }]);
  const admission = new Admission({ total: 10, perStream: 10 });
  const lost = Object.defineProperty(fakeShard("media-0"), "isServing", { value: false });
  const shards = new Shards([lost, fakeShard("media-1")], admission);
  for (let i = 0; i < 2; i++) await shards.open(stream, parseOffer(CHROMIUM));
  expect(shards.health.map(({ peerCount }) => peerCount)).toEqual([0, 2]);
});

test("each shard is told with the viewers it has, and has had", async () => {
  const stream = new Stream({ id: "cam", peersMax: undefined, nowMs: () => 0 });
  stream.sourceStarted([{ kind: "video", codec: "H264", channels: 0 }]);
  const admission = new Admission({ total: 10, perStream: 10 });
  const shards = new Shards([fakeShard("media-0"), fakeShard("media-1")], admission);
  const peers: ShardPeer[] = [];
  for (let i = 0; i < 3; i++) peers.push(await shards.open(stream, parseOffer(CHROMIUM)));
  peers[0]?.close("client_gone");
  peers[2]?.close("kicked");
  const told = shards.health.map(({ name, peerCount, sessionsCompleted }) => ({
    ...{ name, peerCount, sessionsCompleted },
  }));
  expect(told).toEqual([
    { name: "media-0", peerCount: 0, sessionsCompleted: 2 },
    { name: "media-1", peerCount: 1, sessionsCompleted: 0 },
  ]);
});
