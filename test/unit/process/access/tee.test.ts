import { describe, expect, test } from "bun:test";
import { parseTee, teeOptions, writeTee } from "../../../../src/process/access/tee.ts";

describe("addresses of the tee muxer", () => {
  test("are parted at bars that are neither quoted nor escaped", () => {
    expect(parseTee("a.ts|[f=flv]rtmp://h/x| b\\|c |'d|e'")).toEqual([
      { options: "", address: "a.ts" },
      { options: "[f=flv]", address: "rtmp://h/x" },
      { options: "", address: "b|c" },
      { options: "", address: "d|e" },
    ]);
  });

  test("are read with FFmpeg's quotes, so that .'.' is ..", () => {
    expect(parseTee(".'.'/x|.\\./y")?.map(({ address }) => address)).toEqual(["../x", "../y"]);
  });

  test("end their options at the bracket that FFmpeg ends them at", () => {
    expect(parseTee("[f=hls:x=a\\\\]b]c")).toEqual([{ options: "[f=hls:x=a\\]b]", address: "c" }]);
    expect(parseTee("[x=\\'a]b\\']c")).toEqual([{ options: "[x='a]b']", address: "c" }]);
  });

  test("that are not closed are no addresses", () => {
    for (const text of ["'a", "[f=hls", "[x=\\'a]b"]) expect(parseTee(text)).toBeUndefined();
  });

  test("are written so that they are read back as they were", () => {
    const slaves = [
      { options: "[f=hls:a=b\\:c]", address: "file:/core/data/it's | here.m3u8" },
      { options: "", address: " \\x " },
    ];
    expect(parseTee(writeTee(slaves))).toEqual(slaves);
  });

  test("give their options by name, without escapes", () => {
    expect(teeOptions("[f=hls:hls_segment_filename=http\\://h/%d.ts:x='a:b'=c]")).toEqual([
      ["f", "hls"],
      ["hls_segment_filename", "http://h/%d.ts"],
      ["x", "a:b=c"],
    ]);
  });
});
