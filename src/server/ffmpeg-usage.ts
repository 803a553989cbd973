/** The FFmpeg processes in numbers, as the metrics show them. */
import type { FfmpegUsage } from "../metrics/process-metrics.ts";
import type { ProcessManager } from "../process/manager.ts";
import type { SupervisorView } from "../process/supervisor.ts";
import type { StreamRegistry } from "../stream/registry.ts";

export function ffmpegUsage(
  manager: Pick<ProcessManager, "views">,
  streams: Pick<StreamRegistry, "get">,
): readonly FfmpegUsage[] {
  return manager.views().map(({ id, isStream, view }) => ({
    id,
    isStream,
    isDown: isStream && isToRun(view) && streams.get(id)?.state !== "live",
    state: view.exec,
    restarts: view.restarts,
    cpuSeconds: view.cpuSeconds,
    memoryBytes: view.memoryBytes,
  }));
}

/** A film that was played to its end, and is not to be repeated, has done what it should. */
function isToRun({ exec, order, reconnectSeconds }: SupervisorView): boolean {
  return order === "start" && !(exec === "finished" && reconnectSeconds < 0);
}
