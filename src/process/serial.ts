/** Runs actions of one id one after the other; those of different ids side by side. */
export class Serial {
  /** The last action of each id that has one, found until it is over. */
  readonly #last = new Map<string, Promise<unknown>>();

  /** Resolves or rejects as the action does. An earlier failure doesn't stop the next. */
  run<T>(id: string, action: () => Promise<T>): Promise<T> {
    const before = this.#last.get(id) ?? Promise.resolve();
    const result = before.then(action);
    const settled = result.catch(() => undefined);
    this.#last.set(id, settled);
    void settled.then(() => {
      if (this.#last.get(id) === settled) this.#last.delete(id);
    });
    return result;
  }
}
