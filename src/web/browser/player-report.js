// What the viewer saw, told to the server where it asks for it: the first picture, and how long the picture stood still.

/** Between two reports of pictures that stood still. */
const REPORT_MS = 10_000;

/** The address for reports from the Link header of the answer, or undefined where the server wants none. */
export function reportUrlFromLink(header, base) {
  const found = /<([^>]+)>\s*;\s*rel="player-report"/.exec(header ?? "");
  return found === null ? undefined : new URL(found[1], base).href;
}

/** The reports of one session. Numbers are of the whole session, so that one that is lost does no harm. */
export class PlayerReport {
  #send;
  #numbers = {};
  #told = 0;
  #toldAtMs;

  /** `send(numbers)` gets JSON for the server. */
  constructor(send) {
    this.#send = send;
  }

  firstFrame(milliseconds, nowMs) {
    this.#numbers.first_frame_seconds = milliseconds / 1000;
    this.#tell(nowMs);
  }

  /** The numbers of statistics.js, once a second. */
  sample({ freezes, freezeSeconds }, nowMs) {
    if (freezeSeconds === undefined) return;
    this.#numbers.freezes = freezes;
    this.#numbers.freeze_seconds = freezeSeconds;
    if (nowMs - (this.#toldAtMs ?? 0) >= REPORT_MS) this.end(nowMs);
  }

  /** Tells what was not told yet. */
  end(nowMs) {
    if ((this.#numbers.freeze_seconds ?? 0) > this.#told) this.#tell(nowMs);
  }

  #tell(nowMs) {
    this.#told = this.#numbers.freeze_seconds ?? 0;
    this.#toldAtMs = nowMs;
    this.#send({ ...this.#numbers });
  }
}
