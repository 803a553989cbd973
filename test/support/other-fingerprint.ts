/** An offer whose fingerprints are of another certificate, whichever byte they begin with. */
export function withOtherFingerprint(sdp: string): string {
  return sdp.replaceAll(
    /(sha-256 )(..)/g,
    (_all, hash, byte) => `${hash}${byte === "00" ? "01" : "00"}`,
  );
}
