/** What the fan-out needs of an SRTP cipher; one per viewer and session key. */

export interface SrtpCipher {
  /**
   * Protects one packet (RFC 3711 §3.3, RFC 7714 §8). The 12-byte header stands at `offset` of `out`; the
   * payload is read from `source` and lands, encrypted and with its tag, behind the header.
   * Returns the length of the whole SRTP packet in bytes, 0 after close().
   */
  protect(
    out: Buffer,
    offset: number,
    source: Uint8Array,
    sourceOffset: number,
    length: number,
    rollover: number,
  ): number;
  /** Frees what the cipher holds; to be called with the end of the viewer. Idempotent. */
  close(): void;
}
