/**
 * AES-128-GCM of libcrypto for SRTCP: reports come by the hundred a second from a hall of viewers, and each would leave
 * a cipher object of node:crypto behind.
 */
import { type Pointer, ptr } from "bun:ffi";
import { GCM_IV_BYTES, GCM_TAG_BYTES } from "../../wire/srtp/sizes.ts";
import { DECRYPT, ENCRYPT, GET_TAG, type Libcrypto, newGcmContext, SET_TAG } from "../libcrypto.ts";
import { AAD_BYTES, type Direction, type Gcm } from "./gcm.ts";

export class LibcryptoGcm implements Gcm {
  readonly iv = Buffer.alloc(GCM_IV_BYTES);
  readonly aad = Buffer.alloc(AAD_BYTES);
  private readonly ivAddress = ptr(this.iv);
  private readonly aadAddress = ptr(this.aad);
  private readonly symbols: Libcrypto["symbols"];
  private context: Pointer | null;

  constructor(library: Libcrypto, key: Buffer, direction: Direction) {
    this.symbols = library.symbols;
    this.context = newGcmContext(library, key, direction === "seal" ? ENCRYPT : DECRYPT);
  }

  seal(bytes: Buffer, from: number, to: number): boolean {
    const { context, symbols } = this;
    if (context === null) return false;
    const address = this.update(context, bytes, from, to, ENCRYPT);
    const tag = (address + to) as Pointer;
    symbols.EVP_Cipher(context, null, null, 0);
    return symbols.EVP_CIPHER_CTX_ctrl(context, GET_TAG, GCM_TAG_BYTES, tag) === 1;
  }

  open(bytes: Buffer, from: number, to: number): boolean {
    const { context, symbols } = this;
    if (context === null) return false;
    const address = this.update(context, bytes, from, to, DECRYPT);
    const tag = (address + to) as Pointer;
    symbols.EVP_CIPHER_CTX_ctrl(context, SET_TAG, GCM_TAG_BYTES, tag);
    return symbols.EVP_Cipher(context, null, null, 0) >= 0;
  }

  close(): void {
    if (this.context === null) return;
    this.symbols.EVP_CIPHER_CTX_free(this.context);
    this.context = null;
  }

  /** The address of `bytes`, good until this turn of the event loop ends. */
  private update(
    context: Pointer,
    bytes: Buffer,
    from: number,
    to: number,
    direction: 0 | 1,
  ): number {
    const { symbols } = this;
    const address = Number(ptr(bytes));
    const body = (address + from) as Pointer;
    symbols.EVP_CipherInit_ex(context, null, null, null, this.ivAddress, direction);
    symbols.EVP_Cipher(context, null, this.aadAddress, AAD_BYTES);
    symbols.EVP_Cipher(context, body, body, to - from);
    return address;
  }
}
