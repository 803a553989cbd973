import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FfmpegUnavailable } from "../../../src/errors/process.ts";
import { hardwareDevices } from "../../../src/process/skills/devices.ts";
import { FfmpegSkills } from "../../../src/process/skills.ts";
import { FakeChildren, FakeClock } from "./fakes.ts";

function world() {
  const children = new FakeChildren();
  const clock = new FakeClock();
  const skills = new FfmpegSkills({ spawn: children.spawn, clock });
  /** Lets every question be answered, the first with this version. */
  const answer = async (version: string) => {
    for (let asked = 0; asked < 7; asked++) {
      const child = children.last;
      if (child.argv.includes("-version")) child.prints(`ffmpeg version ${version}\n`);
      child.exit(0);
      await clock.advance(1);
    }
  };
  return { children, clock, skills, answer };
}

describe("the skills of FFmpeg", () => {
  test("are asked for once, and anew on request", async () => {
    const { skills, children, answer } = world();
    const both = Promise.all([skills.get(), skills.get()]);
    await answer("7.1");
    expect((await both).map(({ ffmpeg }) => ffmpeg.version)).toEqual(["7.1.0", "7.1.0"]);
    expect((await skills.get()).ffmpeg.version).toBe("7.1.0");
    expect(children.all).toHaveLength(7);
    const anew = Promise.all([skills.reload(), skills.reload()]);
    await answer("8.0");
    expect((await anew).map(({ ffmpeg }) => ffmpeg.version)).toEqual(["8.0.0", "8.0.0"]);
    expect(children.all).toHaveLength(14);
  });

  test("are tried again after FFmpeg could not be started", async () => {
    const { skills, children, answer } = world();
    children.refusal = new Error("ENOENT");
    expect(skills.get()).rejects.toThrow(FfmpegUnavailable);
    await Promise.resolve();
    children.refusal = undefined;
    await Bun.sleep(0);
    const got = skills.get();
    await answer("7.1");
    expect((await got).ffmpeg.version).toBe("7.1.0");
  });

  test("are tried again after what starts FFmpeg did not find it, or FFmpeg said nothing", async () => {
    const { skills, children, clock, answer } = world();
    const refusals: unknown[] = [];
    const ask = () => skills.get().catch((error: unknown) => refusals.push(error));
    void ask();
    children.last.says("setpriv: failed to execute ffmpeg: No such file or directory\n");
    children.last.exit(127);
    await clock.advance(1);
    void ask();
    await clock.advance(10_000);
    children.last.exit(null, "SIGKILL");
    await clock.advance(1);
    expect(refusals.map(String)).toEqual([
      expect.stringContaining("failed to execute ffmpeg: No such file or directory."),
      expect.stringContaining("it does not say its version."),
    ]);
    const again = skills.get();
    await answer("7.1");
    expect((await again).ffmpeg.version).toBe("7.1.0");
  });

  test("of an FFmpeg that hangs or talks without end are cut off", async () => {
    const { skills, children, clock } = world();
    const got = skills.get();
    children.last.exit(0);
    await clock.advance(1);
    for (let asked = 1; asked < 7; asked++) {
      const child = children.last;
      const isList = child.argv.includes("-protocols");
      if (isList) child.prints(`Input:\nOutput:\n${"  x\n".repeat(30_000)}`);
      await clock.advance(10_000);
      expect(child.signals).toEqual(["SIGKILL"]);
      child.exit(null, "SIGKILL");
      await clock.advance(1);
    }
    expect((await got).protocols.output.length).toBe(20_000 - 2);
  });
});

test("capture devices are read from the system, and are none where there are none", () => {
  const root = mkdtempSync(join(tmpdir(), "devices-"));
  const camera = join(root, "sys/class/video4linux/video0");
  mkdirSync(camera, { recursive: true });
  writeFileSync(join(camera, "name"), "Web Camera\n");
  mkdirSync(join(root, "proc/asound"), { recursive: true });
  writeFileSync(join(root, "proc/asound/pcm"), "00-03: HDMI 0 : HDMI 0 : playback 1\n");
  expect(hardwareDevices("video4linux2", root)).toEqual([
    { id: "/dev/video0", name: "Web Camera", extra: "", media: "video" },
  ]);
  expect(hardwareDevices("alsa", root)).toEqual([
    { id: "hw:0,3", name: "HDMI 0", extra: "", media: "audio" },
  ]);
  expect([hardwareDevices("fbdev", root), hardwareDevices("lavfi", root)]).toEqual([[], []]);
  rmSync(root, { recursive: true });
});
