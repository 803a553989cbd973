/** Who fails to prove who they are, and how old keys and certificates are. */
import {
  type Dashboard,
  type DashboardBuilder,
  RowBuilder,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { CERTIFICATE_METRICS } from "../../src/metrics/certificate-names.ts";
import { VIEWER_METRICS } from "../../src/metrics/viewer-names.ts";
import { CORE, counted, dashboard, RATE } from "./dashboard.ts";
import { BAD, badFrom, GOOD, POOR, stat, table, timeseries } from "./panels.ts";

const HOUR = 3600;
const events = VIEWER_METRICS.securityEvents.name;

export function security(): Dashboard {
  return dashboard(
    {
      uid: "dragonfork-webrtc-security",
      title: "Security",
      description: "Handshakes, tokens, keys and certificates.",
      tags: ["webrtc", "security"],
    },
    [proofRow, eventRow],
  );
}

function proofRow(builder: DashboardBuilder): void {
  builder
    .withRow(new RowBuilder("Handshakes, tokens and keys"))
    .withPanel(
      timeseries({
        title: "DTLS handshakes",
        description:
          "Per second, by result. WebRTCDTLSValidationFailure fires one minute after a failed one.",
        width: 8,
        unit: "cps",
        queries: [
          {
            expr: `sum by (result) (rate(${VIEWER_METRICS.dtlsHandshakes.name}{${CORE}}[${RATE}]))`,
            legend: "{{result}}",
          },
        ],
      }),
    )
    .withPanel(
      stat({
        title: "Failed handshakes",
        description:
          "In the shown time. fingerprint_mismatch: the certificate was not the one in the offer; dtls_failed: any other reason.",
        width: 4,
        thresholds: badFrom(1),
        queries: [
          {
            expr: `sum by (reason) (round(increase(${VIEWER_METRICS.dtlsFailures.name}{${CORE}}[$__range])))`,
            legend: "{{reason}}",
          },
        ],
      }),
    )
    .withPanel(
      stat({
        title: "Token signatures refused",
        description:
          "Signed tokens in the shown time whose signature was wrong. WebRTCSignatureVerificationFailure fires one minute after the first.",
        width: 4,
        thresholds: badFrom(1),
        queries: [
          {
            expr: `sum(round(increase(${events}{${CORE},event="token_signature_invalid"}[$__range])))`,
          },
        ],
      }),
    )
    .withPanel(
      stat({
        title: "Oldest SRTP key",
        description: "A viewer's keys are as old as its session. Up to a day is fine.",
        width: 4,
        unit: "s",
        thresholds: [
          { value: null, color: GOOD },
          { value: 23 * HOUR, color: POOR },
          { value: 24 * HOUR, color: BAD },
        ],
        queries: [{ expr: `max(${VIEWER_METRICS.srtpKeyAge.name}{${CORE}})` }],
      }),
    )
    .withPanel(
      stat({
        title: "Certificate",
        description:
          "Days until the certificate of the proxy in front expires. WebRTCCertificateExpiringSoon fires below 7. Empty if CORE_METRICS_CERTIFICATE_FILE names none.",
        width: 4,
        thresholds: [
          { value: null, color: BAD },
          { value: 1, color: POOR },
          { value: 7, color: GOOD },
        ],
        queries: [
          { expr: `(min(${CERTIFICATE_METRICS.notAfter.name}{${CORE}}) - time()) / 86400` },
        ],
      }),
    );
}

function eventRow(builder: DashboardBuilder): void {
  builder
    .withRow(new RowBuilder("Events"))
    .withPanel(
      timeseries(
        {
          title: "Security events",
          description: "Events that only a broken or hostile peer causes, by kind.",
          width: 14,
          queries: [
            {
              expr: `${counted(events, { by: "event", matchers: CORE })} > 0`,
              legend: "{{event}}",
            },
          ],
        },
        { bars: true },
      ),
    )
    .withPanel(
      table(
        {
          title: "Security events in 24 h",
          description: "The ten most frequent kinds.",
          width: 10,
          queries: [
            { expr: `topk(10, sum by (event) (round(increase(${events}{${CORE}}[24h]))) > 0)` },
          ],
        },
        { event: "Event", Value: "Count" },
      ),
    );
}
