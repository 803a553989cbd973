import { describe, expect, test } from "bun:test";
import { SrtcpSession } from "werift";
import type { SrtpKeys } from "../../../src/transport/dtls.ts";
import { openLibcrypto } from "../../../src/transport/libcrypto.ts";
import { NodeGcm } from "../../../src/transport/srtcp/gcm.ts";
import { LibcryptoGcm } from "../../../src/transport/srtcp/libcrypto-gcm.ts";
import { selectSrtcp } from "../../../src/transport/srtcp/select.ts";
import { fixedRandom } from "../../support/fixed-random.ts";

/** A receiver report of a viewer. */
const REPORT = Buffer.from(
  `81c90007000000010000002a${"40fffffe00010005"}0000096000000000${"00008000"}`,
  "hex",
);

describe.each([
  ["AEAD_AES_128_GCM", "auto", 7, 12],
  ["AEAD_AES_128_GCM", "portable", 7, 12],
  ["AES128_CM_HMAC_SHA1_80", "auto", 1, 14],
] as const)("SRTCP with %s, %s", (profile, choice, id, saltBytes) => {
  function pair() {
    const random = fixedRandom(3);
    const keys: SrtpKeys = {
      profile,
      localKey: random.bytes(16),
      localSalt: random.bytes(saltBytes),
      remoteKey: random.bytes(16),
      remoteSalt: random.bytes(saltBytes),
    };
    const viewer = new SrtcpSession({
      keys: {
        localMasterKey: keys.remoteKey,
        localMasterSalt: keys.remoteSalt,
        remoteMasterKey: keys.localKey,
        remoteMasterSalt: keys.localSalt,
      },
      profile: id,
    });
    return { ours: selectSrtcp(choice)(keys), viewer, random };
  }

  test("is read by another implementation, and reads it", () => {
    const { ours, viewer } = pair();
    for (let i = 0; i < 3; i++) {
      expect(viewer.decrypt(ours.protect(REPORT) ?? Buffer.alloc(0))).toEqual(REPORT);
      expect(ours.unprotect(viewer.encrypt(REPORT))).toEqual(REPORT);
    }
  });

  test("takes each packet once", () => {
    const { ours, viewer } = pair();
    const packet = viewer.encrypt(REPORT);
    expect(ours.unprotect(Buffer.from(packet))).toEqual(REPORT);
    expect(ours.unprotect(Buffer.from(packet))).toBeUndefined();
  });

  test("takes no packet in which a bit was changed", () => {
    const { ours, viewer } = pair();
    const packet = viewer.encrypt(REPORT);
    for (let bit = 0; bit < packet.length * 8; bit++) {
      const changed = Buffer.from(packet);
      changed.writeUInt8((changed[bit >> 3] ?? 0) ^ (1 << (bit & 7)), bit >> 3);
      expect(ours.unprotect(changed)).toBeUndefined();
    }
    expect(ours.unprotect(packet)).toEqual(REPORT);
  });

  test("after its end nothing is authentic, and nothing is sent that is not encrypted", () => {
    const { ours, viewer } = pair();
    ours.close();
    ours.close();
    if (profile === "AEAD_AES_128_GCM") {
      expect(ours.protect(REPORT)).toBeUndefined();
      expect(ours.unprotect(viewer.encrypt(REPORT))).toBeUndefined();
    }
  });

  test("no bytes make it throw", () => {
    const { ours, random } = pair();
    for (let i = 0; i < 2000; i++) {
      expect(ours.unprotect(random.bytes(random.below(80)))).toBeUndefined();
    }
  });
});

describe("AES-GCM of libcrypto", () => {
  const library = openLibcrypto();

  test("is found on Linux with OpenSSL, which the tests' machine has", () => {
    expect(library !== undefined || process.platform !== "linux").toBe(true);
  });

  test("seals what node:crypto opens and opens what it seals, whatever the length", () => {
    if (library === undefined) return;
    const random = fixedRandom(5);
    const key = random.bytes(16);
    const node = new NodeGcm(key);
    const [sealing, opening] = [
      new LibcryptoGcm(library, key, "seal"),
      new LibcryptoGcm(library, key, "open"),
    ];
    for (let i = 0; i < 2000; i++) {
      const text = random.bytes(random.below(200));
      const from = random.below(20);
      const to = from + text.length;
      const [iv, aad] = [random.bytes(12), random.bytes(12)];
      for (const gcm of [node, sealing, opening]) {
        iv.copy(gcm.iv);
        aad.copy(gcm.aad);
      }
      const bytes = Buffer.alloc(to + 16);
      text.copy(bytes, from);
      const reference = Buffer.from(bytes);
      expect(sealing.seal(bytes, from, to)).toBe(true);
      node.seal(reference, from, to);
      expect(bytes.equals(reference)).toBe(true);
      expect(opening.open(bytes, from, to)).toBe(true);
      expect(bytes.subarray(from, to).equals(text)).toBe(true);
      reference.writeUInt8(reference.readUInt8(from) ^ 0x10, from);
      expect(opening.open(reference, from, to)).toBe(false);
    }
    for (const gcm of [node, sealing, opening]) gcm.close();
  });

  test("thousands of viewers come and go without keeping memory", () => {
    if (library === undefined) return;
    const bytes = Buffer.alloc(100);
    const round = (count: number) => {
      for (let i = 0; i < count; i++) {
        const gcm = new LibcryptoGcm(library, bytes.subarray(0, 16), "seal");
        gcm.seal(bytes, 16, 60);
        gcm.close();
      }
      Bun.gc(true);
      return process.memoryUsage().rss;
    };
    const sizes = [1, 2, 3, 4, 5].map(() => round(20_000));
    const grown = sizes.slice(1).map((size, i) => size - (sizes[i] ?? 0));
    expect(Math.min(...grown)).toBeLessThan(10e6);
  });
});
