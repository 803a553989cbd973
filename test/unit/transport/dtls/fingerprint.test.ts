import { describe, expect, test } from "bun:test";
import {
  fingerprintSha256,
  matchesFingerprint,
} from "../../../../src/transport/dtls/fingerprint.ts";

const certificate = Buffer.from("a certificate");
const value = fingerprintSha256(certificate);

describe("fingerprint", () => {
  test("is the SHA-256 of the certificate in upper case", () => {
    expect(value).toStartWith("81:AC:D7:62:");
    expect(value.length).toBe(95);
  });

  test("matches by algorithm and value without regard to case", () => {
    expect(matchesFingerprint(certificate, [{ algorithm: "sha-256", value }])).toBe(true);
    const lower = { algorithm: "SHA-256", value: value.toLowerCase() };
    expect(matchesFingerprint(certificate, [lower])).toBe(true);
  });

  test.each([
    ["sha-512", value],
    ["sha-1", value],
    ["", value],
    ["toString", value],
    ["sha-256", value.slice(0, -3)],
    ["sha-256", `${value}:00`],
    ["sha-256", value.replaceAll(":", "")],
    ["sha-256", ""],
    ["sha-256", value.replace(/..$/, "ZZ")],
  ])("does not match as %p %p", (algorithm, other) => {
    expect(matchesFingerprint(certificate, [{ algorithm, value: other }])).toBe(false);
  });
});
