import { expect, test } from "bun:test";
import { NO_TOTALS } from "../../../src/peer/totals.ts";
import { mediaStats } from "../../../src/server/media-stats.ts";
import { StreamRegistry } from "../../../src/stream/registry.ts";
import { Stream } from "../../../src/stream/stream.ts";

const COUNTS = { packets: 7, bytes: 700, packetsResent: 1, nacks: 2, keyframeRequests: 3 };

test("what was sent is told of each leg of each stream, from 0 on, and of no stream that is gone", () => {
  const streams = new StreamRegistry();
  const stream = new Stream({ id: "cam", peersMax: undefined, nowMs: () => 0 });
  streams.add(stream);
  stream.sourceStarted([
    { kind: "video", codec: "H264", channels: 1 },
    { kind: "audio", codec: "OPUS", channels: 2 },
  ]);
  const legs = [
    { streamId: "cam", leg: "video" as const, ...COUNTS },
    { streamId: "gone", leg: "video" as const, ...COUNTS },
  ];
  const peers = { health: [], totals: { ...NO_TOTALS, legs } };
  const { sent } = mediaStats({ streams, peers, sources: { faults: () => [] } }, 0);
  const nothing = { packets: 0, bytes: 0, packetsResent: 0, nacks: 0, keyframeRequests: 0 };
  expect(sent).toEqual([
    { streamId: "cam", leg: "video", ...COUNTS },
    { streamId: "cam", leg: "audio", ...nothing },
  ]);
});
