/** Counts and times what runs in the background, so that a task that fails quietly does not do so unseen. */

import { counter, gauge } from "./create.ts";
import type { MetricsRegistry } from "./registry.ts";
import { TASK_METRICS, TASKS, type Task } from "./task-names.ts";

export interface BackgroundTasksOptions {
  readonly registry: MetricsRegistry;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Unix milliseconds. */
  readonly unixMs: () => number;
}

export class BackgroundTasks {
  private readonly options: BackgroundTasksOptions;
  private readonly errors;
  private readonly lastSuccess;
  private readonly duration;

  constructor(options: BackgroundTasksOptions) {
    const { registry } = options;
    this.options = options;
    this.errors = counter(registry, TASK_METRICS.errors);
    this.lastSuccess = gauge(registry, TASK_METRICS.lastSuccess);
    this.duration = gauge(registry, TASK_METRICS.duration);
    for (const task of TASKS) this.errors.inc({ task }, 0);
  }

  /** Runs it. What it throws is counted and thrown on. */
  run<T>(task: Task, work: () => T): T {
    const startedMs = this.options.nowMs();
    try {
      const result = work();
      this.succeeded(task, (this.options.nowMs() - startedMs) / 1000);
      return result;
    } catch (error) {
      this.failed(task);
      throw error;
    }
  }

  /** The same for one that takes its time. */
  async runAsync<T>(task: Task, work: () => Promise<T>): Promise<T> {
    const startedMs = this.options.nowMs();
    try {
      const result = await work();
      this.succeeded(task, (this.options.nowMs() - startedMs) / 1000);
      return result;
    } catch (error) {
      this.failed(task);
      throw error;
    }
  }

  /** For tasks that run elsewhere. `atMs` is Unix milliseconds. */
  succeeded(task: Task, seconds: number, atMs = this.options.unixMs()): void {
    this.duration.set({ task }, seconds);
    this.lastSuccess.set({ task }, atMs / 1000);
  }

  failed(task: Task): void {
    this.errors.inc({ task });
  }
}
