/** Writes to stdout or stderr without ever failing or holding up the caller. */

/** What a reader that has stopped may leave waiting; more is dropped instead of filling the memory. */
const WAITING_BYTES_MAX = 1 << 20;

export type Write = (text: string) => void;

/** A closed pipe or a full disk loses lines, not the server. */
export function createWrite(stream: NodeJS.WriteStream): Write {
  stream.on("error", () => undefined);
  return (text) => {
    if (stream.writableLength > WAITING_BYTES_MAX) return;
    try {
      stream.write(text);
    } catch {
      // There is nobody left to tell.
    }
  };
}
