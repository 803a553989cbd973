/**
 * How viewers fare, from the events of their lives. A label holds the id of a configured stream or the word for
 * "no such stream", never a viewer.
 */
import { Counter, Histogram, type Registry } from "prom-client";
import type { DomainErrorKind } from "../errors.ts";
import type { ConnectionType, PeerEvent, SecurityEvent } from "../peer-events.ts";
import { type MetricDescription, UNKNOWN_STREAM } from "./names.ts";
import { JITTER_BUCKETS, JOIN_BUCKETS, RTT_BUCKETS, VIEWER_METRICS } from "./viewer-names.ts";

type Report = Extract<PeerEvent, { type: "report" }>;
type Closed = Extract<PeerEvent, { type: "closed" }>;

/** Outcomes that alerts compute rates of: from 0 on, so that increase() sees the first one. */
const EXPECTED_OUTCOMES = ["connected", "no_stun_received", "stun_but_no_dtls", "dtls_failed"];
const SECURITY_EVENTS: readonly SecurityEvent[] = [
  "dtls_fingerprint_mismatch",
  "dtls_handshake_failed",
  "stun_integrity_failed",
  "srtcp_auth_failed",
  "auth_failed",
];

export class ViewerMetrics {
  private readonly isStream: (id: string) => boolean;
  private readonly unixMs: () => number;
  private readonly opened = new Set<string>();
  /** When the viewers that are connected now did so; as many as there are viewers. */
  private readonly connectedMs = new Map<string, { streamId: string; sinceMs: number }>();
  private readonly watchedSeconds = new Map<string, number>();
  private readonly registry: Registry;
  private readonly joins;
  private readonly attempted;
  private readonly established;
  private readonly failed;
  private readonly sessionsClosed;
  private readonly joinSeconds;
  private readonly watchSeconds;
  private readonly rtt;
  private readonly jitter;
  private readonly packetsLost;
  private readonly packetsExpected;
  private readonly relayFallbacks;
  private readonly framesSkipped;
  private readonly dtlsHandshakes;
  private readonly securityEvents;

  constructor(options: {
    registry: Registry;
    isStream: (id: string) => boolean;
    unixMs: () => number;
  }) {
    const { registry } = options;
    this.registry = registry;
    this.isStream = options.isStream;
    this.unixMs = options.unixMs;
    const counter = <L extends string>({ name, help, labels }: MetricDescription<L>) =>
      new Counter({ name, help, labelNames: [...labels], registers: [registry] });
    const histogram = <L extends string>(
      { name, help, labels }: MetricDescription<L>,
      buckets: readonly number[],
    ) => {
      const labelNames = [...labels];
      const registers = [registry];
      return new Histogram({ name, help, labelNames, buckets: [...buckets], registers });
    };
    this.joins = counter(VIEWER_METRICS.joins);
    this.attempted = counter(VIEWER_METRICS.attempted);
    this.established = counter(VIEWER_METRICS.established);
    this.failed = counter(VIEWER_METRICS.failed);
    this.sessionsClosed = counter(VIEWER_METRICS.sessionsClosed);
    this.joinSeconds = histogram(VIEWER_METRICS.joinSeconds, JOIN_BUCKETS);
    this.watchSeconds = counter(VIEWER_METRICS.watchSeconds);
    this.rtt = histogram(VIEWER_METRICS.rtt, RTT_BUCKETS);
    this.jitter = histogram(VIEWER_METRICS.jitter, JITTER_BUCKETS);
    this.packetsLost = counter(VIEWER_METRICS.packetsLost);
    this.packetsExpected = counter(VIEWER_METRICS.packetsExpected);
    this.relayFallbacks = counter(VIEWER_METRICS.relayFallbacks);
    this.framesSkipped = counter(VIEWER_METRICS.framesSkipped);
    this.dtlsHandshakes = counter(VIEWER_METRICS.dtlsHandshakes);
    this.securityEvents = counter(VIEWER_METRICS.securityEvents);
    for (const result of ["succeeded", "failed"]) this.dtlsHandshakes.inc({ result }, 0);
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
        this.joinSeconds.observe({ stream_id }, event.seconds);
        return;
      case "report":
        this.report(stream_id, event);
        return;
      case "congested":
        this.framesSkipped.inc({ stream_id }, event.framesSkipped);
        return;
      case "security":
        this.securityEvents.inc({ event: event.event });
        return;
      case "closed":
        this.closed(stream_id, event);
        return;
      default:
        return;
    }
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
    const ids = new Set(streamIds);
    for (const id of ids) this.label(id);
    const gone = [...this.opened].filter((id) => !ids.has(id));
    if (gone.length > 0) await this.remove(new Set(gone));
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
    if (rttSeconds !== undefined) this.rtt.observe({ stream_id, connection_type }, rttSeconds);
    if (event.lost > 0) this.packetsLost.inc({ stream_id, leg }, event.lost);
    this.packetsExpected.inc({ stream_id, leg }, event.expected);
  }

  private closed(stream_id: string, { atMs, peerId, reason }: Closed): void {
    const dtlsFailed = reason === "dtls_failed" || reason === "fingerprint_mismatch";
    if (dtlsFailed) this.dtlsHandshakes.inc({ result: "failed" });
    const since = this.connectedMs.get(peerId);
    if (since === undefined) {
      this.failed.inc({ stream_id, reason });
      this.joins.inc({ stream_id, outcome: reason });
      return;
    }
    this.connectedMs.delete(peerId);
    this.sessionsClosed.inc({ stream_id, reason });
    const watched = Math.max(0, atMs - since.sinceMs) / 1000;
    this.watchedSeconds.set(stream_id, (this.watchedSeconds.get(stream_id) ?? 0) + watched);
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
    if (!this.isStream(streamId)) return UNKNOWN_STREAM;
    if (this.opened.has(streamId)) return streamId;
    this.opened.add(streamId);
    this.attempted.inc({ stream_id: streamId }, 0);
    for (const outcome of EXPECTED_OUTCOMES) this.joins.inc({ stream_id: streamId, outcome }, 0);
    return streamId;
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
