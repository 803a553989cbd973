/** The dashboard to open first: is it well, and if not, on which of the others does it show. */
import {
  type Dashboard,
  type DashboardBuilder,
  RowBuilder,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { MEDIA_METRICS } from "../../src/metrics/media-names.ts";
import { METRICS } from "../../src/metrics/names.ts";
import { VIEWER_METRICS } from "../../src/metrics/viewer-names.ts";
import { CORE, counted, dashboard, RATE, STREAM } from "./dashboard.ts";
import { BAD, badFrom, GOOD, gauge, goodFrom, POOR, stat, table, timeseries } from "./panels.ts";

const established = `sum(increase(${VIEWER_METRICS.established.name}{${STREAM}}[5m]))`;
const attempted = `(sum(increase(${VIEWER_METRICS.attempted.name}{${STREAM}}[5m])) > 0)`;

const refused = `${VIEWER_METRICS.joins.name}{${STREAM},outcome!="connected"}`;

/** Of a series that is made with its first event, which increase() does not see. */
function inShownTime(series: string): string {
  return `(${series} unless ${series} offset $__range) or round(increase(${series}[$__range]))`;
}

export function overview(): Dashboard {
  return dashboard(
    {
      uid: "dragonfork-webrtc-overview",
      title: "Overview",
      description: "Whether all is well: viewers, media, failures and alerts at a glance.",
      tags: ["webrtc", "production"],
    },
    [nowRow, connectionRow, sessionRow, mediaRow],
  );
}

function nowRow(builder: DashboardBuilder): void {
  builder
    .withRow(new RowBuilder("Now"))
    .withPanel(
      stat({
        title: "Server",
        description: "Whether Prometheus reaches the server: 1 if it does, 0 if not.",
        width: 4,
        thresholds: goodFrom(1),
        queries: [{ expr: 'min(up{job="dragonfork-core"})' }],
      }),
    )
    .withPanel(
      stat({
        title: "Active viewers",
        description: "Viewers of the chosen streams.",
        width: 4,
        queries: [{ expr: `sum(${METRICS.activePeers.name}{${STREAM}})` }],
      }),
    )
    .withPanel(
      gauge(
        {
          title: "Success rate",
          description:
            "Of the viewers that got an answer in five minutes, how many connected. Below 0.95 something is wrong. Empty without new viewers.",
          width: 5,
          unit: "percentunit",
          thresholds: goodFrom(0.95),
          queries: [{ expr: `clamp_max(${established} / ${attempted}, 1)`, legend: "connected" }],
        },
        { min: 0, max: 1 },
      ),
    )
    .withPanel(
      gauge(
        {
          title: "Relay fallback",
          description:
            "Of the viewers that connected in five minutes, how many came through a TURN relay. WebRTCHighTURNUsage fires above 20 %.",
          width: 5,
          unit: "percent",
          thresholds: [
            { value: null, color: GOOD },
            { value: 20, color: POOR },
            { value: 50, color: BAD },
          ],
          queries: [
            {
              expr: `100 * sum(increase(${VIEWER_METRICS.relayFallbacks.name}{${STREAM}}[5m])) / (${established} > 0)`,
              legend: "by relay",
            },
          ],
        },
        { min: 0, max: 100 },
      ),
    )
    .withPanel(
      table(
        {
          title: "Firing alerts",
          description: "The bundle's runbooks.md says what they mean and what to do.",
          width: 6,
          queries: [
            {
              expr: 'sum by (severity, alertname, stream_id) (ALERTS{alertstate="firing",stream_id=~"|$stream_id"})',
            },
          ],
        },
        { severity: "Severity", alertname: "Alert", stream_id: "Stream", Value: "Count" },
      ),
    );
}

function connectionRow(builder: DashboardBuilder): void {
  builder
    .withRow(new RowBuilder("Connections"))
    .withPanel(
      timeseries(
        {
          title: "Connection states",
          description:
            "Viewers by state: new until their first packet, checking until a path is found, handshaking until it is secured, then connected.",
          width: 8,
          queries: [
            {
              expr: `sum by (state) (${MEDIA_METRICS.peers.name}{${CORE}})`,
              legend: "{{state}}",
            },
          ],
        },
        { stacked: true },
      ),
    )
    .withPanel(
      timeseries({
        title: "Connections",
        description: "Per second: offers that were answered, and how they ended.",
        width: 8,
        unit: "cps",
        queries: [
          {
            expr: `sum(rate(${VIEWER_METRICS.attempted.name}{${STREAM}}[${RATE}]))`,
            legend: "attempted",
          },
          {
            expr: `sum(rate(${VIEWER_METRICS.established.name}{${STREAM}}[${RATE}]))`,
            legend: "established",
          },
          {
            expr: `sum(rate(${VIEWER_METRICS.failed.name}{${STREAM}}[${RATE}]))`,
            legend: "failed",
          },
        ],
      }),
    )
    .withPanel(
      table(
        {
          title: "Top errors",
          description:
            "The five most frequent reasons why somebody could not watch, in the shown time.",
          width: 8,
          queries: [
            {
              expr: `topk(5, sum by (outcome) (${inShownTime(refused)}) > 0)`,
            },
          ],
        },
        { outcome: "Reason", Value: "Attempts" },
      ),
    );
}

function sessionRow(builder: DashboardBuilder): void {
  builder
    .withRow(new RowBuilder("Sessions"))
    .withPanel(
      timeseries(
        {
          title: "Sessions ended",
          description:
            "Viewers that had connected and left, by reason. Those with consent_lost and worker_lost did not leave by choice.",
          width: 16,
          queries: [
            {
              expr: counted(VIEWER_METRICS.sessionsClosed.name, { by: "reason", matchers: STREAM }),
              legend: "{{reason}}",
            },
          ],
        },
        { bars: true },
      ),
    )
    .withPanel(
      stat({
        title: "Watch time",
        description: "Of all viewers together, in the shown time.",
        width: 8,
        unit: "s",
        queries: [
          { expr: `sum(increase(${VIEWER_METRICS.watchSeconds.name}{${STREAM}}[$__range]))` },
        ],
      }),
    );
}

function mediaRow(builder: DashboardBuilder): void {
  const bits = (name: string) => `8 * sum by (stream_id) (rate(${name}{${STREAM}}[${RATE}]))`;
  builder
    .withRow(new RowBuilder("Media"))
    .withPanel(
      timeseries({
        title: "Media rate from FFmpeg",
        description: "What comes in. At 0 the source is dead.",
        width: 8,
        unit: "bps",
        queries: [{ expr: bits(MEDIA_METRICS.sourceBytes.name), legend: "{{stream_id}}" }],
      }),
    )
    .withPanel(
      timeseries({
        title: "Media rate to viewers",
        description: "What goes out. At 0 with viewers and a live source the fan-out is dead.",
        width: 8,
        unit: "bps",
        queries: [{ expr: bits(MEDIA_METRICS.rtpBytes.name), legend: "{{stream_id}}" }],
      }),
    )
    .withPanel(
      timeseries({
        title: "Age of the last keyframe",
        description: "A new viewer starts with it; one that loses it waits for the next one.",
        width: 8,
        unit: "s",
        thresholds: badFrom(10, POOR),
        queries: [
          {
            expr: `max by (stream_id) (${MEDIA_METRICS.keyframeAge.name}{${STREAM}})`,
            legend: "{{stream_id}}",
          },
        ],
      }),
    );
}
