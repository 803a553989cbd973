/** How soon and how well the picture reaches the viewers. */
import {
  type Dashboard,
  type DashboardBuilder,
  RowBuilder,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { MEDIA_METRICS } from "../../src/metrics/media-names.ts";
import { METRICS } from "../../src/metrics/names.ts";
import { VIEWER_METRICS } from "../../src/metrics/viewer-names.ts";
import { CORE, dashboard, quantile, RATE, STREAM } from "./dashboard.ts";
import { badFrom, gauge, POOR, type Query, timeseries } from "./panels.ts";

export function latency(): Dashboard {
  return dashboard(
    {
      uid: "dragonfork-webrtc-latency",
      title: "Latency & performance",
      description: "Round trips, jitter, loss and the time until the first picture.",
      tags: ["webrtc", "performance"],
    },
    [roundTripRow, startRow, lossRow],
  );
}

/** p50, p95 and p99 of what viewers report; five minutes, because a viewer reports every few seconds only. */
function reported(histogram: string, matchers = STREAM): Query[] {
  return [0.5, 0.95, 0.99].map((share) => ({
    expr: quantile(share, { histogram, matchers, window: "5m" }),
    legend: `p${share * 100}`,
  }));
}

function roundTripRow(builder: DashboardBuilder): void {
  const rtt = (type: string) =>
    reported(VIEWER_METRICS.rtt.name, `${STREAM},connection_type="${type}"`);
  builder
    .withRow(new RowBuilder("Round trips and jitter"))
    .withPanel(
      timeseries({
        title: "RTT, direct",
        description:
          "Round trips of viewers without a relay. WebRTCHighLatencyP2P fires when the p95 stays above the line for ten minutes.",
        width: 8,
        unit: "s",
        thresholds: badFrom(0.1),
        queries: rtt("direct"),
      }),
    )
    .withPanel(
      timeseries({
        title: "RTT, relay",
        description:
          "Round trips of viewers behind a TURN relay. WebRTCHighLatencyTURN fires when the p95 stays above the line for ten minutes.",
        width: 8,
        unit: "s",
        thresholds: badFrom(0.5),
        queries: rtt("relay"),
      }),
    )
    .withPanel(
      timeseries({
        title: "Jitter",
        description:
          "How unevenly packets arrive (RFC 3550, 6.4.1). Above 100 ms pictures stutter.",
        width: 8,
        unit: "s",
        thresholds: badFrom(0.1),
        queries: reported(VIEWER_METRICS.jitter.name),
      }),
    );
}

function startRow(builder: DashboardBuilder): void {
  builder
    .withRow(new RowBuilder("Start"))
    .withPanel(
      gauge(
        {
          title: "Connection establishment p95",
          description:
            "Seconds from the answer to connected; nineteen of twenty viewers took less.",
          width: 6,
          unit: "s",
          thresholds: badFrom(3),
          queries: [
            {
              expr: quantile(0.95, {
                histogram: METRICS.iceEstablishment.name,
                matchers: `${STREAM},result="connected"`,
                window: "$__range",
              }),
              legend: "p95",
            },
          ],
        },
        { min: 0, max: 10 },
      ),
    )
    .withPanel(
      timeseries({
        title: "Time to the first keyframe",
        description:
          "Seconds from the offer until the first keyframe is sent, including the wait for a source that is starting.",
        width: 9,
        unit: "s",
        thresholds: badFrom(2.5, POOR),
        queries: reported(VIEWER_METRICS.joinSeconds.name),
      }),
    )
    .withPanel(
      timeseries({
        title: "Keyframe requests",
        description: "PLI and FIR per second: viewers that have lost the picture.",
        width: 9,
        unit: "cps",
        queries: [
          {
            expr: `sum by (stream_id) (rate(${MEDIA_METRICS.keyframeRequests.name}{${STREAM}}[${RATE}]))`,
            legend: "{{stream_id}}",
          },
        ],
      }),
    );
}

function lossRow(builder: DashboardBuilder): void {
  const lost = `sum by (stream_id) (rate(${VIEWER_METRICS.packetsLost.name}{${STREAM}}[5m]))`;
  const expected = `(sum by (stream_id) (rate(${VIEWER_METRICS.packetsExpected.name}{${STREAM}}[5m])) > 0)`;
  const perSecond = (name: string, matchers = STREAM) => `sum(rate(${name}{${matchers}}[${RATE}]))`;
  builder
    .withRow(new RowBuilder("Loss"))
    .withPanel(
      timeseries({
        title: "Packet loss",
        description:
          "Packets that viewers report as lost, before resends. WebRTCHighPacketLoss fires when a stream stays above the line for five minutes.",
        width: 8,
        unit: "percentunit",
        thresholds: badFrom(0.05),
        queries: [{ expr: `${lost} / ${expected}`, legend: "{{stream_id}}" }],
      }),
    )
    .withPanel(
      timeseries({
        title: "Repair",
        description: "Per second: what viewers ask for again, and what they are sent again.",
        width: 8,
        unit: "pps",
        queries: [
          { expr: perSecond(MEDIA_METRICS.nacks.name), legend: "NACKs received" },
          { expr: perSecond(MEDIA_METRICS.packetsResent.name), legend: "packets resent" },
        ],
      }),
    )
    .withPanel(
      timeseries({
        title: "Congestion",
        description:
          "Packets that wait to be handed to the kernel; per second, packets that it did not accept and frames left out for slow viewers.",
        width: 8,
        queries: [
          { expr: `sum(${MEDIA_METRICS.sendQueue.name}{${CORE}})`, legend: "queued" },
          { expr: perSecond(MEDIA_METRICS.packetsDropped.name, CORE), legend: "dropped" },
          { expr: perSecond(VIEWER_METRICS.framesSkipped.name), legend: "frames left out" },
        ],
      }),
    );
}
