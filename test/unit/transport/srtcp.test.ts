import { describe, expect, test } from "bun:test";
import { SrtcpSession } from "werift";
import type { SrtpKeys } from "../../../src/transport/dtls.ts";
import { Srtcp } from "../../../src/transport/srtcp.ts";
import { fixedRandom } from "../../support/fixed-random.ts";

/** A receiver report of a viewer. */
const REPORT = Buffer.from(
  `81c90007000000010000002a${"40fffffe00010005"}0000096000000000${"00008000"}`,
  "hex",
);

describe.each([
  ["AEAD_AES_128_GCM", 7, 12],
  ["AES128_CM_HMAC_SHA1_80", 1, 14],
] as const)("SRTCP with %s", (profile, id, saltBytes) => {
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
    return { ours: new Srtcp(keys), viewer, random };
  }

  test("is read by another implementation, and reads it", () => {
    const { ours, viewer } = pair();
    for (let i = 0; i < 3; i++) {
      expect(viewer.decrypt(ours.protect(REPORT))).toEqual(REPORT);
      expect(ours.unprotect(viewer.encrypt(REPORT))).toEqual(REPORT);
    }
  });

  test("takes each packet once", () => {
    const { ours, viewer } = pair();
    const packet = viewer.encrypt(REPORT);
    expect(ours.unprotect(packet)).toEqual(REPORT);
    expect(ours.unprotect(packet)).toBeUndefined();
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

  test("no bytes make it throw", () => {
    const { ours, random } = pair();
    for (let i = 0; i < 2000; i++) {
      expect(ours.unprotect(random.bytes(random.below(80)))).toBeUndefined();
    }
  });
});
