/**
 * Spaces the starts of FFmpeg. Each holds this thread up until the new process was given a core: a millisecond on a
 * machine at rest, fifty where a hundred are started at once, and meanwhile no request is answered and no packet sent.
 */
import type { SpawnChild } from "./child.ts";
import type { Clock } from "./clock.ts";

/** After a start the thread is left alone for as long as that took, within these bounds. */
const REST_MS_MIN = 1;
const REST_MS_MAX = 500;

export class StartPace {
  readonly #clock: Pick<Clock, "monotonicMs" | "after">;
  /** In the order in which they came; as many as there are processes. */
  readonly #waiting = new Set<() => void>();
  #restUntilMs = Number.NEGATIVE_INFINITY;
  #armed = false;

  constructor(clock: Pick<Clock, "monotonicMs" | "after">) {
    this.#clock = clock;
  }

  /** Resolves when FFmpeg may be started; undefined where that is now. Rejects with its reason where it is called off. */
  turn(stop: AbortSignal): Promise<void> | undefined {
    if (!this.#armed && this.#restMs() <= 0) {
      this.#arm();
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const go = () => {
        stop.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.delete(go);
        reject(stop.reason);
      };
      stop.addEventListener("abort", leave);
      this.#waiting.add(go);
      this.#arm();
    });
  }

  /** The same spawn; how long it takes counts. */
  watch(spawn: SpawnChild): SpawnChild {
    return (argv, handlers) => {
      const beganMs = this.#clock.monotonicMs();
      const child = spawn(argv, handlers);
      const endedMs = this.#clock.monotonicMs();
      const restMs = Math.min(Math.max(endedMs - beganMs, REST_MS_MIN), REST_MS_MAX);
      this.#restUntilMs = endedMs + restMs;
      return child;
    };
  }

  #restMs(): number {
    return this.#restUntilMs - this.#clock.monotonicMs();
  }

  /** Only a timer lets the next one go: the event loop has had a turn by then, however slow this thread was. */
  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    this.#clock.after(Math.max(this.#restMs(), REST_MS_MIN), () => {
      this.#armed = false;
      const [first] = this.#waiting;
      if (first === undefined) return;
      // Another start may have come in between.
      if (this.#restMs() <= 0) {
        this.#waiting.delete(first);
        first();
      }
      this.#arm();
    });
  }
}
