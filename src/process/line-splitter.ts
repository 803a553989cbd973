/**
 * Cuts a byte stream of unknown length and content into lines.
 * FFmpeg ends its statistics with \r and its messages with \n; a broken or hostile child may
 * send gigabytes without either, so a line is cut at a cap and the rest of it is dropped.
 */

const carriageReturn = 0x0d;
const lineFeed = 0x0a;

/** No message of FFmpeg comes near this; it only bounds the memory of one line. */
export const lineBytesMax = 64 * 1024;

export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #bytesMax: number;
  readonly #decoder = new TextDecoder("utf-8", { fatal: false });
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #skipping = false;

  constructor(onLine: (line: string) => void, bytesMax: number = lineBytesMax) {
    this.#onLine = onLine;
    this.#bytesMax = bytesMax;
  }

  /** Takes the next bytes; calls back once per complete line that is not empty. */
  push(chunk: Uint8Array): void {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte !== lineFeed && byte !== carriageReturn) continue;
      this.#hold(chunk.subarray(from, at));
      this.#flush();
      from = at + 1;
    }
    this.#hold(chunk.subarray(from));
  }

  /** Hands out what is left when the stream ends without a line end. */
  end(): void {
    this.#flush();
  }

  #hold(part: Uint8Array): void {
    if (part.length === 0 || this.#skipping) return;
    const room = this.#bytesMax - this.#heldBytes;
    this.#skipping = part.length > room;
    // Copied, because the reader may reuse its buffer before the line is complete.
    const kept = part.slice(0, room);
    this.#held.push(kept);
    this.#heldBytes += kept.length;
  }

  #flush(): void {
    const parts = this.#held;
    const bytes = this.#heldBytes;
    this.#held = [];
    this.#heldBytes = 0;
    this.#skipping = false;
    if (bytes === 0) return;
    this.#onLine(this.#decoder.decode(parts.length === 1 ? parts[0] : join(parts, bytes)));
  }
}

function join(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
