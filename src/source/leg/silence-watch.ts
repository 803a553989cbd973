/** Tells once when a leg that should carry media has been silent for too long, and again after it spoke. */
export class SilenceWatch {
  private readonly silenceMsMax: number;
  private lastHeardMs: number;
  private reported = false;

  constructor(silenceMsMax: number, nowMs: number) {
    this.silenceMsMax = silenceMsMax;
    this.lastHeardMs = nowMs;
  }

  heard(nowMs: number): void {
    this.lastHeardMs = nowMs;
    this.reported = false;
  }

  /** True while the silence is too long. */
  silent(nowMs: number): boolean {
    return nowMs - this.lastHeardMs >= this.silenceMsMax;
  }

  /** True once for each silence that is too long. */
  failed(nowMs: number): boolean {
    if (this.reported || !this.silent(nowMs)) return false;
    this.reported = true;
    return true;
  }
}
