import { describe, expect, test } from "bun:test";
import { libcryptoCipher } from "../../../src/egress/cipher/libcrypto-ffi.ts";
import { createNodeCipher } from "../../../src/egress/cipher/node-crypto.ts";
import { selectCipher } from "../../../src/egress/cipher/select.ts";
import type { SrtpKeys } from "../../../src/transport/dtls.ts";
import { fixedRandom } from "../../support/fixed-random.ts";

function keys(seed: number, profile: SrtpKeys["profile"] = "AEAD_AES_128_GCM"): SrtpKeys {
  const random = fixedRandom(seed);
  const saltBytes = profile === "AEAD_AES_128_GCM" ? 12 : 14;
  return {
    profile,
    localKey: random.bytes(16),
    localSalt: random.bytes(saltBytes),
    remoteKey: random.bytes(16),
    remoteSalt: random.bytes(saltBytes),
  };
}

describe("libcrypto by FFI", () => {
  const open = libcryptoCipher();

  test("is found on Linux with OpenSSL, which the tests' machine has", () => {
    expect(open !== undefined || process.platform !== "linux").toBe(true);
  });

  test("encrypts every length as node:crypto does, for viewers in any order", () => {
    if (open === undefined) return;
    const viewers = [1, 2, 3].map((seed) => ({
      fast: open(keys(seed)),
      reference: createNodeCipher(keys(seed)),
    }));
    const random = fixedRandom(4);
    const source = random.bytes(4096);
    const [fastOut, referenceOut] = [Buffer.alloc(4096), Buffer.alloc(4096)];
    for (let i = 0; i < 3000; i++) {
      const viewer = viewers[random.below(3)];
      const offset = random.below(1000);
      const length = random.below(1473);
      const sourceOffset = random.below(2000);
      const rollover = random.below(3);
      random.bytes(12).copy(fastOut, offset);
      fastOut.copy(referenceOut, offset, offset, offset + 12);
      const lengths = [
        viewer?.fast.protect(fastOut, offset, source, sourceOffset, length, rollover),
        viewer?.reference.protect(referenceOut, offset, source, sourceOffset, length, rollover),
      ];
      expect(lengths[0]).toBe(lengths[1] ?? -1);
      const end = offset + (lengths[0] ?? 0);
      expect(fastOut.subarray(offset, end).equals(referenceOut.subarray(offset, end))).toBe(true);
    }
    for (const viewer of viewers) viewer.fast.close();
  });

  test("a closed cipher protects nothing and may be closed again", () => {
    if (open === undefined) return;
    const cipher = open(keys(1));
    cipher.close();
    cipher.close();
    expect(cipher.protect(Buffer.alloc(100), 0, Buffer.alloc(10), 0, 10, 0)).toBe(0);
  });

  test("thousands of viewers come and go without keeping memory", () => {
    if (open === undefined) return;
    const [out, source] = [Buffer.alloc(2000), Buffer.alloc(1200)];
    const round = (count: number) => {
      for (let i = 0; i < count; i++) {
        const cipher = open(keys(i));
        cipher.protect(out, 0, source, 0, 1200, 0);
        cipher.close();
      }
      Bun.gc(true);
      return process.memoryUsage().rss;
    };
    const sizes = [1, 2, 3, 4, 5].map(() => round(20_000));
    const grown = sizes.slice(1).map((size, i) => size - (sizes[i] ?? 0));
    // A context that leaked would be about 1 kB, so 20 MB in every round; garbage moves single rounds.
    expect(Math.min(...grown)).toBeLessThan(10e6);
  });
});

describe("choice of the cipher", () => {
  test("portable takes node:crypto; auto takes libcrypto where it is", () => {
    expect(selectCipher("portable").name).toBe("node:crypto");
    const expected = libcryptoCipher() === undefined ? "node:crypto" : "libcrypto";
    expect(selectCipher("auto").name).toBe(expected);
  });

  test("both profiles can be made with either choice", () => {
    for (const choice of ["auto", "portable"] as const) {
      for (const profile of ["AEAD_AES_128_GCM", "AES128_CM_HMAC_SHA1_80"] as const) {
        const cipher = selectCipher(choice).create(keys(1, profile));
        const tag = profile === "AEAD_AES_128_GCM" ? 16 : 10;
        expect(cipher.protect(Buffer.alloc(200), 0, Buffer.alloc(50), 0, 50, 0)).toBe(62 + tag);
        cipher.close();
      }
    }
  });
});
