import { describe, expect, mock, test } from "bun:test";
import { readFileSync } from "node:fs";
import { parseRecord } from "../../../src/process/record.ts";
import { unknownVideo } from "../../../src/process/source-plan/facts.ts";
import { planSource, type SourcePlan } from "../../../src/process/source-plan.ts";
import { Supervisor, type SupervisorTools } from "../../../src/process/supervisor.ts";
import { fakeWorld, settle, videoPlan } from "./fakes.ts";

function record(more: object = {}) {
  return parseRecord({
    id: "cam",
    input: [{ id: "in", address: "rtsp://u:canary@cam/1" }],
    output: [{ id: "out", address: "-", options: ["-f", "null"] }],
    reconnect: true,
    ...more,
  });
}

const plainH264 = {
  ...unknownVideo,
  ...{ codec: "h264", profile: "Main", pixelFormat: "yuv420p", bFrames: false },
};
const live = { webrtc: { enabled: true }, output: [] };

function world(more: object = {}, overrides: Partial<SupervisorTools> = {}) {
  const fakes = fakeWorld(overrides);
  return { ...fakes, supervisor: new Supervisor(record(more), fakes.tools) };
}

test("CPU time adds up over the runs, memory is that of the one there is", async () => {
  const memoryBytes = 1024;
  let cpuSeconds = 0;
  const usage = () => ({ cpuSeconds, memoryBytes });
  const { supervisor, children, clock } = world({}, { usage });
  supervisor.start();
  cpuSeconds = 3;
  await clock.advance(1000);
  expect(supervisor.view()).toMatchObject({ cpuSeconds: 3, memoryBytes });
  children.last.exit(1);
  expect(supervisor.view()).toMatchObject({ cpuSeconds: 3, memoryBytes: 0 });
  await supervisor.restart();
  cpuSeconds = 2;
  await clock.advance(1000);
  expect(supervisor.view()).toMatchObject({ cpuSeconds: 5, memoryBytes });
});

describe("starting and stopping", () => {
  test("a plain process runs as soon as it is started, without legs", () => {
    const { supervisor, hooks, children } = world();
    supervisor.start();
    expect(hooks.states).toEqual(["starting", "running"]);
    expect(hooks.events).toEqual(["started cam 1000"]);
    expect(supervisor.state()).toMatchObject({ order: "start", exec: "running" });
    expect(children.all).toHaveLength(1);
  });

  test("a live process is looked at, gets its legs, and then runs", async () => {
    const { supervisor, hooks } = world(live);
    supervisor.start();
    expect(supervisor.state().exec).toBe("starting");
    await settle();
    expect(hooks.events).toEqual(["prepare cam", "started cam 1000"]);
    expect(supervisor.view().plan?.reason).toBe("Copied.");
  });

  test("it starts when its turn has come; a stop before that ends the wait", async () => {
    const turn = Promise.withResolvers<void>();
    const stops: AbortSignal[] = [];
    const wait = (stop: AbortSignal) => {
      stops.push(stop);
      stop.addEventListener("abort", () => turn.reject(stop.reason));
      return stops.length === 1 ? turn.promise : undefined;
    };
    const { supervisor, children, hooks } = world(live, { turn: wait });
    supervisor.start();
    await settle();
    expect([supervisor.state().exec, children.all.length]).toEqual(["starting", 0]);
    await supervisor.stop();
    expect(supervisor.state().exec).toBe("finished");
    supervisor.start();
    await settle();
    expect(children.all.length).toBe(1);
    expect(hooks.events).toEqual(["prepare cam", "started cam 1000"]);
  });

  test("a stop while a restart waits for its turn gives back the legs that were kept for it", async () => {
    let asked = 0;
    const turn = (stop: AbortSignal) => {
      asked++;
      if (asked === 1) return undefined;
      return new Promise<void>((_, reject) => {
        stop.addEventListener("abort", () => reject(stop.reason));
      });
    };
    const { supervisor, children, hooks, clock } = world(live, { turn });
    supervisor.start();
    await clock.advance(5000);
    children.last.exit(1);
    expect(hooks.events.at(-1)).toBe("exited cam 1 null restart");
    await clock.advance(5000);
    expect([asked, supervisor.state().exec]).toEqual([2, "starting"]);
    await supervisor.stop();
    expect(hooks.events.at(-1)).toBe("exited cam null null end");
    const told = hooks.events.length;
    await supervisor.stop();
    expect(hooks.events.length).toBe(told);
  });

  test("what the last run failed of is shown until the next one says something", async () => {
    let looks = 0;
    const plan = async () => {
      looks++;
      if (looks === 1) throw new Error("401 Unauthorized");
      return new Promise<SourcePlan>(() => undefined);
    };
    const { supervisor, clock } = world(live, { plan });
    supervisor.start();
    await clock.advance(10_000);
    expect([looks, supervisor.state().exec]).toEqual([2, "starting"]);
    expect(supervisor.view().lastLogline).toBe("401 Unauthorized");
  });

  test("the folders of its outputs are made when it starts, not when its record is read", () => {
    const makeFolders = mock();
    const { supervisor } = world({}, { makeFolders });
    expect(supervisor.state().command).not.toEqual([]);
    expect(makeFolders.mock.calls.length).toBe(0);
    supervisor.start();
    expect(makeFolders.mock.calls.length).toBe(1);
  });

  test("stop asks FFmpeg to finish and waits for it", async () => {
    const { supervisor, children, hooks, clock } = world();
    supervisor.start();
    let stopped = false;
    const stop = supervisor.stop().then(() => {
      stopped = true;
    });
    await clock.advance(1000);
    expect([stopped, supervisor.state().exec, children.last.signals]).toEqual([
      false,
      "finishing",
      ["SIGINT"],
    ]);
    children.last.exit(255);
    await stop;
    expect(supervisor.state()).toMatchObject({ order: "stop", exec: "finished" });
    expect(supervisor.state().reconnect_seconds).toBe(-1);
    expect(hooks.events.at(-1)).toBe("exited cam 255 null end");
    expect(clock.pending).toBe(0);
  });

  test("a child that ignores SIGINT is killed after 5 s", async () => {
    const { supervisor, children, clock } = world();
    supervisor.start();
    const stop = supervisor.stop();
    await clock.advance(4999);
    expect(children.last.signals).toEqual(["SIGINT"]);
    await clock.advance(1);
    expect(children.last.signals).toEqual(["SIGINT", "SIGKILL"]);
    children.last.exit(null, "SIGKILL");
    await stop;
    expect(supervisor.state().exec).toBe("killed");
  });

  test("stop during the look at the source calls it off", async () => {
    const { supervisor, children, hooks } = world(live, {
      plan: (_record, stop) =>
        new Promise<SourcePlan>((_resolve, reject) => {
          stop.addEventListener("abort", () => reject(stop.reason));
        }),
    });
    supervisor.start();
    await supervisor.stop();
    expect(hooks.states).toEqual(["starting", "finishing", "finished"]);
    expect(children.all).toHaveLength(0);
    expect(supervisor.report().log).toEqual([]);
  });

  test("stop while the legs are opened starts nothing and gives the legs back", async () => {
    const { supervisor, children, hooks } = world(live);
    const { promise, resolve } = Promise.withResolvers<void>();
    hooks.prepared = promise;
    supervisor.start();
    await settle();
    const stop = supervisor.stop();
    resolve();
    await stop;
    expect(children.all).toHaveLength(0);
    expect(hooks.events).toEqual(["prepare cam", "exited cam null null end"]);
  });

  test("start during finishing starts again after the end, also without reconnect", async () => {
    const { supervisor, children, clock } = world({ reconnect: false });
    supervisor.start();
    const stop = supervisor.stop();
    supervisor.start();
    children.last.exit(255);
    await stop;
    await clock.advance(200);
    expect(children.all).toHaveLength(2);
    expect(supervisor.state().order).toBe("start");
  });

  test("start of a process that ended by itself starts it, unlike Core", () => {
    const { supervisor, children } = world({ reconnect: false });
    supervisor.start();
    children.last.exit(0);
    expect(supervisor.state()).toMatchObject({ order: "start", exec: "finished" });
    supervisor.start();
    expect(children.all).toHaveLength(2);
  });

  test("start twice is one child", () => {
    const { supervisor, children } = world();
    supervisor.start();
    supervisor.start();
    expect(children.all).toHaveLength(1);
  });

  test("a start while waiting for the restart doesn't wait", async () => {
    const { supervisor, children, clock } = world({ reconnect_delay_seconds: 60 });
    supervisor.start();
    children.last.exit(1);
    supervisor.start();
    expect(children.all).toHaveLength(2);
    await clock.advance(120_000);
    expect(children.all).toHaveLength(2);
  });
});

describe("restarting", () => {
  test("an end while it should run is followed by a start after the delay", async () => {
    const { supervisor, children, clock, hooks } = world({ reconnect_delay_seconds: 3 });
    supervisor.start();
    children.last.exit(1);
    expect(supervisor.state()).toMatchObject({ exec: "failed", reconnect_seconds: 3 });
    expect(hooks.events.at(-1)).toBe("exited cam 1 null restart");
    await clock.advance(2999);
    expect(children.all).toHaveLength(1);
    await clock.advance(1);
    expect(children.all).toHaveLength(2);
    expect(supervisor.view().restarts).toBe(1);
  });

  test("without reconnect it stays where it is", async () => {
    const { supervisor, children, clock } = world({ reconnect: false });
    supervisor.start();
    children.last.exit(null, "SIGSEGV");
    await clock.advance(100_000);
    expect(children.all).toHaveLength(1);
    expect(supervisor.state()).toMatchObject({ exec: "killed", order: "start" });
  });

  test("a delay of 0 is no hot loop: 1, 2, 4 … at most 30 s apart", async () => {
    const { supervisor, children, clock } = world();
    supervisor.start();
    const waits: number[] = [];
    for (let round = 0; round < 8; round++) {
      children.last.exit(1);
      waits.push(supervisor.state().reconnect_seconds);
      await clock.advance(30_000);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30, 30]);
  });

  test("a stop while waiting calls the restart off", async () => {
    const { supervisor, children, clock } = world();
    supervisor.start();
    children.last.exit(1);
    await supervisor.stop();
    await clock.advance(100_000);
    expect(children.all).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  test("a live source that was killed while it flowed is back in 200 ms, with the plan it had", async () => {
    const plan = mock(async () => videoPlan(""));
    const { supervisor, children, clock } = world(live, { plan });
    supervisor.start();
    await settle();
    children.last.progresses(1);
    await clock.advance(10_000);
    children.last.exit(null, "SIGKILL");
    await clock.advance(200);
    expect(children.all).toHaveLength(2);
    expect(plan.mock.calls.length).toBe(1);
  });

  test("a live source that sends B-frames in spite of its plan is transcoded from then on", async () => {
    const { supervisor, children, clock, warnings } = world(live, {
      plan: async (planned) => planSource(planned, { video: plainH264, audio: undefined }),
    });
    supervisor.start();
    await settle();
    const before = supervisor.state().webrtc;
    expect(before).toMatchObject({ video: { mode: "copy", codec: "H264" }, audio: null });
    children.last.progresses(1);
    await clock.advance(5000);
    supervisor.copyFailed("b-frames");
    supervisor.copyFailed("b-frames");
    expect(supervisor.state().exec).toBe("finishing");
    children.last.exit(255);
    await clock.advance(200);
    expect(children.all).toHaveLength(2);
    expect(supervisor.state().webrtc).toMatchObject({ video: { mode: "transcode" } });
    expect(
      supervisor
        .report()
        .history[0]?.log.map(([, line]) => line)
        .join(),
    ).toContain("Stopped by the server: B-frames came in video that was copied.");
    expect(warnings.join()).toContain("B-frames came");
    // What is transcoded has none, whatever is said of it.
    supervisor.copyFailed("b-frames");
    expect(supervisor.state().exec).toBe("running");
    // A death before media takes the plan along, but not what was seen.
    children.last.exit(1);
    await clock.advance(2000);
    expect(supervisor.state().webrtc?.video?.mode).toBe("transcode");
    const restart = supervisor.restart();
    children.last.exit(255);
    await restart;
    await clock.advance(200);
    expect(supervisor.state().webrtc?.video?.mode).toBe("copy");
  });

  test("a live source that sends no IDR frames is transcoded as well, and its log says why", async () => {
    const { supervisor, children, clock, warnings } = world(live, {
      plan: async (planned) => planSource(planned, { video: plainH264, audio: undefined }),
    });
    supervisor.start();
    await settle();
    supervisor.copyFailed("no-idr");
    children.last.exit(255);
    await clock.advance(200);
    expect(supervisor.state().webrtc).toMatchObject({ video: { mode: "transcode" } });
    expect(warnings.join()).toContain("brought no IDR frames");
  });

  test("a plan and its warnings stand in the process's log and in its state", async () => {
    const { supervisor, warnings } = world(live, {
      plan: async () => ({ ...videoPlan("A → copied."), warnings: ["Long GOP."] }),
    });
    expect(supervisor.state().webrtc?.plan).toBe("");
    supervisor.start();
    await settle();
    expect(supervisor.state().webrtc).toEqual({
      plan: "A → copied.",
      video: { mode: "copy", codec: "H264" },
      audio: null,
      warnings: ["Long GOP."],
    });
    expect(supervisor.report().prelude).toEqual(["Plan: A → copied.", "Warning: Long GOP."]);
    expect(warnings.join()).toContain("Long GOP.");
  });

  test.each([
    ["was there", "Input #0, mpegts, from 'udp://cam':", [1, 2, 2, 3]],
    ["was away", "udp://cam: Connection refused", [1, 1, 1, 1]],
  ])(
    "a live source that %s, and sent nothing, is looked at so often",
    async (_how, line, wanted) => {
      const plan = mock(async () => videoPlan(""));
      const { supervisor, children, clock } = world(live, { plan });
      supervisor.start();
      await settle();
      const looks: number[] = [];
      for (let run = 1; run <= 4; run++) {
        children.last.says(line);
        children.last.exit(1);
        await clock.advance(20_000);
        looks.push(plan.mock.calls.length);
      }
      expect(children.all).toHaveLength(5);
      expect(looks).toEqual(wanted);
    },
  );

  test("the restart command works without reconnect and does nothing when stopped", async () => {
    const { supervisor, children, clock } = world({ reconnect: false });
    await supervisor.restart();
    expect(children.all).toHaveLength(0);
    supervisor.start();
    const restart = supervisor.restart();
    children.last.exit(255);
    await restart;
    await clock.advance(200);
    expect(children.all).toHaveLength(2);
    expect(supervisor.state().exec).toBe("running");
  });
});

describe("what can't be started", () => {
  test("a missing binary is a failure with its reason, and tried again later", async () => {
    const { supervisor, children, clock } = world();
    children.refusal = new Error("Executable not found: ffmpeg");
    supervisor.start();
    expect(supervisor.state()).toMatchObject({
      exec: "failed",
      last_logline: "Executable not found: ffmpeg",
    });
    children.refusal = undefined;
    await clock.advance(1000);
    expect(supervisor.state().exec).toBe("running");
  });

  test("a source that can't be opened gives its reason, without its password", async () => {
    const { supervisor, hooks } = world(live, {
      plan: async () => {
        throw new Error("rtsp://u:canary@cam/1: Connection refused");
      },
    });
    supervisor.start();
    await settle();
    expect(supervisor.state().last_logline).toBe("rtsp://***@cam/1: Connection refused");
    expect(hooks.events).toEqual([]);
    expect(supervisor.state().reconnect_seconds).toBe(1);
  });

  test("a source with nothing to send says so", async () => {
    const { supervisor } = world(live, {
      plan: async () => ({ ...videoPlan("Video: none."), video: undefined }),
    });
    supervisor.start();
    await settle();
    expect(supervisor.state()).toMatchObject({
      exec: "failed",
      last_logline: "Nothing to send. Video: none.",
    });
  });

  test("a hook that throws after the start leaves no child behind", async () => {
    const { supervisor, children, hooks, clock } = world();
    hooks.started = () => {
      throw new Error("no room");
    };
    supervisor.start();
    expect(children.last.signals).toEqual(["SIGKILL"]);
    expect(supervisor.state()).toMatchObject({ exec: "failed", last_logline: "no room" });
    hooks.started = () => undefined;
    await clock.advance(1000);
    children.all[0]?.exit(null, "SIGKILL");
    expect([children.all.length, supervisor.state().exec]).toEqual([2, "running"]);
  });

  test("legs without a port are given back and tried again", async () => {
    const { supervisor, hooks } = world(live);
    hooks.prepared = Promise.reject(new Error("No free UDP port"));
    supervisor.start();
    await settle();
    expect(hooks.events).toEqual(["prepare cam", "exited cam null null restart"]);
    expect(supervisor.state().last_logline).toBe("No free UDP port");
  });
});

describe("a stalled source", () => {
  test("is restarted after the stale timeout, and the log says why", async () => {
    const { supervisor, children, clock, warnings } = world({ stale_timeout_seconds: 10 });
    supervisor.start();
    for (let second = 1; second <= 20; second++) {
      await clock.advance(1000);
      children.last.progresses(second);
    }
    expect(children.last.signals).toEqual([]);
    await clock.advance(12_000);
    expect(children.last.signals).toEqual(["SIGINT"]);
    expect(supervisor.state().last_logline).toBe("Stopped by the server: no progress for 10 s.");
    expect(warnings.join()).toContain("no progress for 10 s");
    children.last.exit(255);
    await clock.advance(1000);
    expect(children.all).toHaveLength(2);
  });

  test("isn't one while RTP arrives, whatever FFmpeg prints", async () => {
    const { supervisor, children, clock, hooks } = world({ ...live, stale_timeout_seconds: 2 });
    supervisor.start();
    for (let second = 0; second < 10; second++) {
      hooks.packets += 100;
      await clock.advance(1000);
    }
    expect(children.last.signals).toEqual([]);
    await clock.advance(4000);
    expect(children.last.signals).toEqual(["SIGINT"]);
  });

  test("isn't looked for with a timeout of 0", async () => {
    const { supervisor, children, clock } = world();
    supervisor.start();
    await clock.advance(3_600_000);
    expect(children.last.signals).toEqual([]);
  });

  test("packets of earlier runs are no progress of this one", async () => {
    const { supervisor, children, clock, hooks } = world({ ...live, stale_timeout_seconds: 2 });
    hooks.packets = 5000;
    supervisor.start();
    await clock.advance(12_000);
    expect(children.last.signals).toEqual(["SIGINT"]);
  });
});

test("a process over its memory for longer than allowed is restarted", async () => {
  const limits = { memory_mbytes: 100, waitfor_seconds: 3 };
  const { supervisor, children, clock } = world(
    { limits },
    { usage: () => ({ cpuSeconds: 0, memoryBytes: 200 * 1024 * 1024 }) },
  );
  supervisor.start();
  await clock.advance(3000);
  expect(children.last.signals).toEqual([]);
  expect(supervisor.state().memory_bytes).toBe(200 * 1024 * 1024);
  await clock.advance(2000);
  expect(children.last.signals).toEqual(["SIGINT"]);
  expect(supervisor.state().last_logline).toContain("memory 200 MB; limits 0 %, 100 MB");
});

describe("what the API shows", () => {
  const golden = (kind: "level" | "file") =>
    readFileSync(new URL(`../../fixtures/ffmpeg-log/5.1-${kind}.txt`, import.meta.url), "utf8");

  test("a state has every key of Core's, also before the first start", () => {
    const { supervisor } = world();
    expect(supervisor.state()).toEqual({
      order: "stop",
      exec: "finished",
      runtime_seconds: 0,
      reconnect_seconds: -1,
      last_logline: "",
      progress: {
        inputs: [],
        outputs: [],
        ...{ frame: 0, packet: 0, fps: 0, q: 0, size_kb: 0, time: 0, bitrate_kbit: 0 },
        ...{ speed: 0, drop: 0, dup: 0 },
      },
      memory_bytes: 0,
      cpu_usage: 0,
      command: expect.arrayContaining(["-i", "rtsp://***@cam/1", "-f", "null", "-"]),
    });
  });

  test("inputs and outputs are listed with the ids of the record, legs by their kind", () => {
    const { supervisor, children } = world({
      input: [
        { id: "v", address: "testsrc2", options: ["-f", "lavfi"] },
        { id: "a", address: "sine", options: ["-f", "lavfi"] },
      ],
    });
    supervisor.start();
    children.last.says(golden("level"));
    const { inputs, outputs, frame } = supervisor.state().progress;
    expect(inputs.map((one) => [one.id, one.type, one.codec, one.format])).toEqual([
      ["v", "video", "rawvideo", "lavfi"],
      ["a", "audio", "pcm_s16le", "lavfi"],
    ]);
    expect(outputs.map((one) => [one.id, one.type, one.codec])).toEqual([
      ["out", "video", "h264"],
      ["webrtc_audio", "audio", "opus"],
    ]);
    expect(outputs[0]).toMatchObject({ width: 320, height: 180, pix_fmt: "yuv420p" });
    expect(outputs[0]).not.toHaveProperty("sampling_hz");
    expect(outputs[1]).toMatchObject({ sampling_hz: 48000, layout: "mono" });
    expect(frame).toBeGreaterThan(40);
  });

  test("the log has no statistics, no level marks of ours, and no password", () => {
    const { supervisor, children } = world();
    supervisor.start();
    children.last.says("[info] Input #0, rtsp, from 'rtsp://u:canary@cam/1':");
    children.last.says("[info] frame=    1 fps=0.0 q=20.0 size=       8kB time=00:00:00.01");
    children.last.says("[libx264 @ 0x55] [info] using SAR=1/1");
    expect(supervisor.report().log.map(([, line]) => line)).toEqual([
      "Input #0, rtsp, from 'rtsp://***@cam/1':",
      "[libx264 @ 0x55] using SAR=1/1",
    ]);
    expect(JSON.stringify([supervisor.state(), supervisor.report()])).not.toContain("canary");
  });

  test("level marks the record asked for stay", () => {
    const { supervisor, children } = world({ options: ["-loglevel", "level+info"] });
    supervisor.start();
    children.last.says("[info] hello");
    expect(supervisor.state().last_logline).toBe("[info] hello");
  });

  test("the prelude ends with the first progress", () => {
    const { supervisor, children } = world();
    supervisor.start();
    children.last.says("opening");
    children.last.progresses(1);
    children.last.says("later");
    expect(supervisor.report().prelude).toEqual(["opening"]);
  });

  test("a run enters the history when the next one starts, three are kept", async () => {
    const { supervisor, children, clock } = world();
    supervisor.start();
    for (let run = 0; run < 5; run++) {
      children.last.says(`run ${run}`);
      children.last.exit(1);
      await clock.advance(30_000);
    }
    expect(supervisor.report().history.map((one) => one.prelude[0])).toEqual([
      "run 2",
      "run 3",
      "run 4",
    ]);
  });

  test("a run that said nothing leaves no history", async () => {
    const { supervisor, children, clock } = world();
    supervisor.start();
    children.last.exit(1);
    await clock.advance(1000);
    expect(supervisor.report().history).toEqual([]);
  });

  test("a flood of long lines is kept small", () => {
    const { supervisor, children } = world();
    supervisor.start();
    for (let line = 0; line < 500; line++) children.last.says("x".repeat(100_000));
    expect(JSON.stringify(supervisor.report()).length).toBeLessThan(500_000);
  });

  test("CPU is in percent of the machine", async () => {
    let cpuSeconds = 0;
    const { supervisor, clock } = world(
      {},
      {
        usage: () => {
          cpuSeconds += 0.5;
          return { cpuSeconds, memoryBytes: 1 };
        },
      },
    );
    supervisor.start();
    await clock.advance(3000);
    expect(supervisor.state().cpu_usage).toBe(25);
  });
});

test("random commands and ends never leave two children or an illegal state", async () => {
  const { fixedRandom } = await import("../../support/fixed-random.ts");
  const random = fixedRandom(21);
  for (let round = 0; round < 60; round++) {
    const { supervisor, children, clock } = world(round % 2 === 0 ? live : {});
    const alive = new Set<number>();
    for (let step = 0; step < 60; step++) {
      const action = random.below(6);
      if (action === 0) supervisor.start();
      if (action === 1) void supervisor.stop();
      if (action === 2) void supervisor.restart();
      if (action === 3) await clock.advance(random.below(7000));
      if (action === 4 && alive.size > 0) {
        alive.delete(children.last.pid);
        children.last.exit(
          random.below(2) === 0 ? 255 : null,
          random.below(2) === 0 ? "SIGKILL" : null,
        );
      }
      await settle();
      const { pid } = supervisor.view();
      if (pid !== undefined) alive.add(pid);
      expect(alive.size).toBeLessThanOrEqual(1);
    }
  }
});
