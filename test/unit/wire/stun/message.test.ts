import { describe, expect, test } from "bun:test";
import {
  addressBytes,
  bindingRequest,
  bindingSuccess,
  hasIntegrity,
  parseStun,
} from "../../../../src/wire/stun/message.ts";
import { fixedRandom } from "../../../support/fixed-random.ts";

/** RFC 5769 §2.1, the sample request: password, then the bytes. */
const PASSWORD = "VOkJxbRl1RmTxUk/WvJxBt";
const SAMPLE_REQUEST = Buffer.from(
  "000100582112a442b7e7a701bc34d686fa87dfae" +
    "802200105354554e207465737420636c69656e74" +
    "002400046e0001ff" +
    "80290008932ff9b151263b36" +
    "000600096576746a3a68367659202020" +
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2" +
    "80280004e57a3bcf",
  "hex",
);
/** RFC 5769 §2.2, the sample IPv4 response. */
const SAMPLE_RESPONSE = Buffer.from(
  "0101003c2112a442b7e7a701bc34d686fa87dfae" +
    "8022000b7465737420766563746f7220" +
    "002000080001a147e112a643" +
    "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7" +
    "80280004c07d4c96",
  "hex",
);

describe("STUN messages", () => {
  test("the sample request of RFC 5769 is read and its integrity holds", () => {
    const message = parseStun(SAMPLE_REQUEST);
    expect(message).toMatchObject({ kind: "request", ufrag: "evtj", remoteUfrag: "h6vY" });
    expect(message && hasIntegrity(SAMPLE_REQUEST, message, PASSWORD)).toBe(true);
    expect(message && hasIntegrity(SAMPLE_REQUEST, message, `${PASSWORD}x`)).toBe(false);
  });

  test("the sample response of RFC 5769 is read and its integrity holds", () => {
    const message = parseStun(SAMPLE_RESPONSE);
    expect(message?.kind).toBe("success");
    expect(message && hasIntegrity(SAMPLE_RESPONSE, message, PASSWORD)).toBe(true);
  });

  test("a flipped bit breaks FINGERPRINT, and without it MESSAGE-INTEGRITY", () => {
    const flipped = Buffer.from(SAMPLE_REQUEST);
    flipped[30] = flipped[30]! ^ 1;
    expect(parseStun(flipped)).toBeUndefined();
    const bare = Buffer.from(SAMPLE_REQUEST.subarray(0, SAMPLE_REQUEST.length - 8));
    bare.writeUInt16BE(bare.length - 20, 2);
    const message = parseStun(bare);
    expect(message && hasIntegrity(bare, message, PASSWORD)).toBe(true);
    bare[30] = bare[30]! ^ 1;
    const changed = parseStun(bare);
    expect(changed && hasIntegrity(bare, changed, PASSWORD)).toBe(false);
  });

  test("a request without MESSAGE-INTEGRITY has none, and attributes behind it are not believed", () => {
    const bare = Buffer.from("000100042112a44200000000000000000000000000250000", "hex");
    const message = parseStun(bare);
    expect(message).toMatchObject({ useCandidate: true, integrityOffset: 0 });
    expect(message && hasIntegrity(bare, message, "")).toBe(false);
    const end = SAMPLE_REQUEST.length - 8;
    const appended = Buffer.concat([
      SAMPLE_REQUEST.subarray(0, end),
      Buffer.from("00250000", "hex"),
    ]);
    appended.writeUInt16BE(appended.length - 20, 2);
    expect(parseStun(appended)?.useCandidate).toBe(false);
  });

  test("a success response carries the mapped address, for IPv4 and IPv6", () => {
    const v4 = bindingSuccess("b7e7a701bc34d686fa87dfae", "192.0.2.1", 32853, PASSWORD);
    expect(v4.includes(Buffer.from("002000080001a147e112a643", "hex"))).toBe(true);
    const v6 = bindingSuccess(
      "b7e7a701bc34d686fa87dfae",
      "2001:db8:1234:5678:11:2233:4455:6677",
      32853,
      PASSWORD,
    );
    const expected = "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9";
    expect(v6.includes(Buffer.from(expected, "hex"))).toBe(true);
    for (const response of [v4, v6]) {
      const message = parseStun(response);
      expect(message && hasIntegrity(response, message, PASSWORD)).toBe(true);
    }
  });

  test("our own check is a valid request with the player's ufrag first", () => {
    const request = bindingRequest({
      transactionId: "000102030405060708090a0b",
      username: "them:us",
      password: PASSWORD,
      tieBreaker: Buffer.alloc(8, 1),
    });
    const message = parseStun(request);
    expect(message).toMatchObject({ kind: "request", ufrag: "them", remoteUfrag: "us" });
    expect(message && hasIntegrity(request, message, PASSWORD)).toBe(true);
  });

  test("addresses in text form become their bytes", () => {
    expect(addressBytes("10.0.0.1").toString("hex")).toBe("0a000001");
    expect(addressBytes("::1").toString("hex")).toBe(`${"00".repeat(15)}01`);
    expect(addressBytes("fe80::1%eth0").toString("hex")).toBe(`fe80${"00".repeat(13)}01`);
    expect(addressBytes("::ffff:1.2.3.4").toString("hex")).toBe(`${"00".repeat(10)}ffff01020304`);
  });

  test("no bytes make it throw, and mutations are never authentic", () => {
    const random = fixedRandom(5);
    for (let i = 0; i < 20_000; i++) {
      const bytes = random.below(2) ? random.bytes(random.below(80)) : Buffer.from(SAMPLE_REQUEST);
      if (bytes.length > 20) bytes[random.below(bytes.length)] = random.below(256);
      const message = parseStun(bytes);
      if (message !== undefined && !bytes.equals(SAMPLE_REQUEST)) {
        const covered = bytes.subarray(0, message.integrityOffset + 24);
        const original = SAMPLE_REQUEST.subarray(0, covered.length);
        expect(hasIntegrity(bytes, message, PASSWORD) && !covered.equals(original)).toBe(false);
      }
    }
  });
});
