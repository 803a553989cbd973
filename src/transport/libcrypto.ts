/** The system's libcrypto by FFI, as far as AES-GCM goes. It keeps an expanded key between packets, at no cost. */
import { dlopen, type Pointer, ptr } from "bun:ffi";

/** OpenSSL 3 and 1.1 have the same calls. */
const LIBRARIES = ["libcrypto.so.3", "libcrypto.so.1.1"];
/** EVP_CTRL_AEAD_GET_TAG and EVP_CTRL_AEAD_SET_TAG. */
export const GET_TAG = 16;
export const SET_TAG = 17;

export type Libcrypto = NonNullable<ReturnType<typeof openLibrary>>;

function openLibrary(name: string) {
  try {
    return dlopen(name, {
      EVP_CIPHER_CTX_new: { args: [], returns: "ptr" },
      EVP_CIPHER_CTX_free: { args: ["ptr"], returns: "void" },
      EVP_CIPHER_CTX_ctrl: { args: ["ptr", "i32", "i32", "ptr"], returns: "i32" },
      EVP_aes_128_gcm: { args: [], returns: "ptr" },
      EVP_CipherInit_ex: { args: ["ptr", "ptr", "ptr", "ptr", "ptr", "i32"], returns: "i32" },
      EVP_CipherUpdate: { args: ["ptr", "ptr", "ptr", "ptr", "i32"], returns: "i32" },
      EVP_CipherFinal_ex: { args: ["ptr", "ptr", "ptr"], returns: "i32" },
    }).symbols;
  } catch {
    return undefined;
  }
}

/** The first libcrypto this system has; undefined where it has none, or is no Linux. */
export function openLibcrypto(): Libcrypto | undefined {
  if (process.platform !== "linux") return undefined;
  for (const name of LIBRARIES) {
    const library = openLibrary(name);
    if (library !== undefined) return library;
  }
  return undefined;
}

/** What EVP_CipherInit_ex takes for the direction; of a context that has one, it must be said again. */
export const ENCRYPT = 1;
export const DECRYPT = 0;

/** A context with the key of one direction, to be freed by EVP_CIPHER_CTX_free. Throws where memory is out. */
export function newGcmContext(library: Libcrypto, key: Buffer, direction: 0 | 1): Pointer {
  const context = library.EVP_CIPHER_CTX_new();
  if (!context) throw new Error("libcrypto has no memory for a cipher");
  const address = Number(context) as Pointer;
  library.EVP_CipherInit_ex(address, library.EVP_aes_128_gcm(), null, ptr(key), null, direction);
  return address;
}
