/** SRTP session keys from the master key (RFC 3711 §4.3.1, key derivation rate 0; RFC 7714 §11). */
import { createCipheriv } from "node:crypto";

export const LABEL_RTP_ENCRYPTION = 0;
export const LABEL_RTP_AUTHENTICATION = 1;
export const LABEL_RTP_SALT = 2;
export const LABEL_RTCP_ENCRYPTION = 3;
export const LABEL_RTCP_SALT = 5;

/** Derives `length` bytes for a label. The 12-byte AEAD salt is padded to 14 bytes with zeros. */
export function deriveKey(
  masterKey: Uint8Array,
  masterSalt: Uint8Array,
  label: number,
  length: number,
): Buffer {
  const iv = Buffer.alloc(16);
  iv.set(masterSalt.subarray(0, 14));
  // The label is octet 7 of the 14-octet x = key_id XOR master_salt, since r is 0.
  iv[7] = iv[7]! ^ label;
  return createCipheriv("aes-128-ctr", masterKey, iv).update(Buffer.alloc(length));
}
