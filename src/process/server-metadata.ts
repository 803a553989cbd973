/** What clients keep about the whole server: JSON values by key, in the store. */
import { MetadataNotFound, ProcessInvalid } from "../errors/process.ts";
import type { ProcessStore } from "./store.ts";

/** A client keeps a handful; each value has the size of a request's body at most. */
export const SERVER_METADATA_KEYS_MAX = 1000;

export class ServerMetadata {
  readonly #store: Pick<ProcessStore, "serverMetadata" | "setServerMetadata">;
  readonly #values: Map<string, unknown>;

  constructor(store: Pick<ProcessStore, "serverMetadata" | "setServerMetadata">) {
    this.#store = store;
    this.#values = new Map(store.serverMetadata());
  }

  /** null where there is nothing, as Core says it. */
  all(): Readonly<Record<string, unknown>> | null {
    return this.#values.size === 0 ? null : Object.fromEntries(this.#values);
  }

  /** Throws MetadataNotFound. */
  get(key: string): unknown {
    if (!this.#values.has(key)) throw new MetadataNotFound();
    return this.#values.get(key);
  }

  /** null removes the key. Throws StoreFailed, and ProcessInvalid where there are too many keys. */
  set(key: string, value: unknown): void {
    if (value === null) {
      this.#store.setServerMetadata(key, undefined);
      this.#values.delete(key);
      return;
    }
    if (!this.#values.has(key) && this.#values.size >= SERVER_METADATA_KEYS_MAX) {
      throw new ProcessInvalid("Invalid metadata", [
        `found ${this.#values.size} keys; allowed: at most ${SERVER_METADATA_KEYS_MAX}`,
      ]);
    }
    this.#store.setServerMetadata(key, value);
    this.#values.set(key, value);
  }
}
