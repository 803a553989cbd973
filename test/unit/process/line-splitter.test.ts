import { expect, test } from "bun:test";
import { LineSplitter } from "../../../src/process/line-splitter.ts";
import { fixedRandom } from "../../support/fixed-random.ts";

function split(chunks: readonly (string | Uint8Array)[], bytesMax?: number) {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line), bytesMax);
  for (const chunk of chunks) {
    splitter.push(typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk);
  }
  splitter.end();
  return lines;
}

test("carriage return and line feed both end a line, empty lines are dropped", () => {
  expect(split(["a\rb\r\nc\n\n\nd"])).toEqual(["a", "b", "c", "d"]);
});

test("a line that comes in many pieces is one line", () => {
  expect(split(["fr", "ame=", "1\nsi", "ze"])).toEqual(["frame=1", "size"]);
});

test("a character cut between two chunks is whole", () => {
  const bytes = new TextEncoder().encode("ü\n");
  expect(split([bytes.subarray(0, 1), bytes.subarray(1)])).toEqual(["ü"]);
});

test("bytes that are no UTF-8 become replacement characters", () => {
  expect(split([new Uint8Array([0x61, 0xff, 0xc3, 0x0a])])).toEqual(["a\ufffd\ufffd"]);
});

test("a line over the cap keeps its beginning and the next line is unharmed", () => {
  const lines = split(["0123456789", "abcdef\nnext\n"], 8);
  expect(lines).toEqual(["01234567", "next"]);
});

test("a gigabyte without a line end holds no more than the cap", () => {
  const chunk = new Uint8Array(1024 * 1024).fill(0x78);
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (let at = 0; at < 64; at++) splitter.push(chunk);
  splitter.end();
  expect(lines.map((line) => line.length)).toEqual([64 * 1024]);
});

test("the reader may reuse its buffer", () => {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  const buffer = new TextEncoder().encode("abc");
  splitter.push(buffer);
  buffer.fill(0x7a);
  splitter.push(new Uint8Array([0x0a]));
  expect(lines).toEqual(["abc"]);
});

test("however random bytes are chunked, the lines are the same", () => {
  const random = fixedRandom(7);
  for (let round = 0; round < 200; round++) {
    const bytes = Uint8Array.from({ length: 300 }, () => {
      const value = random.below(256);
      return value < 40 ? 0x0a : value;
    });
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = 1 + random.below(40);
      chunks.push(bytes.subarray(at, at + length));
      at += length;
    }
    expect(split(chunks, 64)).toEqual(split([bytes], 64));
  }
});
