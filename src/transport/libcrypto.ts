/** The system's libcrypto by FFI, as far as AES-GCM goes. It keeps an expanded key between packets, at no cost. */
import { dlopen, type Pointer, ptr } from "bun:ffi";

/** OpenSSL 3 and 1.1 have the same calls. */
const LIBRARIES = ["libcrypto.so.3", "libcrypto.so.1.1"];
/** EVP_CTRL_AEAD_GET_TAG and EVP_CTRL_AEAD_SET_TAG. */
export const GET_TAG = 16;
export const SET_TAG = 17;
/** What EVP_CipherInit_ex takes for the direction. */
export const ENCRYPT = 1;
export const DECRYPT = 0;

type Symbols = NonNullable<ReturnType<typeof openLibrary>>;

export interface Libcrypto {
  readonly symbols: Symbols;
  /** EVP_CIPHER of AES-128-GCM. */
  readonly gcm: Pointer;
}

function openLibrary(name: string) {
  try {
    return dlopen(name, {
      EVP_CIPHER_CTX_new: { args: [], returns: "ptr" },
      EVP_CIPHER_CTX_free: { args: ["ptr"], returns: "void" },
      EVP_CIPHER_CTX_ctrl: { args: ["ptr", "i32", "i32", "ptr"], returns: "i32" },
      EVP_aes_128_gcm: { args: [], returns: "ptr" },
      EVP_CipherInit_ex: { args: ["ptr", "ptr", "ptr", "ptr", "ptr", "i32"], returns: "i32" },
      // Without output: more to authenticate; without input: the end, negative where the tag does not fit.
      EVP_Cipher: { args: ["ptr", "ptr", "ptr", "u32"], returns: "i32" },
    }).symbols;
  } catch {
    return undefined;
  }
}

let opened: { readonly library: Libcrypto | undefined } | undefined;

/** The first libcrypto of this system that can do AES-128-GCM; undefined where it has none, or is no Linux. */
export function openLibcrypto(): Libcrypto | undefined {
  // SRTP and SRTCP share it.
  opened ??= { library: findLibcrypto() };
  return opened.library;
}

function findLibcrypto(): Libcrypto | undefined {
  if (process.platform !== "linux") return undefined;
  for (const name of LIBRARIES) {
    const symbols = openLibrary(name);
    const found = symbols?.EVP_aes_128_gcm();
    if (symbols === undefined || !found) continue;
    const gcm = Number(found) as Pointer;
    const copy = copyOf(name, gcm);
    const choices = copy === undefined ? [gcm] : [copy, gcm];
    const usable = choices.map((one) => ({ symbols, gcm: one })).find(makesContexts);
    if (usable !== undefined) return usable;
  }
  return undefined;
}

function makesContexts(library: Libcrypto): boolean {
  try {
    library.symbols.EVP_CIPHER_CTX_free(newGcmContext(library, Buffer.alloc(16), ENCRYPT));
    return true;
  } catch {
    return false;
  }
}

/**
 * OpenSSL 3 reaches its own ciphers through parameters that it finds by comparing names, several times per packet; a
 * copy counts as a cipher of the application, which is called directly: a quarter less for a packet of 1,200 bytes.
 * Undefined where this OpenSSL can't do it.
 */
function copyOf(name: string, gcm: Pointer): Pointer | undefined {
  try {
    const { symbols } = dlopen(name, { EVP_CIPHER_meth_dup: { args: ["ptr"], returns: "ptr" } });
    const copy = symbols.EVP_CIPHER_meth_dup(gcm);
    return copy ? (Number(copy) as Pointer) : undefined;
  } catch {
    return undefined;
  }
}

/** A context with the key of one direction, to be freed by EVP_CIPHER_CTX_free. Throws where it can't be made. */
export function newGcmContext({ symbols, gcm }: Libcrypto, key: Buffer, direction: 0 | 1): Pointer {
  const context = symbols.EVP_CIPHER_CTX_new();
  if (!context) throw new Error("libcrypto has no memory for a cipher");
  const address = Number(context) as Pointer;
  if (symbols.EVP_CipherInit_ex(address, gcm, null, ptr(key), null, direction) === 1)
    return address;
  symbols.EVP_CIPHER_CTX_free(address);
  throw new Error("libcrypto refuses AES-128-GCM");
}
