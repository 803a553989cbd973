import { describe, expect, test } from "bun:test";
import { checkFfmpeg } from "../../../../src/cli/check/ffmpeg.ts";

const LISTS: Readonly<Record<string, string>> = {
  "-version": "ffmpeg version 5.1.9-0+deb12u1 Copyright (c) 2000-2026\nbuilt with gcc\n",
  "-encoders":
    "Encoders:\n V..... = Video\n ------\n V....D libx264              H.264\n V....D libvpx               VP8\n A....D libopus              Opus\n",
  "-muxers": "File formats:\n  E = Muxing supported\n --\n  E rtp             RTP output\n",
  "-protocols": "Supported file protocols:\nInput:\n  rtp\n  tcp\n  udp\nOutput:\n  rtp\n",
};

async function check(changed: Readonly<Record<string, string | undefined>> = {}) {
  const lists: Readonly<Record<string, string | undefined>> = { ...LISTS, ...changed };
  return await checkFfmpeg("ffmpeg", async (args) => lists[args.join(" ")]);
}

describe("check of FFmpeg", () => {
  test("passes with everything there and names the version", async () => {
    const results = await check();
    expect(results.every(({ passed }) => passed)).toBe(true);
    expect(results[0]?.detail).toBe("ffmpeg, version 5.1.9-0+deb12u1");
    expect(results).toHaveLength(4);
  });

  test("names the encoder that is missing and what to do", async () => {
    const encoders = " V....D libx264rgb  H.264 RGB\n V....D libvpx  VP8\n A....D libopus  Opus\n";
    const failed = (await check({ "-encoders": encoders })).filter(({ passed }) => !passed);
    expect(failed).toHaveLength(1);
    expect(failed[0]?.detail).toStartWith("lacks encoder libx264. Install FFmpeg");
  });

  test("asks nothing more of a binary that does not run", async () => {
    const results = await check({ "-version": undefined });
    expect(results).toHaveLength(1);
    expect(results[0]).toMatchObject({ name: "FFmpeg", passed: false });
  });

  test("a program that is no FFmpeg fails", async () => {
    const results = await check({ "-version": "true (GNU coreutils) 9.1\n" });
    expect(results[0]?.passed).toBe(false);
  });

  test("a binary that is not there fails without an exception", async () => {
    expect((await checkFfmpeg("/nonexistent/ffmpeg"))[0]?.passed).toBe(false);
  });
});
