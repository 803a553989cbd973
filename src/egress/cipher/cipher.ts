/** What the fan-out needs of an SRTP cipher; one per viewer and session key. */

export interface SrtpCipher {
  /**
   * Protects one packet (RFC 3711 §3.3, RFC 7714 §8). The 12-byte header stands at `offset` of `out`; the
   * payload is read from `payload` and lands, encrypted and with its tag, behind the header.
   * Returns the length of the whole SRTP packet in bytes.
   */
  protect(out: Buffer, offset: number, payload: Uint8Array, rollover: number): number;
}
