/**
 * AEAD_AES_128_GCM on the system's libcrypto, which keeps the expanded key of a viewer between packets where
 * node:crypto makes a cipher object for each. Hot: allocates nothing; watched by the fan-out bench.
 * Every pointer is into a buffer that outlives the call; contexts are freed with their viewer.
 */

import { type Pointer, ptr } from "bun:ffi";
import { createCipheriv } from "node:crypto";
import type { SrtpKeys } from "../../transport/dtls.ts";
import {
  ENCRYPT,
  GET_TAG,
  type Libcrypto,
  newGcmContext,
  openLibcrypto,
} from "../../transport/libcrypto.ts";
import { RTP_HEADER_BYTES } from "../../wire/rtp/header.ts";
import { deriveKey, LABEL_RTP_ENCRYPTION, LABEL_RTP_SALT } from "../../wire/srtp/key-derivation.ts";
import { GCM_IV_BYTES, GCM_TAG_BYTES, KEY_BYTES } from "../../wire/srtp/sizes.ts";
import type { SrtpCipher } from "./cipher.ts";
import { writeGcmIv } from "./gcm-iv.ts";

/** Makes ciphers of libcrypto; undefined where there is none, or where it does not encrypt as node:crypto does. */
export function libcryptoCipher(): ((keys: SrtpKeys) => SrtpCipher) | undefined {
  const library = openLibcrypto();
  if (library === undefined) return undefined;
  const addresses = new AddressBook();
  const create = (keys: SrtpKeys) => new EvpAesGcm(keys, library, addresses);
  return passesKnownAnswer(create) ? create : undefined;
}

/**
 * Addresses of the few long-lived buffers packets are read from and written to. The last one asked for is kept
 * at hand: a whole batch uses the same two.
 */
class AddressBook {
  private readonly known = new WeakMap<Uint8Array, number>();
  private last: Uint8Array | undefined;
  private lastAddress = 0;

  of(bytes: Uint8Array): number {
    if (bytes === this.last) return this.lastAddress;
    let address = this.known.get(bytes);
    if (address === undefined) {
      address = Number(ptr(bytes));
      this.known.set(bytes, address);
    }
    this.last = bytes;
    this.lastAddress = address;
    return address;
  }
}

class EvpAesGcm implements SrtpCipher {
  private readonly symbols: Libcrypto["symbols"];
  private readonly sources: AddressBook;
  private readonly salt: Buffer;
  private readonly iv = Buffer.alloc(GCM_IV_BYTES);
  private readonly ivAddress = ptr(this.iv);
  private out: Buffer | undefined;
  private outAddress = 0;
  private context: Pointer | null;

  constructor(keys: SrtpKeys, library: Libcrypto, sources: AddressBook) {
    this.symbols = library.symbols;
    this.sources = sources;
    this.salt = deriveKey(keys.localKey, keys.localSalt, LABEL_RTP_SALT, GCM_IV_BYTES);
    const key = deriveKey(keys.localKey, keys.localSalt, LABEL_RTP_ENCRYPTION, KEY_BYTES);
    this.context = newGcmContext(library, key, ENCRYPT);
  }

  protect(
    out: Buffer,
    offset: number,
    source: Uint8Array,
    sourceOffset: number,
    length: number,
    rollover: number,
  ): number {
    const { context, symbols } = this;
    if (context === null) return 0;
    if (out !== this.out) {
      this.out = out;
      this.outAddress = Number(ptr(out));
    }
    writeGcmIv(this.iv, this.salt, out, offset, rollover);
    const header = (this.outAddress + offset) as Pointer;
    const body = (this.outAddress + offset + RTP_HEADER_BYTES) as Pointer;
    const end = (this.outAddress + offset + RTP_HEADER_BYTES + length) as Pointer;
    const payload = (this.sources.of(source) + sourceOffset) as Pointer;
    symbols.EVP_CipherInit_ex(context, null, null, null, this.ivAddress, ENCRYPT);
    symbols.EVP_Cipher(context, null, header, RTP_HEADER_BYTES);
    symbols.EVP_Cipher(context, body, payload, length);
    symbols.EVP_Cipher(context, null, null, 0);
    symbols.EVP_CIPHER_CTX_ctrl(context, GET_TAG, GCM_TAG_BYTES, end);
    return RTP_HEADER_BYTES + length + GCM_TAG_BYTES;
  }

  close(): void {
    if (this.context === null) return;
    this.symbols.EVP_CIPHER_CTX_free(this.context);
    this.context = null;
  }
}

/** One packet must come out of libcrypto byte for byte as out of node:crypto. */
function passesKnownAnswer(create: (keys: SrtpKeys) => SrtpCipher): boolean {
  const localKey = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");
  const localSalt = Buffer.from("a0a1a2a3a4a5a6a7a8a9aaab", "hex");
  const keys: SrtpKeys = {
    profile: "AEAD_AES_128_GCM",
    localKey,
    localSalt,
    remoteKey: localKey,
    remoteSalt: localSalt,
  };
  const payload = Buffer.from("a payload that is longer than two blocks of sixteen bytes");
  const header = Buffer.from("80e60001000000010000cafe", "hex");
  const out = Buffer.alloc(256);
  header.copy(out);
  const cipher = create(keys);
  const length = cipher.protect(out, 0, payload, 0, payload.length, 7);
  cipher.close();
  const iv = Buffer.alloc(GCM_IV_BYTES);
  writeGcmIv(iv, deriveKey(localKey, localSalt, LABEL_RTP_SALT, GCM_IV_BYTES), out, 0, 7);
  const key = deriveKey(localKey, localSalt, LABEL_RTP_ENCRYPTION, KEY_BYTES);
  const reference = createCipheriv("aes-128-gcm", key, iv);
  reference.setAAD(header);
  const body = Buffer.concat([reference.update(payload), reference.final()]);
  const expected = Buffer.concat([header, body, reference.getAuthTag()]);
  return out.subarray(0, length).equals(expected);
}
