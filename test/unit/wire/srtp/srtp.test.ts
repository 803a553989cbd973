import { describe, expect, test } from "bun:test";
import {
  deriveKey,
  LABEL_RTP_AUTHENTICATION,
  LABEL_RTP_ENCRYPTION,
  LABEL_RTP_SALT,
} from "../../../../src/wire/srtp/key-derivation.ts";
import { ReplayWindow } from "../../../../src/wire/srtp/replay-window.ts";

describe("SRTP key derivation", () => {
  test("gives the keys of RFC 3711 appendix B.3", () => {
    const key = Buffer.from("E1F97A0D3E018BE0D64FA32C06DE4139", "hex");
    const salt = Buffer.from("0EC675AD498AFEEBB6960B3AABE6", "hex");
    const derive = (label: number, length: number) =>
      deriveKey(key, salt, label, length).toString("hex").toUpperCase();
    expect(derive(LABEL_RTP_ENCRYPTION, 16)).toBe("C61E7A93744F39EE10734AFE3FF7A087");
    expect(derive(LABEL_RTP_SALT, 14)).toBe("30CBBC08863D8C85D49DB34A9AE1");
    expect(derive(LABEL_RTP_AUTHENTICATION, 20)).toBe("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4");
  });
});

describe("replay window", () => {
  test("takes each index once, in any order inside the window", () => {
    const window = new ReplayWindow();
    for (const index of [5, 7, 6, 70]) expect(window.accept(index)).toBe(true);
    for (const index of [5, 6, 7, 70]) expect(window.accept(index)).toBe(false);
    expect(window.accept(69)).toBe(true);
  });

  test("refuses what is older than 64 indexes", () => {
    const window = new ReplayWindow();
    window.accept(100);
    expect(window.accept(36)).toBe(false);
    expect(window.accept(37)).toBe(true);
  });

  test("a jump ahead empties the window", () => {
    const window = new ReplayWindow();
    window.accept(1);
    expect(window.accept(1000)).toBe(true);
    expect(window.accept(1000)).toBe(false);
    expect(window.accept(999)).toBe(true);
  });
});
