/**
 * How viewers fare, from the events of their lives. A label holds the id of a configured stream or the word for
 * "no such stream", never a viewer.
 */

import type { DomainErrorKind } from "../errors.ts";
import { MEDIA_KINDS } from "../media-kind.ts";
import type { CloseReason, ConnectionType, PeerEvent } from "../peer-events.ts";
import { SECURITY_EVENTS, type SecurityEvent } from "../security-events.ts";
import { counter, gauge, histogram, sessionCounter, sessionHistogram } from "./create.ts";
import { UNKNOWN_STREAM } from "./names.ts";
import type { MetricsRegistry } from "./registry.ts";
import type { StreamLabels } from "./stream-labels.ts";
import { JITTER_BUCKETS, JOIN_BUCKETS, RTT_BUCKETS, VIEWER_METRICS } from "./viewer-names.ts";

export interface PlayerReport {
  /** Undefined where it was told before. */
  readonly firstFrameSeconds: number | undefined;
  readonly freezes: number;
  readonly freezeSeconds: number;
}

type Report = Extract<PeerEvent, { type: "report" }>;
type Closed = Extract<PeerEvent, { type: "closed" }>;

/** Reasons that alerts and panels compute rates of: from 0 on, so that increase() sees the first one. */
const EXPECTED_FAILURES = ["no_stun_received", "stun_but_no_dtls", "dtls_failed"];
/** The same, of offers that were refused for what the server lacks. */
const EXPECTED_REFUSALS = [
  "stream_not_live",
  "source_timeout",
  "peer_limit_reached",
  "not_ready",
  "keys_unavailable",
  "internal_error",
];
/** The same, of viewers that were connected. */
const EXPECTED_ENDS = ["client_gone", "dtls_closed", "consent_lost", "worker_lost"];
/** What ends a viewer whose DTLS did not come to a good end. */
const DTLS_FAILURES: readonly CloseReason[] = ["dtls_failed", "fingerprint_mismatch"];

export class ViewerMetrics {
  private readonly labels: StreamLabels;
  private readonly unixMs: () => number;
  private readonly opened = new Set<string>();
  /** When the viewers that are connected now did so; as many as there are viewers. */
  private readonly connectedMs = new Map<string, { streamId: string; sinceMs: number }>();
  private readonly watchedSeconds = new Map<string, number>();
  private readonly registry: MetricsRegistry;
  private readonly joins;
  private readonly attempted;
  private readonly established;
  private readonly failed;
  private readonly sessionsClosed;
  private readonly joinSeconds;
  private readonly watchSeconds;
  private readonly playerFirstFrame;
  private readonly playerFreezes;
  private readonly playerFreezeSeconds;
  private readonly rtt;
  private readonly jitter;
  private readonly packetsLost;
  private readonly packetsExpected;
  private readonly relayFallbacks;
  private readonly framesSkipped;
  private readonly dtlsHandshakes;
  private readonly dtlsFailures;
  private readonly srtpKeyAge;
  private readonly securityEvents;

  constructor(options: {
    registry: MetricsRegistry;
    labels: StreamLabels;
    unixMs: () => number;
  }) {
    const { registry } = options;
    this.registry = registry;
    this.labels = options.labels;
    this.unixMs = options.unixMs;
    this.joins = counter(registry, VIEWER_METRICS.joins);
    this.attempted = counter(registry, VIEWER_METRICS.attempted);
    this.established = counter(registry, VIEWER_METRICS.established);
    this.failed = sessionCounter(registry, VIEWER_METRICS.failed);
    this.sessionsClosed = counter(registry, VIEWER_METRICS.sessionsClosed);
    this.joinSeconds = sessionHistogram(registry, VIEWER_METRICS.joinSeconds, JOIN_BUCKETS);
    this.watchSeconds = counter(registry, VIEWER_METRICS.watchSeconds);
    this.playerFirstFrame = histogram(registry, VIEWER_METRICS.playerFirstFrame, JOIN_BUCKETS);
    this.playerFreezes = counter(registry, VIEWER_METRICS.playerFreezes);
    this.playerFreezeSeconds = counter(registry, VIEWER_METRICS.playerFreezeSeconds);
    this.rtt = sessionHistogram(registry, VIEWER_METRICS.rtt, RTT_BUCKETS);
    this.jitter = histogram(registry, VIEWER_METRICS.jitter, JITTER_BUCKETS);
    this.packetsLost = counter(registry, VIEWER_METRICS.packetsLost);
    this.packetsExpected = counter(registry, VIEWER_METRICS.packetsExpected);
    this.relayFallbacks = counter(registry, VIEWER_METRICS.relayFallbacks);
    this.framesSkipped = counter(registry, VIEWER_METRICS.framesSkipped);
    this.dtlsHandshakes = counter(registry, VIEWER_METRICS.dtlsHandshakes);
    this.dtlsFailures = counter(registry, VIEWER_METRICS.dtlsFailures);
    this.srtpKeyAge = gauge(registry, VIEWER_METRICS.srtpKeyAge);
    this.securityEvents = counter(registry, VIEWER_METRICS.securityEvents);
    for (const result of ["succeeded", "failed"]) this.dtlsHandshakes.inc({ result }, 0);
    for (const reason of DTLS_FAILURES) this.dtlsFailures.inc({ reason }, 0);
    for (const event of SECURITY_EVENTS) this.securityEvents.inc({ event }, 0);
  }

  peerEvent(event: PeerEvent): void {
    const stream_id = this.label(event.streamId);
    switch (event.type) {
      case "opened":
        this.attempted.inc({ stream_id });
        return;
      case "dtls_connected":
        this.dtlsHandshakes.inc({ result: "succeeded" });
        return;
      case "connected":
        this.connected(event.peerId, stream_id, event.connectionType, event.atMs);
        return;
      case "first_keyframe_sent":
        this.joinSeconds.observe({
          labels: { stream_id },
          value: event.seconds,
          exemplarLabels: { session_id: event.peerId },
        });
        return;
      case "report":
        this.report(stream_id, event);
        return;
      case "congested":
        this.framesSkipped.inc({ stream_id }, event.framesSkipped);
        return;
      case "security":
        this.securityEvent(event.event);
        return;
      case "closed":
        this.closed(stream_id, event);
        return;
      default:
        return;
    }
  }

  /** What a player tells that is new. */
  playerReport(streamId: string, report: PlayerReport): void {
    const stream_id = this.label(streamId);
    const { firstFrameSeconds, freezes, freezeSeconds } = report;
    if (firstFrameSeconds !== undefined) {
      this.playerFirstFrame.observe({ stream_id }, firstFrameSeconds);
    }
    this.playerFreezes.inc({ stream_id }, freezes);
    this.playerFreezeSeconds.inc({ stream_id }, freezeSeconds);
  }

  /** Of a request, where there is no viewer yet. */
  securityEvent(event: SecurityEvent): void {
    this.securityEvents.inc({ event });
  }

  /** An offer that was refused, so that there never was a viewer. */
  joinRefused(streamId: string, kind: DomainErrorKind | "internal-error"): void {
    this.joins.inc({ stream_id: this.label(streamId), outcome: kind.replaceAll("-", "_") });
  }

  /** Before a scrape: watch time up to now, and no series of streams that are gone. */
  async refresh(streamIds: Iterable<string>): Promise<void> {
    const ids = this.labels.all(streamIds);
    for (const id of ids) this.open(id);
    const gone = [...this.opened].filter((id) => !ids.has(id));
    if (gone.length > 0) await this.remove(new Set(gone));
    this.srtpKeyAge.set(this.oldestKeySeconds());
    this.watchSeconds.reset();
    for (const [stream_id, seconds] of this.watchedNow()) {
      this.watchSeconds.inc({ stream_id }, seconds);
    }
  }

  private connected(peer: string, stream_id: string, type: ConnectionType, atMs: number): void {
    this.connectedMs.set(peer, { streamId: stream_id, sinceMs: atMs });
    this.joins.inc({ stream_id, outcome: "connected" });
    this.established.inc({ stream_id, connection_type: type });
    if (type === "relay") this.relayFallbacks.inc({ stream_id });
  }

  private report(stream_id: string, event: Report): void {
    const { connectionType: connection_type, jitterSeconds, leg, rttSeconds } = event;
    this.jitter.observe({ stream_id, connection_type }, jitterSeconds);
    if (rttSeconds !== undefined) {
      const exemplarLabels = { session_id: event.peerId };
      const labels = { stream_id, connection_type };
      this.rtt.observe({ labels, value: rttSeconds, exemplarLabels });
    }
    if (event.lost > 0) this.packetsLost.inc({ stream_id, leg }, event.lost);
    this.packetsExpected.inc({ stream_id, leg }, event.expected);
  }

  private closed(stream_id: string, { atMs, peerId, reason }: Closed): void {
    if (DTLS_FAILURES.includes(reason)) {
      this.dtlsHandshakes.inc({ result: "failed" });
      this.dtlsFailures.inc({ reason });
    }
    const since = this.connectedMs.get(peerId);
    if (since === undefined) {
      const exemplarLabels = { session_id: peerId };
      this.failed.inc({ labels: { stream_id, reason }, value: 1, exemplarLabels });
      this.joins.inc({ stream_id, outcome: reason });
      return;
    }
    this.connectedMs.delete(peerId);
    this.sessionsClosed.inc({ stream_id, reason });
    const watched = Math.max(0, atMs - since.sinceMs) / 1000;
    // Where it was counted while it lasted, or that would fall; the stream may have got series of its own since.
    const counted = this.opened.has(since.streamId) ? since.streamId : stream_id;
    this.watchedSeconds.set(counted, (this.watchedSeconds.get(counted) ?? 0) + watched);
  }

  /** Keys are made when a viewer connects and live as long as it does. 0 without viewers. */
  private oldestKeySeconds(): number {
    const nowMs = this.unixMs();
    let oldestMs = nowMs;
    for (const { sinceMs } of this.connectedMs.values()) oldestMs = Math.min(oldestMs, sinceMs);
    return (nowMs - oldestMs) / 1000;
  }

  private watchedNow(): ReadonlyMap<string, number> {
    const sums = new Map(this.watchedSeconds);
    const nowMs = this.unixMs();
    for (const { streamId, sinceMs } of this.connectedMs.values()) {
      const seconds = Math.max(0, nowMs - sinceMs) / 1000;
      sums.set(streamId, (sums.get(streamId) ?? 0) + seconds);
    }
    return sums;
  }

  private label(streamId: string): string {
    const stream_id = this.labels.of(streamId);
    if (stream_id !== UNKNOWN_STREAM) this.open(stream_id);
    return stream_id;
  }

  private open(stream_id: string): void {
    if (this.opened.has(stream_id)) return;
    this.opened.add(stream_id);
    this.attempted.inc({ stream_id }, 0);
    this.relayFallbacks.inc({ stream_id }, 0);
    this.framesSkipped.inc({ stream_id }, 0);
    for (const connection_type of ["direct", "relay"]) {
      this.established.inc({ stream_id, connection_type }, 0);
    }
    for (const leg of MEDIA_KINDS) {
      this.packetsLost.inc({ stream_id, leg }, 0);
      this.packetsExpected.inc({ stream_id, leg }, 0);
    }
    for (const outcome of ["connected", ...EXPECTED_REFUSALS]) {
      this.joins.inc({ stream_id, outcome }, 0);
    }
    for (const reason of EXPECTED_ENDS) this.sessionsClosed.inc({ stream_id, reason }, 0);
    for (const reason of EXPECTED_FAILURES) {
      this.failed.inc({ labels: { stream_id, reason }, value: 0 });
      this.joins.inc({ stream_id, outcome: reason }, 0);
    }
  }

  private async remove(gone: ReadonlySet<string>): Promise<void> {
    for (const id of gone) {
      this.opened.delete(id);
      this.watchedSeconds.delete(id);
    }
    for (const { name } of Object.values(VIEWER_METRICS)) {
      const metric = this.registry.getSingleMetric(name);
      for (const { labels } of (await metric?.get())?.values ?? []) {
        // A histogram's series goes by the labels it was given.
        const { le: _, ...rest } = labels;
        if (gone.has(String(rest["stream_id"]))) metric?.remove(rest);
      }
    }
  }
}
