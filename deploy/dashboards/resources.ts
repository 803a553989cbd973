/** What the server and its FFmpegs use of the machine. */
import {
  type Dashboard,
  type DashboardBuilder,
  RowBuilder,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { HTTP_METRICS } from "../../src/metrics/http-names.ts";
import { MEDIA_METRICS } from "../../src/metrics/media-names.ts";
import { PROCESS_METRICS } from "../../src/metrics/process-names.ts";
import { SCRAPE_METRICS } from "../../src/metrics/scrape-names.ts";
import { TASK_METRICS } from "../../src/metrics/task-names.ts";
import { CORE, counted, dashboard, quantile, RATE, STREAM } from "./dashboard.ts";
import { BAD, badFrom, GOOD, gauge, POOR, stat, timeseries } from "./panels.ts";

/** Prometheus has metrics of its own process under the same names, but no label core. */
const SERVER = `job="dragonfork-core",${CORE}`;

export function resources(): Dashboard {
  return dashboard(
    {
      uid: "dragonfork-webrtc-resources",
      title: "Resources",
      description: "CPU, memory, network and descriptors of the server, and its FFmpegs.",
      tags: ["webrtc", "resources"],
    },
    [serverRow, ffmpegRow, httpRow, backgroundRow],
  );
}

function serverRow(builder: DashboardBuilder): void {
  const bytes = (name: string) => `sum(rate(${name}{${STREAM}}[${RATE}]))`;
  builder
    .withRow(new RowBuilder("Server"))
    .withPanel(
      timeseries({
        title: "CPU",
        description:
          "Of one core, without FFmpeg. WebRTCHighCPUUsage fires when five minutes stay above the line.",
        width: 8,
        unit: "percentunit",
        thresholds: badFrom(0.8),
        queries: [
          {
            expr: `sum by (core) (rate(process_cpu_seconds_total{${SERVER}}[${RATE}]))`,
            legend: "{{core}}",
          },
        ],
      }),
    )
    .withPanel(
      timeseries({
        title: "Memory",
        description:
          "Resident memory and, of it, the JavaScript heap. WebRTCHighMemoryUsage fires when the former stays above 700 MB, HighMemory when the latter stays above 1 GiB.",
        width: 8,
        unit: "decbytes",
        thresholds: badFrom(700e6),
        queries: [
          {
            expr: `sum by (core) (process_resident_memory_bytes{${SERVER}})`,
            legend: "resident {{core}}",
          },
          {
            expr: `sum by (core) (nodejs_heap_size_used_bytes{${SERVER}})`,
            legend: "heap {{core}}",
          },
        ],
      }),
    )
    .withPanel(
      timeseries({
        title: "Network",
        description: "Media bytes per second: from FFmpeg, and to viewers.",
        width: 8,
        unit: "Bps",
        queries: [
          { expr: bytes(MEDIA_METRICS.sourceBytes.name), legend: "from FFmpeg" },
          { expr: bytes(MEDIA_METRICS.rtpBytes.name), legend: "to viewers" },
        ],
      }),
    )
    .withPanel(
      timeseries({
        title: "Event-loop lag",
        description: "How late the server gets to its next task. Above 100 ms packets go out late.",
        width: 8,
        unit: "s",
        thresholds: badFrom(0.1),
        queries: [
          { expr: `max(nodejs_eventloop_lag_p99_seconds{${SERVER}})`, legend: "p99" },
          { expr: `max(nodejs_eventloop_lag_mean_seconds{${SERVER}})`, legend: "mean" },
        ],
      }),
    )
    .withPanel(
      gauge(
        {
          title: "File descriptors",
          description: "Open ones, as a share of those that the system allows.",
          width: 6,
          unit: "percent",
          thresholds: [
            { value: null, color: GOOD },
            { value: 70, color: POOR },
            { value: 90, color: BAD },
          ],
          queries: [
            {
              expr: `max(100 * process_open_fds{${SERVER}} / process_max_fds{${SERVER}})`,
              legend: "open",
            },
          ],
        },
        { min: 0, max: 100 },
      ),
    )
    .withPanel(
      timeseries({
        title: "Media workers",
        description: "Viewers of each, and seconds since its last sign of life.",
        width: 10,
        queries: [
          {
            expr: `sum by (worker) (${MEDIA_METRICS.workerPeers.name}{${CORE}})`,
            legend: "viewers {{worker}}",
          },
          {
            expr: `max by (worker) (${MEDIA_METRICS.workerHeartbeat.name}{${CORE}})`,
            legend: "heartbeat age {{worker}}",
          },
        ],
      }),
    );
}

function ffmpegRow(builder: DashboardBuilder): void {
  builder
    .withRow(new RowBuilder("FFmpeg"))
    .withPanel(
      stat({
        title: "FFmpeg processes",
        description: "Supervised processes by state.",
        width: 5,
        queries: [
          {
            expr: `sum by (state) (${PROCESS_METRICS.processes.name}{${CORE}}) > 0`,
            legend: "{{state}}",
          },
        ],
      }),
    )
    .withPanel(
      stat({
        title: "Sources that are down",
        description:
          "Streams that should run but get nothing. WebRTCSourceDown fires after five minutes.",
        width: 4,
        thresholds: badFrom(1),
        queries: [{ expr: `sum(${PROCESS_METRICS.sourceDown.name}{${STREAM}})`, legend: "down" }],
      }),
    )
    .withPanel(
      timeseries({
        title: "FFmpeg CPU",
        description: "Of one core, by stream. Copying costs almost nothing, transcoding a lot.",
        width: 5,
        unit: "percentunit",
        queries: [
          {
            expr: `sum by (stream_id) (rate(${PROCESS_METRICS.cpuSeconds.name}{${STREAM}}[${RATE}]))`,
            legend: "{{stream_id}}",
          },
        ],
      }),
    )
    .withPanel(
      timeseries({
        title: "FFmpeg memory",
        description: "Resident memory, by stream.",
        width: 5,
        unit: "decbytes",
        queries: [
          {
            expr: `sum by (stream_id) (${PROCESS_METRICS.memoryBytes.name}{${STREAM}})`,
            legend: "{{stream_id}}",
          },
        ],
      }),
    )
    .withPanel(
      timeseries(
        {
          title: "FFmpeg restarts",
          description: "Starts after FFmpeg had ended by itself.",
          width: 5,
          thresholds: badFrom(1, POOR),
          queries: [
            {
              expr: counted(PROCESS_METRICS.restarts.name, { by: "stream_id", matchers: STREAM }),
              legend: "{{stream_id}}",
            },
          ],
        },
        { bars: true },
      ),
    );
}

function httpRow(builder: DashboardBuilder): void {
  builder
    .withRow(new RowBuilder("HTTP"))
    .withPanel(
      timeseries({
        title: "HTTP requests",
        description: "Per second, by group of routes.",
        width: 8,
        unit: "reqps",
        queries: [
          {
            expr: `sum by (api) (rate(${HTTP_METRICS.requests.name}{${CORE}}[${RATE}]))`,
            legend: "{{api}}",
          },
        ],
      }),
    )
    .withPanel(
      timeseries({
        title: "HTTP duration p95",
        description: "By group of routes.",
        width: 8,
        unit: "s",
        queries: [
          {
            expr: quantile(0.95, {
              histogram: HTTP_METRICS.duration.name,
              matchers: CORE,
              by: "api",
            }),
            legend: "{{api}}",
          },
        ],
      }),
    )
    .withPanel(
      timeseries({
        title: "HTTP requests in progress",
        description: "By group of routes. A scrape counts itself.",
        width: 8,
        queries: [
          {
            expr: `sum by (api) (${HTTP_METRICS.inProgress.name}{${CORE}})`,
            legend: "{{api}}",
          },
        ],
      }),
    );
}

function backgroundRow(builder: DashboardBuilder): void {
  builder
    .withRow(new RowBuilder("Background and storage"))
    .withPanel(
      timeseries({
        title: "Background tasks",
        description: "Seconds since each last succeeded.",
        width: 6,
        unit: "s",
        queries: [
          {
            expr: `time() - max by (task) (${TASK_METRICS.lastSuccess.name}{${CORE}})`,
            legend: "{{task}}",
          },
        ],
      }),
    )
    .withPanel(
      stat({
        title: "Failed background tasks",
        description: "Runs in the shown time that failed. The log says why.",
        width: 6,
        thresholds: badFrom(1, POOR),
        queries: [
          {
            expr: `sum by (task) (round(increase(${TASK_METRICS.errors.name}{${CORE}}[$__range])))`,
            legend: "{{task}}",
          },
        ],
      }),
    )
    .withPanel(
      timeseries({
        title: "Storage",
        description: "Bytes on disk: the database folder, and the event journal.",
        width: 6,
        unit: "decbytes",
        queries: [
          {
            expr: `sum by (store) (${TASK_METRICS.storageBytes.name}{${CORE}})`,
            legend: "{{store}}",
          },
        ],
      }),
    )
    .withPanel(
      timeseries({
        title: "Scrape",
        description: "How long the server takes to write its metrics.",
        width: 6,
        unit: "s",
        queries: [
          { expr: `max(${SCRAPE_METRICS.duration.name}{${CORE}})`, legend: "duration" },
          { expr: `max(${SCRAPE_METRICS.busy.name}{${CORE}})`, legend: "main thread busy" },
        ],
      }),
    );
}
