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

  /** True the first time the silence is too long. */
  failed(nowMs: number): boolean {
    if (this.reported || nowMs - this.lastHeardMs < this.silenceMsMax) return false;
    this.reported = true;
    return true;
  }
}
