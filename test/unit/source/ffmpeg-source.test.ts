import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { NoLegPort } from "../../../src/errors/process.ts";
import type { LegTarget } from "../../../src/process/ffmpeg-args.ts";
import type { LegPlans } from "../../../src/process/source-plan.ts";
import { FfmpegSource } from "../../../src/source/ffmpeg-source.ts";
import type { LegPortPool } from "../../../src/source/leg-ports.ts";
import { Stream } from "../../../src/stream/stream.ts";
import { fixedRandom } from "../../support/fixed-random.ts";
import { BOTH, FakeFfmpeg, testPorts, turnsUntil } from "./support.ts";

const cleanUp: (() => void)[] = [];
beforeEach(() => void jest.useFakeTimers());
afterEach(() => {
  for (const close of cleanUp.splice(0)) close();
  jest.useRealTimers();
});

function setUp(ports: LegPortPool = testPorts(12), random = fixedRandom(3)) {
  const clock = { nowMs: 1_700_000_000_000 };
  const failures: string[] = [];
  const stream = new Stream({ id: "cam", peersMax: undefined, nowMs: () => clock.nowMs });
  const source = new FfmpegSource({
    stream,
    ports,
    randomBytes: (size) => random.bytes(size),
    nowMs: () => clock.nowMs,
    onLegFailure: (leg, failure) => failures.push(`${leg} ${failure}`),
    onCopyFault: (fault) => failures.push(fault),
  });
  cleanUp.push(() => source.close());
  /** Lets time pass in steps of the watch. */
  const pass = (ms: number) => {
    for (const end = clock.nowMs + ms; clock.nowMs < end; ) {
      clock.nowMs += 500;
      jest.advanceTimersByTime(500);
    }
  };
  const received = (packets: number) =>
    turnsUntil(() => source.packetsReceived >= packets, `${packets} packets`);
  return { clock, stream, source, ports, failures, pass, received };
}

async function ffmpegs(targets: readonly LegTarget[]) {
  const of = async (kind: string) => {
    const ffmpeg = await FakeFfmpeg.start(targets.find((target) => target.kind === kind));
    cleanUp.push(() => ffmpeg.stop());
    return ffmpeg;
  };
  return { video: await of("video"), audio: await of("audio") };
}

/** A source with a run of FFmpeg that is live. */
async function live() {
  const made = setUp();
  const targets = await made.source.prepare(BOTH);
  const { video, audio } = await ffmpegs(targets);
  video.send("key");
  audio.send("sound");
  await made.received(2);
  expect(made.stream.state).toBe("live");
  const stopFfmpeg = () => {
    video.stop();
    audio.stop();
  };
  return { ...made, targets, video, audio, stopFfmpeg };
}

describe("ports of a source", () => {
  test("each leg gets its own three, and an SSRC that FFmpeg can read as a signed number", async () => {
    const { source, ports } = setUp();
    const targets = await source.prepare(BOTH);
    expect(targets.map(({ kind }) => kind)).toEqual(["video", "audio"]);
    const numbers = targets.flatMap((t) => [t.port, t.rtpSourcePort, t.rtcpSourcePort]);
    expect(new Set(numbers).size).toBe(6);
    for (const { ssrc } of targets) {
      expect(ssrc).toBeGreaterThan(0);
      expect(ssrc).toBeLessThan(2 ** 31);
    }
    expect(ports.inUse).toBe(6);
  });

  test("stay with the stream over a restart, with another SSRC for each run", async () => {
    const { source, ports, stream } = setUp();
    const first = await source.prepare(BOTH);
    const tracks = stream.tracks;
    source.exited({ failed: true, willRestart: true });
    expect(ports.inUse).toBe(6);
    const second = await source.prepare(BOTH);
    expect(second.map(({ port }) => port)).toEqual(first.map(({ port }) => port));
    expect(second.map(({ ssrc }) => ssrc)).not.toEqual(first.map(({ ssrc }) => ssrc));
    expect(stream.tracks).toEqual(tracks);
  });

  test("go back when FFmpeg will not start again, and when the source is closed", async () => {
    const { source, ports } = setUp();
    await source.prepare(BOTH);
    source.exited({ failed: false, willRestart: false });
    expect(ports.inUse).toBe(0);
    await source.prepare(BOTH);
    source.close();
    expect(ports.inUse).toBe(0);
  });

  test("new ones after a stop go on with the sequence numbers of the tracks that stayed", async () => {
    const always7 = { ...fixedRandom(3), bytes: (size: number) => Buffer.alloc(size, 7) };
    const { source, stream, received } = setUp(testPorts(12), always7);
    for (const run of [1, 2]) {
      const { video } = await ffmpegs(await source.prepare(BOTH));
      for (let packet = 1; packet <= 3; packet++) video.send("key");
      await received(3 * run);
      expect(stream.track("video")?.ring.head).toBe(3 * run);
      video.stop();
      source.exited({ failed: false, willRestart: false });
    }
  });

  test("are others when the source has other tracks", async () => {
    const { source, ports } = setUp();
    await source.prepare(BOTH);
    const videoOnly: LegPlans = { ...BOTH, audio: undefined };
    expect((await source.prepare(videoOnly)).length).toBe(1);
    expect(ports.inUse).toBe(3);
  });

  test("a port that FFmpeg could not bind is passed over", async () => {
    const ports = testPorts(9);
    let firstBlock = 0;
    await ports.take(async ({ receive }) => {
      firstBlock = receive;
      return true;
    });
    ports.release({ receive: firstBlock, rtpSource: 0, rtcpSource: 0 });
    const squatter = await Bun.udpSocket({ hostname: "127.0.0.1", port: firstBlock + 4 });
    cleanUp.push(() => squatter.close());
    const { source } = setUp(ports);
    const targets = await source.prepare({ ...BOTH, audio: undefined });
    expect(targets[0]?.port).toBe(firstBlock + 6);
  });

  test("none left: both legs failed, the stream is down, and what was taken is free again", async () => {
    const { source, ports, stream, failures } = setUp(testPorts(3));
    await expect(source.prepare(BOTH)).rejects.toBeInstanceOf(NoLegPort);
    expect(failures).toEqual(["video port_unavailable", "audio port_unavailable"]);
    expect(stream.state).toBe("down");
    expect(ports.inUse).toBe(0);
  });
});

describe("a stream goes live", () => {
  test("when every leg has sent what a decoder can start with", async () => {
    const { source, stream, received } = setUp();
    const { video, audio } = await ffmpegs(await source.prepare(BOTH));
    audio.send("sound");
    await received(1);
    expect(stream.state).toBe("starting");
    video.send("picture");
    await received(2);
    expect(stream.state).toBe("starting");
    video.send("key");
    await received(3);
    expect(stream.state).toBe("live");
  });

  test("after two seconds also without the leg that stays silent", async () => {
    const { clock, source, stream, received } = setUp();
    const { video } = await ffmpegs(await source.prepare(BOTH));
    video.send("key");
    await received(1);
    clock.nowMs += 1999;
    video.send("picture");
    await received(2);
    expect(stream.state).toBe("starting");
    clock.nowMs += 1;
    video.send("picture");
    await received(3);
    expect(stream.state).toBe("live");
  });

  test("after a restart only with a keyframe of the new run", async () => {
    const { source, stream, stopFfmpeg, received } = await live();
    source.exited({ failed: true, willRestart: true });
    stopFfmpeg();
    expect(stream.state).toBe("starting");
    const next = await ffmpegs(await source.prepare(BOTH));
    next.audio.send("sound");
    next.video.send("picture");
    await received(4);
    expect(stream.state).toBe("starting");
    next.video.send("key");
    await received(5);
    expect(stream.state).toBe("live");
  });
});

describe("B-frames in what FFmpeg copies", () => {
  test("are not passed on, and told once in each run", async () => {
    const { source, stream, failures, stopFfmpeg, received, video } = await live();
    const head = () => stream.track("video")?.ring.head;
    const before = head() ?? 0;
    const sendReordered = (ffmpeg: FakeFfmpeg) => {
      for (let group = 0; group < 4; group++) {
        ffmpeg.send("picture", 3);
        ffmpeg.send("picture", -1);
        ffmpeg.send("picture", -1);
      }
    };
    sendReordered(video);
    await turnsUntil(() => failures.length > 0, "the B-frames");
    video.send("picture", 3);
    await received(2 + 4 + 1);
    expect(head()).toBe(before + 5);
    expect(failures).toEqual(["b-frames"]);
    source.exited({ failed: false, willRestart: true });
    stopFfmpeg();
    const next = await ffmpegs(await source.prepare(BOTH));
    sendReordered(next.video);
    await turnsUntil(() => failures.length > 1, "the B-frames of the next run");
    expect(failures).toEqual(["b-frames", "b-frames"]);
  });
});

describe("failures of legs", () => {
  test("a leg that falls silent fails once, and again after it has spoken", async () => {
    const { failures, pass, video, audio, received } = await live();
    for (let i = 0; i < 12; i++) {
      pass(1000);
      video.send("picture");
      await received(3 + i);
    }
    expect(failures).toEqual(["audio no_rtp"]);
    audio.send("sound");
    video.send("picture");
    await received(16);
    for (let i = 0; i < 6; i++) {
      pass(1000);
      video.send("picture");
      await received(17 + i);
    }
    expect(failures).toEqual(["audio no_rtp", "audio no_rtp"]);
  });

  test("FFmpeg that runs and sends nothing: both legs fail, new viewers wait, old ones stay", async () => {
    const { stream, failures, pass, video, audio, received } = await live();
    const { tracks } = stream;
    pass(5500);
    expect(failures).toEqual(["video no_rtp", "audio no_rtp"]);
    expect(stream.state).toBe("starting");
    expect(stream.tracks).toEqual(tracks);
    audio.send("sound");
    video.send("picture");
    await received(4);
    expect(stream.state).toBe("starting");
    video.send("key");
    await received(5);
    expect(stream.state).toBe("live");
  });

  test("the first packet may take fifteen seconds", async () => {
    const { source, failures, pass } = setUp();
    await source.prepare(BOTH);
    pass(14_500);
    expect(failures).toEqual([]);
    pass(500);
    expect(failures).toEqual(["video no_rtp", "audio no_rtp"]);
  });

  test("FFmpeg that dies fails both legs; one that was asked to end fails none", async () => {
    const { source, failures } = await live();
    source.exited({ failed: false, willRestart: false });
    expect(failures).toEqual([]);
    await source.prepare(BOTH);
    source.exited({ failed: true, willRestart: true });
    expect(failures).toEqual(["video process_died", "audio process_died"]);
  });

  test("nothing is expected of legs while no FFmpeg runs", async () => {
    const { source, failures, pass } = await live();
    source.exited({ failed: false, willRestart: true });
    pass(60_000);
    expect(failures).toEqual([]);
  });
});

describe("the end of a run", () => {
  test("a source that delivered and starts again counts as starting, any other as down", async () => {
    const { source, stream } = await live();
    source.exited({ failed: true, willRestart: true });
    expect(stream.state).toBe("starting");
    await source.prepare(BOTH);
    source.exited({ failed: true, willRestart: true });
    expect(stream.state).toBe("down");
    source.starting();
    expect(stream.state).toBe("starting");
    source.stopped();
    expect(stream.state).toBe("down");
  });

  test("packets that come after it do not make the stream live", async () => {
    const { source, stream, video, audio, received } = await live();
    source.exited({ failed: true, willRestart: true });
    video.send("key");
    audio.send("sound");
    await received(4);
    expect(stream.state).toBe("starting");
  });
});
