/** Sizes in bytes that SRTP and SRTCP share (RFC 3711 §8.2, RFC 7714 §12). */

/** Of AES-128, in both profiles. */
export const KEY_BYTES = 16;
/** Salt and initialisation vector of AEAD_AES_128_GCM. */
export const GCM_IV_BYTES = 12;
export const GCM_TAG_BYTES = 16;
