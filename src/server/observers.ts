/** Passes on what happens to everybody who wants to know: metrics, journal, last viewers, last hour, log, traces. */
import type { JoinSink } from "../api/app.ts";
import { IceMetrics } from "../metrics/ice-metrics.ts";
import type { Viewing } from "../monitor/viewing.ts";
import type { PeerEvent, PeerEventSink } from "../peer-events.ts";
import type { Logger } from "../telemetry/logger.ts";
import { JoinClock } from "./join-clock.ts";
import type { ServerJournal } from "./journal.ts";
import type { ServerMetrics } from "./metrics.ts";
import type { ServerRecent } from "./recent.ts";
import type { StreamSourcesOptions } from "./stream-sources.ts";
import type { ServerTracing } from "./tracing.ts";
import { ViewerLog } from "./viewer-log.ts";

/** Takes what happens to viewers. Never throws, and takes no longer than microseconds. */
interface PeerEventConsumer {
  peerEvent(event: PeerEvent): void;
}

export interface Observed {
  readonly metrics: ServerMetrics;
  readonly journal: ServerJournal;
  readonly recent: ServerRecent;
  readonly traces: ServerTracing;
  readonly viewing: Viewing;
  readonly logger: Logger;
  /** Unix milliseconds. */
  readonly unixMs: () => number;
}

export interface Observers {
  readonly viewerEvent: PeerEventSink;
  readonly legFailed: StreamSourcesOptions["onLegFailure"];
  readonly joins: JoinSink;
}

export function observers(observed: Observed): Observers {
  const { journal, logger, metrics, recent, traces } = observed;
  const consumers: readonly PeerEventConsumer[] = [
    new IceMetrics(metrics.instruments),
    metrics.viewers,
    journal.viewers,
    recent.sessions,
    recent.history,
    observed.viewing,
    new ViewerLog(logger),
    ...(traces.tracing === undefined ? [] : [traces.tracing]),
  ];
  const clock = new JoinClock();
  return {
    viewerEvent: (told) => {
      const event = clock.event(told);
      for (const consumer of consumers) consumer.peerEvent(event);
    },
    legFailed: (id, leg, failure) => {
      metrics.instruments.legFailed(id, leg);
      journal.sources.legFailed(id, leg, failure);
      recent.history.failed(id);
    },
    joins: joinSink(observed, clock),
  };
}

function joinSink({ journal, metrics, recent, unixMs }: Observed, clock: JoinClock): JoinSink {
  return {
    answered: (id, peer, ids, tookMs) => {
      const answeredMs = unixMs();
      clock.answered(peer, tookMs / 1000);
      journal.viewers.joined(id, peer, ids);
      recent.sessions.joined(id, peer, ids, { offeredMs: answeredMs - tookMs, answeredMs });
    },
    refused: (id, kind, ids) => {
      const reason = kind.replaceAll("-", "_");
      metrics.viewers.joinRefused(id, kind);
      journal.viewers.refused(id, reason, ids);
      recent.sessions.refused(id, reason, ids, unixMs());
      recent.history.failed(id);
    },
  };
}
