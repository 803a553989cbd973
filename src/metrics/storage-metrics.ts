/** What is kept on disk, as the watch over it knows; nothing is looked at here. */

import { gauge } from "./create.ts";
import type { MetricsRegistry } from "./registry.ts";
import { STORES, type StoreName, TASK_METRICS } from "./task-names.ts";

export interface StorageStats {
  readonly bytes: Readonly<Record<StoreName, number>>;
  /** Whether the last look at the files saw all of them. */
  readonly complete: boolean;
  /** Unix milliseconds; undefined before the first look. */
  readonly scannedMs: number | undefined;
}

/** Registers the metrics. To be called before each scrape. */
export function registerStorageMetrics(
  registry: MetricsRegistry,
  stats: () => StorageStats,
): () => void {
  const bytes = gauge(registry, TASK_METRICS.storageBytes);
  const status = gauge(registry, TASK_METRICS.storageStatus);
  const timestamp = gauge(registry, TASK_METRICS.storageTimestamp);
  return () => {
    const now = stats();
    for (const store of STORES) bytes.set({ store }, now.bytes[store]);
    status.set(now.complete ? 1 : 0);
    timestamp.set((now.scannedMs ?? 0) / 1000);
  };
}
