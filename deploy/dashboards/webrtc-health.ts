/** The dashboard that answers one question: is WebRTC healthy right now? */
import {
  type Dashboard,
  type DashboardBuilder,
  RowBuilder,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { METRICS } from "../../src/metrics/names.ts";
import { CORE, counted, dashboard, quantile, RATE, STREAM } from "./dashboard.ts";
import { BAD, badFrom, GOOD, gauge, POOR, stat, table, timeseries } from "./panels.ts";

const requests = METRICS.whepRequests.name;
const requestDuration = METRICS.whepRequestDuration.name;
const iceDuration = METRICS.iceEstablishment.name;
const iceFailures = METRICS.iceFailures.name;

export function webrtcHealth(): Dashboard {
  return dashboard(
    {
      uid: "dragonfork-webrtc-health",
      title: "WebRTC Health",
      description: "Requests, errors and durations of Dragon Fork's WebRTC.",
      tags: ["webrtc"],
    },
    [apiRow, iceRow, flowRow, capacityRow, degradationRow],
  );
}

function apiRow(builder: DashboardBuilder): void {
  builder
    .withRow(new RowBuilder("WHEP API health"))
    .withPanel(
      stat({
        title: "Request rate by route",
        description: "WHEP requests per second. The routes are HTTP methods.",
        width: 6,
        unit: "reqps",
        queries: [
          { expr: `sum by (route) (rate(${requests}{${STREAM}}[${RATE}]))`, legend: "{{route}}" },
        ],
      }),
    )
    .withPanel(
      timeseries(
        {
          title: "Error rate by code",
          description:
            "Error answers per second. WebRTCWHEPErrorRateHigh fires when one stream stays above the line for five minutes.",
          width: 9,
          unit: "reqps",
          thresholds: badFrom(0.5),
          queries: [
            {
              expr: `sum by (code) (rate(${requests}{${STREAM},code=~"4..|5.."}[${RATE}]))`,
              legend: "{{code}}",
            },
          ],
        },
        { stacked: true },
      ),
    )
    .withPanel(
      timeseries({
        title: "Request duration p95 by route",
        description:
          "Nineteen of twenty requests took less. A POST waits for a source that is starting, up to 5 s by default.",
        width: 9,
        unit: "s",
        thresholds: badFrom(5, POOR),
        queries: [
          {
            expr: quantile(0.95, { histogram: requestDuration, matchers: STREAM, by: "route" }),
            legend: "{{route}}",
          },
        ],
      }),
    );
}

function iceRow(builder: DashboardBuilder): void {
  const connected = `sum(increase(${iceDuration}_count{${STREAM},result="connected"}[$__range]))`;
  const failed = `sum(increase(${iceDuration}_count{${STREAM},result="failed"}[$__range]))`;
  const all = `(sum(increase(${iceDuration}_count{${STREAM}}[$__range])) > 0)`;
  const establishment = {
    histogram: iceDuration,
    matchers: STREAM,
    by: "stream_id",
    window: "10m",
  };
  builder
    .withRow(new RowBuilder("ICE establishment"))
    .withPanel(
      gauge(
        {
          title: "ICE success and failure",
          description:
            "Of the viewers that got an answer in the shown time: how many connected and how many did not. Empty without viewers.",
          width: 6,
          unit: "percentunit",
          queries: [
            { expr: `(${connected} or vector(0)) / ${all}`, legend: "connected" },
            { expr: `(${failed} or vector(0)) / ${all}`, legend: "failed" },
          ],
          thresholds: [
            { value: null, color: BAD },
            { value: 0.9, color: POOR },
            { value: 0.98, color: GOOD },
          ],
        },
        { min: 0, max: 1 },
      ).overrideByName("failed", [
        {
          id: "thresholds",
          value: {
            mode: "absolute",
            steps: [
              { value: null, color: GOOD },
              { value: 0.02, color: POOR },
              { value: 0.1, color: BAD },
            ],
          },
        },
      ]),
    )
    .withPanel(
      timeseries({
        title: "ICE establishment p50 and p95",
        description:
          "Seconds from the answer to connected or failed. WebRTCICEEstablishmentSlow fires when a p95 stays above the line for ten minutes.",
        width: 10,
        unit: "s",
        thresholds: badFrom(3),
        queries: [
          { expr: quantile(0.5, establishment), legend: "p50 {{stream_id}}" },
          { expr: quantile(0.95, establishment), legend: "p95 {{stream_id}}" },
        ],
      }),
    )
    .withPanel(
      table(
        {
          title: "ICE failures by reason",
          description:
            "In the shown time. timeout: the viewer never connected; failed: it connected but could not be secured; disconnected: it was lost later.",
          width: 8,
          queries: [
            { expr: `sum by (reason) (round(increase(${iceFailures}{${STREAM}}[$__range])))` },
          ],
        },
        { reason: "Reason", Value: "Failures" },
      ),
    );
}

function flowRow(builder: DashboardBuilder): void {
  const peers = METRICS.activePeers.name;
  builder
    .withRow(new RowBuilder("What's flowing"))
    .withPanel(
      stat({
        title: "Active streams",
        description: "Streams whose process runs.",
        width: 6,
        queries: [{ expr: `sum(${METRICS.activeStreams.name}{${CORE}})` }],
      }),
    )
    .withPanel(
      timeseries({
        title: "Active peers by stream",
        description: "Viewers of each stream.",
        width: 10,
        queries: [{ expr: `sum by (stream_id) (${peers}{${STREAM}})`, legend: "{{stream_id}}" }],
      }),
    )
    .withPanel(
      table(
        {
          title: "Top 5 streams by peers",
          description: "The streams with the most viewers now.",
          width: 8,
          queries: [{ expr: `topk(5, sum by (stream_id) (${peers}{${STREAM}}))` }],
        },
        { stream_id: "Stream", Value: "Peers" },
      ),
    );
}

function capacityRow(builder: DashboardBuilder): void {
  builder
    .withRow(new RowBuilder("Capacity headroom"))
    .withPanel(
      gauge(
        {
          title: "UDP ports available",
          description:
            "Free ports for RTP from FFmpeg; a stream with picture and sound takes 6. CORE_WEBRTC_LEG_PORTS sets their range.",
          width: 8,
          thresholds: [
            { value: null, color: BAD },
            { value: 10, color: GOOD },
          ],
          queries: [
            { expr: `min(${METRICS.udpPortsAvailable.name}{${CORE}})`, legend: "available" },
          ],
        },
        // The size of the pool unless it was set otherwise.
        { min: 0, max: 600 },
      ),
    )
    .withPanel(
      timeseries({
        title: "Cap rejections by scope",
        description:
          "Viewers per second that a limit turned away. global: CORE_WEBRTC_MAX_PEERS_TOTAL; stream: the limit of one stream.",
        width: 16,
        unit: "reqps",
        queries: [
          {
            expr: `sum by (scope) (rate(${METRICS.capRejections.name}{${STREAM}}[${RATE}]))`,
            legend: "{{scope}}",
          },
        ],
      }),
    );
}

function degradationRow(builder: DashboardBuilder): void {
  builder
    .withRow(new RowBuilder("Silent degradation"))
    .withPanel(
      timeseries(
        {
          title: "FFmpeg leg failures",
          description:
            "Failures of picture or sound on the way from FFmpeg. WebRTCFFmpegLegFailure fires at the first one.",
          width: 16,
          thresholds: badFrom(1),
          queries: [
            {
              expr: counted(METRICS.legFailures.name, { by: "stream_id, leg", matchers: STREAM }),
              legend: "{{stream_id}} {{leg}}",
            },
          ],
        },
        { bars: true },
      ),
    )
    .withPanel(
      stat({
        title: "Codec mismatches",
        description: "Offers in the shown time without a codec that the stream has (406).",
        width: 8,
        thresholds: badFrom(1, POOR),
        queries: [
          {
            expr: `sum by (kind) (round(increase(${METRICS.codecMismatches.name}{${STREAM}}[$__range])))`,
            legend: "{{kind}}",
          },
        ],
      }),
    );
}
