/**
 * SRTCP with AEAD_AES_128_GCM (RFC 7714 §9). Browsers and native players send several receiver reports a second
 * each, so this is by far the most frequent thing a viewer makes the server do.
 */
import {
  deriveKey,
  LABEL_RTCP_ENCRYPTION,
  LABEL_RTCP_SALT,
} from "../../wire/srtp/key-derivation.ts";
import { GCM_IV_BYTES, GCM_TAG_BYTES, KEY_BYTES } from "../../wire/srtp/sizes.ts";
import type { SrtpKeys } from "../dtls.ts";
import type { Direction, Gcm } from "./gcm.ts";

/** The part of the header that stays in the clear: the first packet's first word and its SSRC. */
const CLEAR_BYTES = 8;
const INDEX_BYTES = 4;
const ENCRYPTED = 0x8000_0000;

export type CreateGcm = (key: Buffer, direction: Direction) => Gcm;

/** One direction's cipher and salt. */
class OneWay {
  readonly gcm: Gcm;
  private readonly salt: Buffer;

  constructor(gcm: Gcm, salt: Buffer) {
    this.gcm = gcm;
    this.salt = salt;
  }

  /** The initialisation vector (RFC 7714 §9.1) and what is authenticated but not encrypted (§9.2). */
  prepare(packet: Buffer, word: number): void {
    const { iv, aad } = this.gcm;
    const { salt } = this;
    // Zeros, SSRC, zeros, index, exclusive-or the salt.
    iv.set(salt);
    iv.writeUInt32BE((salt.readUInt32BE(2) ^ packet.readUInt32BE(4)) >>> 0, 2);
    iv.writeUInt32BE((salt.readUInt32BE(8) ^ (word - ENCRYPTED)) >>> 0, 8);
    packet.copy(aad, 0, 0, CLEAR_BYTES);
    aad.writeUInt32BE(word, CLEAR_BYTES);
  }
}

export class GcmSrtcp {
  private readonly outgoing: OneWay;
  private readonly incoming: OneWay;
  private nextIndex = 1;

  constructor(keys: SrtpKeys, createGcm: CreateGcm) {
    const oneWay = (masterKey: Buffer, masterSalt: Buffer, direction: Direction) => {
      const key = deriveKey(masterKey, masterSalt, LABEL_RTCP_ENCRYPTION, KEY_BYTES);
      const salt = deriveKey(masterKey, masterSalt, LABEL_RTCP_SALT, GCM_IV_BYTES);
      return new OneWay(createGcm(key, direction), salt);
    };
    this.outgoing = oneWay(keys.localKey, keys.localSalt, "seal");
    this.incoming = oneWay(keys.remoteKey, keys.remoteSalt, "open");
  }

  /** Undefined after close(). */
  protect(packet: Buffer): Buffer | undefined {
    const word = (ENCRYPTED | this.nextIndex++) >>> 0;
    const out = Buffer.allocUnsafe(packet.length + GCM_TAG_BYTES + INDEX_BYTES);
    packet.copy(out);
    this.outgoing.prepare(packet, word);
    if (!this.outgoing.gcm.seal(out, CLEAR_BYTES, packet.length)) return undefined;
    out.writeUInt32BE(word, packet.length + GCM_TAG_BYTES);
    return out;
  }

  /**
   * The plain RTCP, decrypted in place: the packet is spoilt. Undefined where it is not authentic, or was not
   * encrypted.
   */
  unprotect(packet: Buffer): Buffer | undefined {
    const end = packet.length - INDEX_BYTES - GCM_TAG_BYTES;
    if (end < CLEAR_BYTES) return undefined;
    const word = packet.readUInt32BE(packet.length - INDEX_BYTES);
    if (word < ENCRYPTED) return undefined;
    this.incoming.prepare(packet, word);
    const authentic = this.incoming.gcm.open(packet, CLEAR_BYTES, end);
    return authentic ? packet.subarray(0, end) : undefined;
  }

  close(): void {
    this.outgoing.gcm.close();
    this.incoming.gcm.close();
  }
}
