import { describe, expect, test } from "bun:test";
import { packDatagrams, readRecords, writeRecord } from "../../../../src/transport/dtls/record.ts";

const one = { contentType: 22, epoch: 1, sequenceNumber: 2 ** 40 + 7, body: Buffer.from("abc") };

describe("DTLS records", () => {
  test("are read as they were written, several per datagram", () => {
    const bytes = writeRecord(one);
    const records = readRecords(Buffer.concat([bytes, bytes]));
    expect(records).toEqual([
      { ...one, bytes },
      { ...one, bytes },
    ]);
  });

  test("end at the first that is cut, or of another protocol", () => {
    const bytes = writeRecord(one);
    const other = Buffer.from(bytes);
    other.writeUInt8(3, 1);
    expect(readRecords(Buffer.concat([bytes, bytes.subarray(0, 15)])).length).toBe(1);
    expect(readRecords(Buffer.concat([bytes, other, bytes])).length).toBe(1);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(readRecords(bytes.subarray(0, length))).toEqual([]);
    }
  });

  test("are at most 16 per datagram", () => {
    const empty = writeRecord({ ...one, body: Buffer.alloc(0) });
    expect(readRecords(Buffer.concat(Array.from({ length: 100 }, () => empty))).length).toBe(16);
  });

  test("go into datagrams whole and in order, a large one alone", () => {
    const sizes = [100, 1100, 1500, 600, 600].map((size) => Buffer.alloc(size));
    expect(packDatagrams(sizes).map((datagram) => datagram.length)).toEqual([1200, 1500, 1200]);
    expect(packDatagrams([])).toEqual([]);
  });
});
