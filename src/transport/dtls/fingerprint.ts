/** Certificate fingerprints of a=fingerprint (RFC 8122 §5). */
import { createHash, timingSafeEqual } from "node:crypto";

/** SHA-1 and MD5 are refused: their collisions let another certificate pass. */
const HASHES: ReadonlyMap<string, string> = new Map([
  ["sha-256", "sha256"],
  ["sha-384", "sha384"],
  ["sha-512", "sha512"],
]);
const PATTERN = /^[0-9a-f]{2}(?::[0-9a-f]{2})*$/i;

/** True where one of the fingerprints of an allowed hash is the certificate's. Upper and lower case are equal. */
export function matchesFingerprint(
  certificate: Buffer,
  fingerprints: readonly { algorithm: string; value: string }[],
): boolean {
  return fingerprints.some(({ algorithm, value }) => {
    const hash = HASHES.get(algorithm.toLowerCase());
    if (hash === undefined || !PATTERN.test(value)) return false;
    const expected = Buffer.from(value.replaceAll(":", ""), "hex");
    const actual = createHash(hash).update(certificate).digest();
    return expected.length === actual.length && timingSafeEqual(expected, actual);
  });
}

/** The SHA-256 fingerprint of a DER certificate, "AA:BB:…". */
export function fingerprintSha256(certificate: Uint8Array): string {
  const hex = createHash("sha256").update(certificate).digest("hex").toUpperCase();
  return (hex.match(/../g) ?? []).join(":");
}
