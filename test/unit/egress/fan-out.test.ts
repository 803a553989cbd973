import { describe, expect, test } from "bun:test";
import { FanOut } from "../../../src/egress/fan-out.ts";
import { fakeTrack, RecordingBatch, subscriberOf } from "./support.ts";

/** Lets setImmediate and the 4 ms pacing timer run until nothing is left to send. */
async function settle(batch: RecordingBatch): Promise<void> {
  for (let quiet = 0, seen = -1; quiet < 3; quiet = batch.packets.length === seen ? quiet + 1 : 0) {
    seen = batch.packets.length;
    await new Promise((resolve) => setTimeout(resolve, 6));
  }
}

describe("fan-out", () => {
  test("a new viewer starts with the last keyframe and then joins the live packets without a gap", async () => {
    const batch = new RecordingBatch();
    const fanOut = new FanOut(batch);
    const { track, add } = fakeTrack();
    for (let i = 0; i < 10; i++) add();
    add({ key: true });
    for (let i = 0; i < 70; i++) add();
    fanOut.add(subscriberOf(track, batch, FanOut.firstIndex(track)));
    for (let i = 0; i < 5; i++) {
      add();
      fanOut.arm();
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    await settle(batch);
    expect(batch.packets.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 76 }, (_, i) => 2000 + i),
    );
    expect(batch.packets[0]?.payload[0]).toBe(10);
    fanOut.close();
  });

  test("the replay is paced: no more than 20 packets leave at once", () => {
    const batch = new RecordingBatch();
    const fanOut = new FanOut(batch);
    const { track, add } = fakeTrack();
    add({ key: true });
    for (let i = 0; i < 200; i++) add();
    fanOut.add(subscriberOf(track, batch, FanOut.firstIndex(track)));
    expect(batch.packets.length).toBe(20);
    fanOut.close();
  });

  test("audio joins live", () => {
    const { track, add } = fakeTrack("audio", 256);
    for (let i = 0; i < 10; i++) add();
    expect(FanOut.firstIndex(track)).toBe(10);
  });

  test("every viewer gets every packet once, and nothing after it left", async () => {
    const batch = new RecordingBatch();
    const fanOut = new FanOut(batch);
    const { track, add } = fakeTrack();
    add({ key: true });
    const viewers = [1, 2, 3].map((port) => subscriberOf(track, batch, 0, { port }));
    for (const viewer of viewers) fanOut.add(viewer);
    add();
    fanOut.arm();
    await settle(batch);
    const [first] = viewers;
    if (first) fanOut.remove(first);
    add();
    fanOut.arm();
    await settle(batch);
    const counts = [1, 2, 3].map(
      (port) => batch.packets.filter(({ to }) => to.port === port).length,
    );
    expect(counts).toEqual([2, 3, 3]);
    fanOut.close();
  });

  test("one tick sends all that arrived in one turn of the event loop", async () => {
    const batch = new RecordingBatch();
    const fanOut = new FanOut(batch);
    const { track, add } = fakeTrack();
    add({ key: true });
    fanOut.add(subscriberOf(track, batch, 0));
    const before = batch.flushes;
    for (let i = 0; i < 9; i++) {
      add();
      fanOut.arm();
    }
    await settle(batch);
    expect(batch.packets.length).toBe(10);
    expect(batch.flushes - before).toBe(1);
    fanOut.close();
  });

  test("a packet the source lost stays a gap in the viewer's sequence numbers", async () => {
    const batch = new RecordingBatch();
    const fanOut = new FanOut(batch);
    const { track, add, skip } = fakeTrack();
    add({ key: true });
    fanOut.add(subscriberOf(track, batch, 0));
    skip();
    add();
    fanOut.arm();
    await settle(batch);
    expect(batch.packets.map(({ sequence }) => sequence)).toEqual([2000, 2002]);
    fanOut.close();
  });
});
