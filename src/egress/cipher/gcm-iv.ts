/** The initialisation vector of AEAD_AES_128_GCM: SSRC, ROC and SEQ exclusive-or the salt (RFC 7714 §8.1). */

/** Writes the 12 bytes for the packet whose header stands at `offset` of `out`. */
export function writeGcmIv(
  iv: Uint8Array,
  salt: Uint8Array,
  out: Uint8Array,
  offset: number,
  rollover: number,
): void {
  iv[0] = salt[0]!;
  iv[1] = salt[1]!;
  iv[2] = salt[2]! ^ out[offset + 8]!;
  iv[3] = salt[3]! ^ out[offset + 9]!;
  iv[4] = salt[4]! ^ out[offset + 10]!;
  iv[5] = salt[5]! ^ out[offset + 11]!;
  iv[6] = salt[6]! ^ (rollover >>> 24);
  iv[7] = salt[7]! ^ (rollover >>> 16);
  iv[8] = salt[8]! ^ (rollover >>> 8);
  iv[9] = salt[9]! ^ rollover;
  iv[10] = salt[10]! ^ out[offset + 2]!;
  iv[11] = salt[11]! ^ out[offset + 3]!;
}
