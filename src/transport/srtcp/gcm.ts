/** AES-128-GCM with the key of one direction, in place: what SRTCP needs of a library of ciphers. */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { GCM_IV_BYTES, GCM_TAG_BYTES } from "../../wire/srtp/sizes.ts";

export const AAD_BYTES = 12;

export interface Gcm {
  /** Filled by the caller before each packet. */
  readonly iv: Buffer;
  readonly aad: Buffer;
  /** Encrypts the bytes from `from` to `to`, and writes the tag behind them. False, and nothing is done, after close(). */
  seal(bytes: Buffer, from: number, to: number): boolean;
  /** Decrypts the bytes from `from` to `to`. False, and the bytes are spoilt, where the tag behind them does not fit. */
  open(bytes: Buffer, from: number, to: number): boolean;
  /** Frees the key: nothing is sealed or opened from then on. Idempotent. */
  close(): void;
}

export type Direction = "seal" | "open";

/** On node:crypto, which makes objects for each packet but is there on every platform. */
export class NodeGcm implements Gcm {
  readonly iv = Buffer.alloc(GCM_IV_BYTES);
  readonly aad = Buffer.alloc(AAD_BYTES);
  private key: Buffer | undefined;

  constructor(key: Buffer) {
    this.key = key;
  }

  seal(bytes: Buffer, from: number, to: number): boolean {
    if (this.key === undefined) return false;
    const cipher = createCipheriv("aes-128-gcm", this.key, this.iv);
    cipher.setAAD(this.aad);
    bytes.set(cipher.update(bytes.subarray(from, to)), from);
    cipher.final();
    bytes.set(cipher.getAuthTag(), to);
    return true;
  }

  open(bytes: Buffer, from: number, to: number): boolean {
    if (this.key === undefined) return false;
    const options = { authTagLength: GCM_TAG_BYTES };
    const cipher = createDecipheriv("aes-128-gcm", this.key, this.iv, options);
    cipher.setAAD(this.aad);
    cipher.setAuthTag(bytes.subarray(to, to + GCM_TAG_BYTES));
    bytes.set(cipher.update(bytes.subarray(from, to)), from);
    try {
      cipher.final();
      return true;
    } catch {
      return false;
    }
  }

  close(): void {
    this.key = undefined;
  }
}
