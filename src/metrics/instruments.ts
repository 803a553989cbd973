/**
 * The counters and histograms, behind an interface that the other rooms are given.
 * Knows no peer: a label has the id of a configured stream or the word for "no such stream".
 */
import type { Counter, Histogram } from "prom-client";
import { MEDIA_KINDS, type MediaKind } from "../media-kind.ts";
import { counter, histogram, sessionHistogram } from "./create.ts";
import {
  CAP_SCOPES,
  type CapScope,
  DURATION_BUCKETS,
  ICE_FAILURE_REASONS,
  ICE_RESULTS,
  type IceFailureReason,
  METRICS,
  UNKNOWN_STREAM,
  WHEP_ROUTES,
  type WhepRoute,
} from "./names.ts";
import type { MetricsRegistry } from "./registry.ts";
import type { StreamLabels } from "./stream-labels.ts";

type IceResult = (typeof ICE_RESULTS)[number];

export interface IceFailure {
  readonly reason: IceFailureReason;
  readonly seconds: number;
  readonly sessionId: string;
}

export interface Instruments {
  whepRequest(route: WhepRoute, code: number, streamId: string, seconds: number): void;
  iceConnected(streamId: string, seconds: number, sessionId: string): void;
  iceFailed(streamId: string, failure: IceFailure): void;
  codecMismatch(streamId: string, kind: MediaKind): void;
  capRejected(streamId: string, scope: CapScope): void;
  legFailed(streamId: string, leg: MediaKind): void;
  /** Gives new streams their counters at 0 and takes those of gone streams away. */
  syncStreams(ids: Iterable<string>): void;
}

/** The outcomes that alerts look at: from 0 on, so that rate() and increase() see the first one. */
const EXPECTED_REQUESTS: readonly (readonly [WhepRoute, number])[] = [
  ["post", 201],
  ["post", 400],
  ["post", 406],
  ["post", 409],
  ["post", 503],
  ["post", 504],
  ["patch", 204],
  ["delete", 204],
];

/** Registers the instruments. */
export function createInstruments(registry: MetricsRegistry, labels: StreamLabels): Instruments {
  return new RegisteredInstruments(registry, labels);
}

class RegisteredInstruments implements Instruments {
  private readonly labels: StreamLabels;
  private readonly codesSeen = new Set<string>();
  private readonly streams = new Set<string>();
  private readonly requests: Counter<"route" | "code" | "stream_id">;
  private readonly requestDuration: Histogram<"route" | "stream_id">;
  private readonly iceDuration: Histogram<"stream_id" | "result" | "session_id">;
  private readonly iceFailures: Counter<"stream_id" | "reason">;
  private readonly codecMismatches: Counter<"stream_id" | "kind">;
  private readonly capRejections: Counter<"stream_id" | "scope">;
  private readonly legFailures: Counter<"stream_id" | "leg">;

  constructor(registry: MetricsRegistry, labels: StreamLabels) {
    this.labels = labels;
    this.requests = counter(registry, METRICS.whepRequests);
    this.requestDuration = histogram(registry, METRICS.whepRequestDuration, DURATION_BUCKETS);
    this.iceDuration = sessionHistogram(registry, METRICS.iceEstablishment, DURATION_BUCKETS);
    this.iceFailures = counter(registry, METRICS.iceFailures);
    this.codecMismatches = counter(registry, METRICS.codecMismatches);
    this.capRejections = counter(registry, METRICS.capRejections);
    this.legFailures = counter(registry, METRICS.legFailures);
    this.countRequest("post", "404", UNKNOWN_STREAM, 0);
  }

  whepRequest(route: WhepRoute, code: number, streamId: string, seconds: number): void {
    const stream_id = this.label(streamId);
    this.countRequest(route, String(code), stream_id, 1);
    this.requestDuration.observe({ route, stream_id }, seconds);
  }

  iceConnected(streamId: string, seconds: number, sessionId: string): void {
    this.iceEnded(this.label(streamId), "connected", seconds, sessionId);
  }

  /** A peer that is lost after it was connected has no establishment to be timed. */
  iceFailed(streamId: string, { reason, seconds, sessionId }: IceFailure): void {
    const stream_id = this.label(streamId);
    this.iceFailures.inc({ stream_id, reason });
    if (reason !== "disconnected") this.iceEnded(stream_id, "failed", seconds, sessionId);
  }

  codecMismatch(streamId: string, kind: MediaKind): void {
    this.codecMismatches.inc({ stream_id: this.label(streamId), kind });
  }

  capRejected(streamId: string, scope: CapScope): void {
    this.capRejections.inc({ stream_id: this.label(streamId), scope });
  }

  legFailed(streamId: string, leg: MediaKind): void {
    this.legFailures.inc({ stream_id: this.label(streamId), leg });
  }

  syncStreams(ids: Iterable<string>): void {
    const now = this.labels.all(ids);
    for (const id of now) this.open(id);
    for (const id of [...this.streams]) if (!now.has(id)) this.remove(id);
  }

  private iceEnded(stream_id: string, result: IceResult, value: number, session_id: string): void {
    const labels = { stream_id, result };
    this.iceDuration.observe({ labels, value, exemplarLabels: { session_id } });
  }

  private label(streamId: string): string {
    const stream_id = this.labels.of(streamId);
    if (stream_id !== UNKNOWN_STREAM) this.open(stream_id);
    return stream_id;
  }

  private countRequest(route: WhepRoute, code: string, stream_id: string, count: number): void {
    this.codesSeen.add(code);
    this.requests.inc({ route, code, stream_id }, count);
  }

  /** Once per stream, before its first event: what is set to 0 here must not have counted yet. */
  private open(stream_id: string): void {
    if (this.streams.has(stream_id)) return;
    this.streams.add(stream_id);
    for (const [route, code] of EXPECTED_REQUESTS) {
      this.countRequest(route, String(code), stream_id, 0);
    }
    for (const reason of ICE_FAILURE_REASONS) this.iceFailures.inc({ stream_id, reason }, 0);
    for (const result of ICE_RESULTS) this.iceDuration.zero({ stream_id, result });
    for (const kind of MEDIA_KINDS) this.codecMismatches.inc({ stream_id, kind }, 0);
    for (const scope of CAP_SCOPES) this.capRejections.inc({ stream_id, scope }, 0);
    for (const leg of MEDIA_KINDS) this.legFailures.inc({ stream_id, leg }, 0);
  }

  private remove(stream_id: string): void {
    this.streams.delete(stream_id);
    for (const route of WHEP_ROUTES) {
      for (const code of this.codesSeen) this.requests.remove({ route, code, stream_id });
      this.requestDuration.remove({ route, stream_id });
    }
    for (const result of ICE_RESULTS) this.iceDuration.remove({ stream_id, result });
    for (const reason of ICE_FAILURE_REASONS) this.iceFailures.remove({ stream_id, reason });
    for (const kind of MEDIA_KINDS) this.codecMismatches.remove({ stream_id, kind });
    for (const scope of CAP_SCOPES) this.capRejections.remove({ stream_id, scope });
    for (const leg of MEDIA_KINDS) this.legFailures.remove({ stream_id, leg });
  }
}
