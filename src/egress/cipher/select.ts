/** Chooses the cipher back-end once, at start. */
import type { SrtpKeys } from "../../transport/dtls.ts";
import type { SrtpCipher } from "./cipher.ts";
import { libcryptoCipher } from "./libcrypto-ffi.ts";
import { createNodeCipher } from "./node-crypto.ts";

export interface CipherBackend {
  /** For the log. */
  readonly name: "libcrypto" | "node:crypto";
  readonly create: (keys: SrtpKeys) => SrtpCipher;
}

/**
 * libcrypto where it is there and passes a known-answer test, node:crypto otherwise and for the
 * AES-CM profile, which players only take when they have no AEAD.
 */
export function selectCipher(choice: "auto" | "portable"): CipherBackend {
  const gcm = choice === "auto" ? libcryptoCipher() : undefined;
  if (gcm === undefined) return { name: "node:crypto", create: createNodeCipher };
  return {
    name: "libcrypto",
    create: (keys) => (keys.profile === "AEAD_AES_128_GCM" ? gcm(keys) : createNodeCipher(keys)),
  };
}
