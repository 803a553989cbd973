/** Errors of our own in the listeners of Bun's UDP sockets. */

/**
 * Throws in a turn of its own, so that the process hears of it: Bun hands what a listener throws to the socket's `error`,
 * where errors of the network go, which are nobody's fault.
 */
export function throwApart(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
