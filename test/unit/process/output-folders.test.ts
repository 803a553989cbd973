import { expect, test } from "bun:test";
import { outputFolders } from "../../../src/process/output-folders.ts";
import { parseRecord } from "../../../src/process/record.ts";

function folders(...outputs: { address: string; options?: string[] }[]): string[] {
  const output = outputs.map((one, index) => ({ id: `o${index}`, options: [], ...one }));
  const input = [{ id: "i", address: "rtsp://cam/1" }];
  return outputFolders(parseRecord({ id: "x", input, output }), "/data");
}

test("files in the storage are given their folders, each once", () => {
  expect(
    folders(
      { address: "file:/data/hls/cam 1/ü.m3u8" },
      { address: "file:/data/hls/cam 1/low.m3u8" },
      { address: "file:/data/top.ts" },
    ),
  ).toEqual(["/data/hls/cam 1", "/data"]);
});

test("so are those of a tee", () => {
  const address = "[f=mpegts]file:/data/tee/a\\ b/x.ts|[f=flv]rtmp://host/live/x";
  expect(folders({ address, options: ["-f", "tee"] })).toEqual(["/data/tee/a b"]);
});

test("networks, other places and patterns get none", () => {
  expect(
    folders(
      { address: "rtmp://host/live/x" },
      { address: "file:/dev/null" },
      { address: "file:/data/%v/stream.m3u8" },
      { address: "-" },
    ),
  ).toEqual([]);
});
