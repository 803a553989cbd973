/** Runs actions of one key one after the other; those of different keys side by side. */
export class Serial {
  /** The last action of each key that has one, found until it is over. */
  readonly #last = new Map<unknown, Promise<unknown>>();

  /** Resolves or rejects as the action does. An earlier failure doesn't stop the next. */
  run<T>(key: unknown, action: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const result = before.then(action);
    const settled = result.catch(() => undefined);
    this.#last.set(key, settled);
    void settled.then(() => {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    });
    return result;
  }
}
