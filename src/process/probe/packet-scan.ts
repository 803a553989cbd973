/**
 * Reads the output of FFmpeg's framecrc muxer: one line per packet with its times and flags.
 * Shows what FFmpeg's log doesn't: B-frames (pts out of order) and the distance of keyframes.
 */

const packetLine =
  /^(\d+),\s*(-?\d+),\s*(-?\d+),\s*\d+,\s*\d+,\s*0x[0-9a-f]+(?:,\s*F=0x([0-9A-Fa-f]+))?/;
const timeBaseLine = /^#tb (\d+): (\d+)\/(\d+)$/;
const mediaTypeLine = /^#media_type (\d+): video$/;
const keyFlag = 1;

export class PacketScan {
  #video: string | undefined;
  readonly #tickSeconds = new Map<string, number>();
  #packets = 0;
  #first: number | undefined;
  #newest = 0;
  #lastKey: number | undefined;
  #keys = 0;
  #gopTicks = 0;
  #reordered = false;

  push(line: string): void {
    const base = timeBaseLine.exec(line);
    if (base !== null) this.#tickSeconds.set(base[1] ?? "", Number(base[2]) / Number(base[3]));
    const type = mediaTypeLine.exec(line);
    if (type !== null) this.#video ??= type[1];
    const packet = packetLine.exec(line);
    if (packet === null || packet[1] !== this.#video) return;
    // framecrc leaves the flags out when a packet is a keyframe and nothing else.
    const isKey = packet[4] === undefined || (Number.parseInt(packet[4], 16) & keyFlag) !== 0;
    this.#add(Number(packet[3]), isKey);
  }

  /** undefined: no packet was seen. */
  get bFrames(): boolean | undefined {
    return this.#packets > 0 ? this.#reordered : undefined;
  }

  /** False: gopSeconds is only the time watched. */
  get gopMeasured(): boolean {
    return this.#keys >= 2;
  }

  /** The longest distance of two keyframes, or the whole time watched if there was no second. */
  get gopSeconds(): number | undefined {
    const tick = this.#tickSeconds.get(this.#video ?? "");
    if (tick === undefined || this.#first === undefined) return undefined;
    return (this.gopMeasured ? this.#gopTicks : this.#newest - this.#first) * tick;
  }

  #add(pts: number, isKey: boolean): void {
    if (this.#packets > 0 && pts < this.#newest) this.#reordered = true;
    this.#packets += 1;
    this.#first ??= pts;
    this.#newest = Math.max(this.#newest, pts);
    if (!isKey) return;
    if (this.#lastKey !== undefined) this.#gopTicks = Math.max(this.#gopTicks, pts - this.#lastKey);
    this.#lastKey = pts;
    this.#keys += 1;
  }
}
