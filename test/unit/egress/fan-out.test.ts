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

/** A track that holds a keyframe, which one viewer was sent. */
function watched() {
  const batch = new RecordingBatch();
  const fanOut = new FanOut(batch);
  const fake = fakeTrack();
  fake.add({ key: true });
  fanOut.add(subscriberOf(fake.track, batch));
  return { ...fake, batch, fanOut };
}

describe("fan-out", () => {
  test("a new viewer starts with the last keyframe and then joins the live packets without a gap", async () => {
    const batch = new RecordingBatch();
    const fanOut = new FanOut(batch);
    const { track, add } = fakeTrack();
    for (let i = 0; i < 10; i++) add();
    add({ key: true });
    for (let i = 0; i < 70; i++) add();
    fanOut.add(subscriberOf(track, batch));
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
    fanOut.add(subscriberOf(track, batch));
    expect(batch.packets.length).toBe(20);
    fanOut.close();
  });

  test("others that join do not hurry it", () => {
    const batch = new RecordingBatch();
    const fanOut = new FanOut(batch);
    const { track, add } = fakeTrack();
    add({ key: true });
    for (let i = 0; i < 200; i++) add();
    for (let port = 1; port <= 3; port++) fanOut.add(subscriberOf(track, batch, { port }));
    const sent = [1, 2, 3].map((port) => batch.packets.filter(({ to }) => to.port === port).length);
    expect(sent).toEqual([20, 20, 20]);
    fanOut.close();
  });

  test("timestamps of the replay lie as close together as it is sent, and meet those of live packets", async () => {
    const batch = new RecordingBatch();
    const fanOut = new FanOut(batch);
    const { track, add } = fakeTrack();
    add({ key: true });
    for (let i = 1; i < 100; i++) add();
    const viewer = subscriberOf(track, batch, { rtx: true });
    fanOut.add(viewer);
    await settle(batch);
    add();
    fanOut.arm();
    await settle(batch);
    const unshifted = batch.packets.map(({ timestamp }) => (timestamp + 16) % 2 ** 32);
    // Twenty packets each 4 ms would be 18 ticks apart; two frames of a fast camera must stay apart.
    const apart = 3000 / 64;
    const expected = Array.from(
      { length: 100 },
      (_, i) => 99 * 3000 - Math.round((99 - i) * apart),
    );
    expect(unshifted).toEqual([...expected, 100 * 3000]);
    const [before] = batch.packets.splice(0);
    viewer.send(0, batch);
    viewer.sendRtx(0, Buffer.alloc(200), batch);
    expect(batch.packets.map(({ timestamp }) => timestamp)).toEqual(
      Array(2).fill(before?.timestamp ?? -1),
    );
    fanOut.close();
  });

  test("a replay that takes longer than its frames did keeps their timestamps", async () => {
    const batch = new RecordingBatch();
    const fanOut = new FanOut(batch);
    const { track, add } = fakeTrack();
    const frame = (key: boolean) => {
      for (let i = 0; i < 400; i++) {
        track.ring.append(Buffer.alloc(9, 1), {
          sequence: track.ring.head,
          timestamp: key ? 0 : 3000,
          marker: i === 399,
          startsKeyframe: key && i === 0,
        });
      }
    };
    frame(true);
    frame(false);
    add();
    fanOut.add(subscriberOf(track, batch));
    await settle(batch);
    const timestamps = new Set(batch.packets.map(({ timestamp }) => (timestamp + 16) % 2 ** 32));
    expect([...timestamps].slice(0, 2)).toEqual([0, 3000]);
    fanOut.close();
  });

  test("audio joins live", async () => {
    const batch = new RecordingBatch();
    const fanOut = new FanOut(batch);
    const { track, add } = fakeTrack("audio", 256);
    for (let i = 0; i < 10; i++) add();
    fanOut.add(subscriberOf(track, batch));
    add();
    fanOut.arm();
    await settle(batch);
    expect(batch.packets.map(({ payload }) => payload[0])).toEqual([10]);
    fanOut.close();
  });

  test("without a keyframe in the cache a viewer waits for the next one", async () => {
    const batch = new RecordingBatch();
    const fanOut = new FanOut(batch);
    const { track, add } = fakeTrack();
    track.ring.replayLimits = { packets: 3, bytes: 1e6, ticks: 1e6 };
    add({ key: true });
    for (let i = 0; i < 3; i++) add();
    let started = 0;
    fanOut.add(subscriberOf(track, batch, { onStart: () => started++ }));
    const send = async (key: boolean) => {
      add({ key });
      fanOut.arm();
      await settle(batch);
    };
    await send(false);
    expect(batch.packets).toEqual([]);
    await send(true);
    await send(false);
    expect(batch.packets.map(({ payload }) => payload[0])).toEqual([5, 6]);
    expect(started).toBe(1);
    fanOut.close();
  });

  test("a frame whose end has not come waits for it where there are many viewers", async () => {
    for (const viewers of [3, 4]) {
      const batch = new RecordingBatch();
      const fanOut = new FanOut(batch);
      const { track, add } = fakeTrack();
      add({ key: true });
      for (let i = 0; i < viewers; i++) fanOut.add(subscriberOf(track, batch));
      await settle(batch);
      batch.packets.length = 0;
      add({ marker: false });
      fanOut.arm();
      await new Promise((resolve) => setImmediate(resolve));
      expect(batch.packets.length).toBe(viewers === 4 ? 0 : 3);
      add({ marker: true });
      fanOut.arm();
      await new Promise((resolve) => setImmediate(resolve));
      expect(batch.packets.length).toBe(viewers * 2);
      add({ marker: false });
      fanOut.arm();
      // The end never comes: what is there leaves all the same.
      await settle(batch);
      expect(batch.packets.length).toBe(viewers * 3);
      fanOut.close();
    }
  });

  test("every viewer gets every packet once, and nothing after it left", async () => {
    const batch = new RecordingBatch();
    const fanOut = new FanOut(batch);
    const { track, add } = fakeTrack();
    add({ key: true });
    const viewers = [1, 2, 3].map((port) => subscriberOf(track, batch, { port }));
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

  test("the packets of a frame leave together, as soon as its last one is there", async () => {
    const { add, batch, fanOut } = watched();
    const before = batch.flushes;
    for (let i = 0; i < 8; i++) {
      add({ marker: false });
      fanOut.arm();
    }
    expect(batch.packets.length).toBe(1);
    add();
    fanOut.arm();
    expect(batch.packets.length).toBe(10);
    expect(batch.flushes - before).toBe(1);
    await settle(batch);
    expect(batch.packets.length).toBe(10);
    fanOut.close();
  });

  test("what of a frame has come when the turn of the event loop ends leaves then", async () => {
    const { add, batch, fanOut } = watched();
    const before = batch.flushes;
    for (let i = 0; i < 3; i++) {
      add({ marker: false });
      fanOut.arm();
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(batch.packets.length).toBe(4);
    expect(batch.flushes - before).toBe(1);
    fanOut.close();
  });

  test("a packet the source lost stays a gap in the viewer's sequence numbers", async () => {
    const { add, batch, fanOut, skip } = watched();
    skip();
    add();
    fanOut.arm();
    await settle(batch);
    expect(batch.packets.map(({ sequence }) => sequence)).toEqual([2000, 2002]);
    fanOut.close();
  });
});

describe("a viewer that cannot keep up", () => {
  /** Was sent a keyframe. */
  async function watching() {
    const batch = new RecordingBatch();
    const fanOut = new FanOut(batch);
    const { track, add } = fakeTrack();
    add({ key: true });
    const slow = subscriberOf(track, batch);
    fanOut.add(slow);
    await settle(batch);
    return { batch, fanOut, add, slow };
  }

  test("gets the frame that was begun, then nothing before a keyframe, and no gap", async () => {
    const batch = new RecordingBatch();
    const fanOut = new FanOut(batch);
    const { track, add } = fakeTrack();
    add({ key: true });
    const skipped: number[] = [];
    const slow = subscriberOf(track, batch, {
      port: 1,
      onSkipped: (frames) => skipped.push(frames),
    });
    const other = subscriberOf(track, batch, { port: 2 });
    for (const one of [slow, other]) fanOut.add(one);
    const send = async (options: { key?: boolean; marker?: boolean }) => {
      add(options);
      fanOut.arm();
      await settle(batch);
    };
    await send({ marker: false });
    fanOut.thin(slow, 2);
    await send({ marker: true });
    await send({});
    await send({ key: true, marker: false });
    await send({ marker: true });
    await send({});
    await send({ key: true });
    await send({});
    await send({ key: true });
    await send({});
    const seen = (port: number) => batch.packets.filter(({ to }) => to.port === port);
    expect(seen(1).map(({ payload }) => payload[0])).toEqual([0, 1, 2, 4, 5, 7, 9, 10]);
    expect(seen(1).map(({ sequence }) => sequence)).toEqual([
      2000, 2001, 2002, 2003, 2004, 2005, 2006, 2007,
    ]);
    expect(seen(2).map(({ payload }) => payload[0])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(skipped).toEqual([3]);
    fanOut.close();
  });

  test("gets not even single pictures where those are lost too, until it gets all again", async () => {
    const { batch, fanOut, add, slow } = await watching();
    const send = async (key: boolean) => {
      add({ key });
      fanOut.arm();
      await settle(batch);
    };
    fanOut.thin(slow, 3);
    fanOut.thin(slow, 7);
    await send(true);
    fanOut.thin(slow, 7);
    for (const key of [true, true, true, false]) await send(key);
    const got = () => batch.packets.map(({ payload }) => payload[0]);
    expect(got()).toEqual([0, 1, 4, 5]);
    fanOut.thin(slow, 1);
    for (const key of [true, true]) await send(key);
    expect(got()).toEqual([0, 1, 4, 5, 6, 7]);
    fanOut.close();
  });

  test("gets all again after eight seconds, also where few keyframes came in them", async () => {
    const { batch, fanOut, add, slow } = await watching();
    fanOut.thin(slow, 7);
    // Thirty frames a second, and the second keyframe comes a frame too early.
    const frames = Array.from({ length: 8 * 30 + 3 }, (_, i) => ({
      key: [0, 238, 239].includes(i),
    }));
    for (const frame of frames) {
      add(frame);
      fanOut.arm();
    }
    await settle(batch);
    expect(batch.packets.map(({ payload }) => payload[0])).toEqual([0, 1, 239, 240, 241, 242, 243]);
    fanOut.close();
  });

  test("is sent no keyframe again while it waits for the next one", async () => {
    const { batch, fanOut, slow } = await watching();
    fanOut.thin(slow, 1);
    fanOut.repeatKeyframe(slow);
    await settle(batch);
    expect(batch.packets.length).toBe(1);
    fanOut.close();
  });

  test("may leave while it waits, and what was left out until then is told", async () => {
    const batch = new RecordingBatch();
    const fanOut = new FanOut(batch);
    const { track, add } = fakeTrack();
    add({ key: true });
    const skipped: number[] = [];
    const slow = subscriberOf(track, batch, { onSkipped: (frames) => skipped.push(frames) });
    fanOut.add(slow);
    fanOut.thin(slow, 0);
    add();
    fanOut.remove(slow);
    add({ key: true });
    fanOut.arm();
    await settle(batch);
    expect(batch.packets.length).toBe(1);
    expect(skipped).toEqual([1]);
    fanOut.close();
  });
});

describe("a viewer that asks for a keyframe", () => {
  async function watching() {
    const batch = new RecordingBatch();
    const fanOut = new FanOut(batch);
    const { track, add } = fakeTrack();
    add({ key: true });
    add();
    const viewer = subscriberOf(track, batch);
    fanOut.add(viewer);
    await settle(batch);
    batch.packets.length = 0;
    return { batch, fanOut, viewer, add };
  }

  test("gets that of its start again, under new sequence numbers, three times at most", async () => {
    const { batch, fanOut, viewer } = await watching();
    for (let i = 0; i < 5; i++) {
      fanOut.repeatKeyframe(viewer);
      await settle(batch);
    }
    expect(batch.packets.map(({ sequence }) => sequence)).toEqual([
      2002, 2003, 2004, 2005, 2006, 2007,
    ]);
    expect(batch.packets.map(({ payload }) => payload[0])).toEqual([0, 1, 0, 1, 0, 1]);
    fanOut.close();
  });

  test("gets nothing older than what it may have shown", async () => {
    const { batch, fanOut, viewer, add } = await watching();
    add({ key: true });
    fanOut.arm();
    await settle(batch);
    fanOut.repeatKeyframe(viewer);
    await settle(batch);
    expect(batch.packets.map(({ payload }) => payload[0])).toEqual([2]);
    fanOut.close();
  });
});
