/** The FFmpeg processes in numbers, as the metrics show them. */
import type { FfmpegUsage } from "../metrics/process-metrics.ts";
import type { ProcessManager } from "../process/manager.ts";

export function ffmpegUsage(manager: Pick<ProcessManager, "views">): readonly FfmpegUsage[] {
  return manager.views().map(({ id, isStream, view }) => ({
    id,
    isStream,
    state: view.exec,
    restarts: view.restarts,
    cpuSeconds: view.cpuSeconds,
    memoryBytes: view.memoryBytes,
  }));
}
