import { expect, test } from "bun:test";
import type { PeerChange } from "../../../src/peer-events.ts";
import { JoinClock, WAITED_MAX } from "../../../src/server/join-clock.ts";

test("the first keyframe is timed from the offer, everything else stays as it is", () => {
  const clock = new JoinClock();
  const told = (peerId: string, change: PeerChange) =>
    clock.event({ ...change, atMs: 0, peerId, streamId: "cam" });
  clock.answered("waited", 4);
  clock.answered("left", 2);
  expect(told("waited", { type: "connected", seconds: 0.1, connectionType: "direct" })).toEqual(
    expect.objectContaining({ seconds: 0.1 }),
  );
  expect(told("waited", { type: "first_keyframe_sent", seconds: 0.5 })).toEqual(
    expect.objectContaining({ seconds: 4.5 }),
  );
  expect(told("left", { type: "closed", reason: "client_gone", seconds: 3 })).toEqual(
    expect.objectContaining({ seconds: 3 }),
  );
  // Of one that is over nothing is kept.
  expect(told("left", { type: "first_keyframe_sent", seconds: 1 })).toEqual(
    expect.objectContaining({ seconds: 1 }),
  );
});

test("viewers that never show anything are forgotten, the oldest first", () => {
  const clock = new JoinClock();
  for (let i = 0; i <= WAITED_MAX; i++) clock.answered(`viewer-${i}`, 1);
  const seconds = (peerId: string) => {
    const event = { type: "first_keyframe_sent", seconds: 1, atMs: 0, peerId, streamId: "cam" };
    return clock.event(event as Parameters<typeof clock.event>[0]);
  };
  expect(seconds("viewer-0")).toMatchObject({ seconds: 1 });
  expect(seconds("viewer-1")).toMatchObject({ seconds: 2 });
});
