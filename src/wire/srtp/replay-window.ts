/** Sliding replay window (RFC 3711 §3.3.2). */
const WINDOW_BITS = 64;

/** Accepts each packet index once; indexes older than 64 behind the highest are refused. */
export class ReplayWindow {
  private highest = -1;
  private seen = 0n;

  /** True where the index is new; it is then marked as seen. */
  accept(index: number): boolean {
    const ahead = index - this.highest;
    if (ahead > 0) {
      this.seen =
        ahead >= WINDOW_BITS ? 1n : BigInt.asUintN(WINDOW_BITS, this.seen << BigInt(ahead)) | 1n;
      this.highest = index;
      return true;
    }
    if (-ahead >= WINDOW_BITS) return false;
    const bit = 1n << BigInt(-ahead);
    if ((this.seen & bit) !== 0n) return false;
    this.seen |= bit;
    return true;
  }
}
