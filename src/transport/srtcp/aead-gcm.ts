/**
 * SRTCP with AEAD_AES_128_GCM (RFC 7714 §9). Browsers and native players send several receiver reports a second
 * each, so this is by far the most frequent thing a viewer makes the server do.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import {
  deriveKey,
  LABEL_RTCP_ENCRYPTION,
  LABEL_RTCP_SALT,
} from "../../wire/srtp/key-derivation.ts";
import type { SrtpKeys } from "../dtls.ts";

const KEY_BYTES = 16;
const SALT_BYTES = 12;
const TAG_BYTES = 16;
/** The part of the header that stays in the clear: the first packet's first word and its SSRC. */
const CLEAR_BYTES = 8;
const INDEX_BYTES = 4;
const ENCRYPTED = 0x8000_0000;

/** One direction's key and salt. */
class Direction {
  readonly key: Buffer;
  private readonly salt: Buffer;
  private readonly iv = Buffer.alloc(SALT_BYTES);
  private readonly aad = Buffer.alloc(CLEAR_BYTES + INDEX_BYTES);

  constructor(masterKey: Buffer, masterSalt: Buffer) {
    this.key = deriveKey(masterKey, masterSalt, LABEL_RTCP_ENCRYPTION, KEY_BYTES);
    this.salt = deriveKey(masterKey, masterSalt, LABEL_RTCP_SALT, SALT_BYTES);
  }

  /** RFC 7714 §9.1: zeros, SSRC, zeros, index, exclusive-or the salt. Good until the next call. */
  ivOf(packet: Buffer, index: number): Buffer {
    const { iv, salt } = this;
    iv.set(salt);
    iv.writeUInt32BE((salt.readUInt32BE(2) ^ packet.readUInt32BE(4)) >>> 0, 2);
    iv.writeUInt32BE((salt.readUInt32BE(8) ^ index) >>> 0, 8);
    return iv;
  }

  /** RFC 7714 §9.2: the clear part of the header and the word with the index. Good until the next call. */
  aadOf(packet: Uint8Array, word: number): Buffer {
    this.aad.set(packet.subarray(0, CLEAR_BYTES));
    this.aad.writeUInt32BE(word, CLEAR_BYTES);
    return this.aad;
  }
}

export class GcmSrtcp {
  private readonly outgoing: Direction;
  private readonly incoming: Direction;
  private nextIndex = 1;

  constructor(keys: SrtpKeys) {
    this.outgoing = new Direction(keys.localKey, keys.localSalt);
    this.incoming = new Direction(keys.remoteKey, keys.remoteSalt);
  }

  protect(packet: Buffer): Buffer {
    const { outgoing } = this;
    const index = this.nextIndex++;
    const word = (ENCRYPTED | index) >>> 0;
    const cipher = createCipheriv("aes-128-gcm", outgoing.key, outgoing.ivOf(packet, index));
    cipher.setAAD(outgoing.aadOf(packet, word));
    const body = cipher.update(packet.subarray(CLEAR_BYTES));
    cipher.final();
    const out = Buffer.allocUnsafe(packet.length + TAG_BYTES + INDEX_BYTES);
    packet.copy(out, 0, 0, CLEAR_BYTES);
    body.copy(out, CLEAR_BYTES);
    cipher.getAuthTag().copy(out, packet.length);
    out.writeUInt32BE(word, packet.length + TAG_BYTES);
    return out;
  }

  /** The plain RTCP. Throws where the packet is not authentic, undefined where it was not encrypted. */
  unprotect(packet: Buffer): Buffer | undefined {
    const { incoming } = this;
    const end = packet.length - INDEX_BYTES;
    const word = packet.readUInt32BE(end);
    if (word < ENCRYPTED) return undefined;
    const iv = incoming.ivOf(packet, word - ENCRYPTED);
    const cipher = createDecipheriv("aes-128-gcm", incoming.key, iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(incoming.aadOf(packet, word));
    cipher.setAuthTag(packet.subarray(end - TAG_BYTES, end));
    const body = cipher.update(packet.subarray(CLEAR_BYTES, end - TAG_BYTES));
    cipher.final();
    return Buffer.concat([packet.subarray(0, CLEAR_BYTES), body]);
  }
}
