/** Metrics of the supervised FFmpeg processes. */
import type { MetricDescription } from "./names.ts";

export const PROCESS_METRICS = {
  processes: {
    name: "dragonfork_ffmpeg_processes",
    help: "Supervised FFmpeg processes by state.",
    type: "gauge",
    labels: ["state"],
  },
  restarts: {
    name: "dragonfork_ffmpeg_restarts_total",
    help: "Starts of FFmpeg after it had ended by itself; `other`: processes without a stream.",
    type: "counter",
    labels: ["stream_id"],
  },
  cpuSeconds: {
    name: "dragonfork_ffmpeg_cpu_seconds_total",
    help: "CPU time that FFmpeg used for a stream; read once a second.",
    type: "counter",
    labels: ["stream_id"],
  },
  memoryBytes: {
    name: "dragonfork_ffmpeg_memory_bytes",
    help: "Resident memory of a stream's FFmpeg; read once a second.",
    type: "gauge",
    labels: ["stream_id"],
  },
  sourceDown: {
    name: "dragonfork_webrtc_source_down",
    help: "1 if a stream that should run gets nothing from its source, else 0; for `other`, how many.",
    type: "gauge",
    labels: ["stream_id"],
  },
} as const satisfies Record<string, MetricDescription>;
