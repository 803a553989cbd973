/** SRTP ciphers on node:crypto, which every platform has. Hot: watched by the fan-out bench. */
import { type CipherGCM, createCipheriv, createHmac } from "node:crypto";
import type { SrtpKeys } from "../../transport/dtls.ts";
import { RTP_HEADER_BYTES } from "../../wire/rtp/header.ts";
import {
  deriveKey,
  LABEL_RTP_AUTHENTICATION,
  LABEL_RTP_ENCRYPTION,
  LABEL_RTP_SALT,
} from "../../wire/srtp/key-derivation.ts";
import { GCM_IV_BYTES, GCM_TAG_BYTES, KEY_BYTES } from "../../wire/srtp/sizes.ts";
import type { SrtpCipher } from "./cipher.ts";
import { writeGcmIv } from "./gcm-iv.ts";

const CM_SALT_BYTES = 14;
const SHA1_KEY_BYTES = 20;
const SHA1_TAG_BYTES = 10;

/** The cipher for the direction server → player of this session. */
export function createNodeCipher(keys: SrtpKeys): SrtpCipher {
  return keys.profile === "AEAD_AES_128_GCM" ? new AeadAesGcm(keys) : new AesCmSha1(keys);
}

/** AEAD_AES_128_GCM (RFC 7714). */
class AeadAesGcm implements SrtpCipher {
  private readonly key: Buffer;
  private readonly salt: Buffer;
  private readonly iv = Buffer.alloc(GCM_IV_BYTES);

  constructor(keys: SrtpKeys) {
    this.key = deriveKey(keys.localKey, keys.localSalt, LABEL_RTP_ENCRYPTION, KEY_BYTES);
    this.salt = deriveKey(keys.localKey, keys.localSalt, LABEL_RTP_SALT, GCM_IV_BYTES);
  }

  protect(
    out: Buffer,
    offset: number,
    source: Uint8Array,
    sourceOffset: number,
    length: number,
    rollover: number,
  ): number {
    const payload = source.subarray(sourceOffset, sourceOffset + length);
    const { iv } = this;
    writeGcmIv(iv, this.salt, out, offset, rollover);
    const cipher = createCipheriv("aes-128-gcm", this.key, iv) as CipherGCM;
    const body = offset + RTP_HEADER_BYTES;
    cipher.setAAD(out.subarray(offset, body));
    out.set(cipher.update(payload), body);
    cipher.final();
    out.set(cipher.getAuthTag(), body + length);
    return RTP_HEADER_BYTES + length + GCM_TAG_BYTES;
  }

  close(): void {}
}

/** AES128_CM_HMAC_SHA1_80, which every WebRTC endpoint has (RFC 3711 §4.1.1, §4.2.1). */
class AesCmSha1 implements SrtpCipher {
  private readonly key: Buffer;
  private readonly salt: Buffer;
  private readonly authenticationKey: Buffer;
  private readonly iv = Buffer.alloc(16);

  constructor(keys: SrtpKeys) {
    const { localKey, localSalt } = keys;
    this.key = deriveKey(localKey, localSalt, LABEL_RTP_ENCRYPTION, KEY_BYTES);
    this.salt = deriveKey(localKey, localSalt, LABEL_RTP_SALT, CM_SALT_BYTES);
    this.authenticationKey = deriveKey(
      localKey,
      localSalt,
      LABEL_RTP_AUTHENTICATION,
      SHA1_KEY_BYTES,
    );
  }

  protect(
    out: Buffer,
    offset: number,
    source: Uint8Array,
    sourceOffset: number,
    length: number,
    rollover: number,
  ): number {
    const payload = source.subarray(sourceOffset, sourceOffset + length);
    const { iv } = this;
    iv.fill(0);
    iv.set(this.salt);
    for (let i = 0; i < 4; i++) iv[4 + i] = iv[4 + i]! ^ out[offset + 8 + i]!;
    iv[8] = iv[8]! ^ (rollover >>> 24);
    iv[9] = iv[9]! ^ (rollover >>> 16);
    iv[10] = iv[10]! ^ (rollover >>> 8);
    iv[11] = iv[11]! ^ rollover;
    iv[12] = iv[12]! ^ out[offset + 2]!;
    iv[13] = iv[13]! ^ out[offset + 3]!;
    const body = offset + RTP_HEADER_BYTES;
    const end = body + length;
    out.set(createCipheriv("aes-128-ctr", this.key, iv).update(payload), body);
    // The tag covers packet and ROC; the ROC is not sent, so the tag is written over it.
    out.writeUInt32BE(rollover >>> 0, end);
    const tag = createHmac("sha1", this.authenticationKey)
      .update(out.subarray(offset, end + 4))
      .digest();
    out.set(tag.subarray(0, SHA1_TAG_BYTES), end);
    return RTP_HEADER_BYTES + length + SHA1_TAG_BYTES;
  }

  close(): void {}
}
