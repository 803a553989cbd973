/** The streams by id. Only ids in here are ever served, logged as a stream or used as a label value. */
import type { Stream } from "./stream.ts";

export class StreamRegistry {
  private readonly streams = new Map<string, Stream>();

  get(id: string): Stream | undefined {
    return this.streams.get(id);
  }

  list(): readonly Stream[] {
    return [...this.streams.values()];
  }

  add(stream: Stream): void {
    this.streams.set(stream.id, stream);
  }

  /** Takes a stream out and closes it. */
  remove(id: string): void {
    this.streams.get(id)?.close();
    this.streams.delete(id);
  }
}
