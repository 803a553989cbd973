/**
 * The last viewers, and what became of each, step by step: the answer to "why does it not work for me?".
 * In memory, bounded; refused offers have a place of their own, so that a flood of them does not wash viewers out.
 */
import type { CloseReason, PeerEvent } from "../peer-events.ts";
import { Timeline, type TimelineStep } from "./timeline.ts";

export type SessionState = "connecting" | "connected" | "ended" | "refused";

/** Ids under which the same attempt is found in log and traces. */
export interface RequestFacts {
  readonly request: string;
  readonly trace: string | undefined;
}

export interface SessionView {
  /** Of the viewer; of a refused offer, the request's. */
  readonly id: string;
  readonly streamId: string;
  readonly state: SessionState;
  /** Why it ended, or was refused. */
  readonly reason: string | undefined;
  /** Whether it was connected, now or before its end. */
  readonly connected: boolean;
  /** Unix milliseconds of the offer and of the end. */
  readonly startedMs: number;
  readonly endedMs: number | undefined;
  /** From the offer to the first keyframe. */
  readonly joinSeconds: number | undefined;
  readonly candidateType: string | undefined;
  readonly connectionType: string | undefined;
  /** Of the last report. */
  readonly rttSeconds: number | undefined;
  readonly packetsLost: number;
  readonly lossBursts: number;
  readonly requestId: string | undefined;
  readonly traceId: string | undefined;
  readonly steps: readonly TimelineStep[];
  /** Steps that found no room. */
  readonly stepsLeftOut: number;
}

/** Viewers that have ended; those that have not are as many as there are viewers. */
export const ENDED_MAX = 500;
export const REFUSED_MAX = 100;

/** A report that says so much is a burst, not the odd packet. */
const BURST_PACKETS = 5;
const BURST_SHARE = 0.05;
/** Between two bursts in a timeline: browsers report with each NACK, and would fill it in two seconds. */
const BURST_STEP_MS = 30_000;

class Session {
  readonly id: string;
  readonly streamId: string;
  readonly timeline = new Timeline();
  startedMs: number;
  state: SessionState = "connecting";
  reason: string | undefined;
  connected = false;
  endedMs: number | undefined;
  joinSeconds: number | undefined;
  candidateType: string | undefined;
  connectionType: string | undefined;
  rttSeconds: number | undefined;
  packetsLost = 0;
  lossBursts = 0;
  reported = false;
  burstStepMs = Number.NEGATIVE_INFINITY;
  requestId: string | undefined;
  traceId: string | undefined;

  constructor(id: string, streamId: string, startedMs: number) {
    this.id = id;
    this.streamId = streamId;
    this.startedMs = startedMs;
  }

  view(): SessionView {
    const { timeline, reported: _, burstStepMs: __, ...facts } = this;
    return { ...facts, steps: timeline.steps, stepsLeftOut: timeline.leftOut };
  }
}

export class RecentSessions {
  private readonly live = new Map<string, Session>();
  private readonly ended = new Map<string, Session>();
  private readonly refusals = new Map<string, Session>();

  /** An offer was answered. It came at `offeredMs`, in Unix milliseconds like all times here. */
  joined(
    streamId: string,
    peerId: string,
    { request, trace }: RequestFacts,
    { offeredMs, answeredMs }: { readonly offeredMs: number; readonly answeredMs: number },
  ): void {
    const session = this.session(peerId, streamId, answeredMs);
    session.startedMs = Math.min(offeredMs, session.startedMs);
    session.requestId = request;
    session.traceId = trace;
    session.timeline.add(offeredMs, "offer_received");
    session.timeline.add(answeredMs, "offer_answered");
  }

  refused(streamId: string, reason: string, { request, trace }: RequestFacts, atMs: number): void {
    const session = new Session(request, streamId, atMs);
    Object.assign(session, { state: "refused", reason, endedMs: atMs });
    Object.assign(session, { requestId: request, traceId: trace });
    session.timeline.add(atMs, "refused", { reason });
    keep(this.refusals, session, REFUSED_MAX);
  }

  peerEvent(event: PeerEvent): void {
    const session = this.session(event.peerId, event.streamId, event.atMs);
    const { timeline } = session;
    switch (event.type) {
      case "stun_received":
        timeline.add(event.atMs, "first_stun");
        return;
      case "path_selected": {
        const { candidateType, localPort, moved, remote } = event;
        session.candidateType = candidateType;
        timeline.add(event.atMs, "path_selected", { candidateType, moved, remote, localPort });
        return;
      }
      case "dtls_connected":
        timeline.add(event.atMs, "dtls_connected", { cipher: event.cipher });
        return;
      case "connected":
        session.state = "connected";
        session.connected = true;
        session.connectionType = event.connectionType;
        timeline.add(event.atMs, "media_started", { connectionType: event.connectionType });
        return;
      case "first_keyframe_sent":
        session.joinSeconds = event.seconds;
        timeline.add(event.atMs, "first_keyframe_sent");
        return;
      case "ice_restarted":
        timeline.add(event.atMs, "ice_restarted");
        return;
      case "report":
        report(session, event);
        return;
      case "congested":
        timeline.add(event.atMs, "congested", { framesSkipped: event.framesSkipped });
        return;
      case "security":
        timeline.add(event.atMs, event.event);
        return;
      case "closed":
        this.closed(session, event.reason, event.atMs);
        return;
      default:
        return;
    }
  }

  /** The newest first, those that are still there before those that have ended. */
  list(): readonly SessionView[] {
    const newest = (sessions: ReadonlyMap<string, Session>) => [...sessions.values()].reverse();
    const over = [...newest(this.ended), ...newest(this.refusals)];
    over.sort((a, b) => (b.endedMs ?? 0) - (a.endedMs ?? 0));
    return [...newest(this.live), ...over].map((session) => session.view());
  }

  get(id: string): SessionView | undefined {
    return (this.live.get(id) ?? this.ended.get(id) ?? this.refusals.get(id))?.view();
  }

  private session(id: string, streamId: string, atMs: number): Session {
    // What is told late of one that has ended belongs to that one.
    const known = this.live.get(id) ?? this.ended.get(id);
    if (known !== undefined) return known;
    const session = new Session(id, streamId, atMs);
    this.live.set(id, session);
    return session;
  }

  private closed(session: Session, reason: CloseReason, atMs: number): void {
    session.state = "ended";
    session.reason = reason;
    session.endedMs = atMs;
    session.timeline.end(atMs, "closed", { reason });
    this.live.delete(session.id);
    keep(this.ended, session, ENDED_MAX);
  }
}

function report(session: Session, event: Extract<PeerEvent, { type: "report" }>): void {
  const { atMs, expected, leg, lost, rttSeconds } = event;
  if (!session.reported) session.timeline.add(atMs, "first_receiver_report", { leg });
  session.reported = true;
  session.rttSeconds = rttSeconds ?? session.rttSeconds;
  session.packetsLost += lost;
  if (lost < BURST_PACKETS || lost < expected * BURST_SHARE) return;
  session.lossBursts++;
  if (atMs - session.burstStepMs < BURST_STEP_MS) return;
  session.burstStepMs = atMs;
  session.timeline.add(atMs, "loss_burst", { leg, lost, expected });
}

/** A map keeps the order of insertion, so the first one is the oldest. */
function keep(sessions: Map<string, Session>, session: Session, max: number): void {
  sessions.set(session.id, session);
  for (const id of sessions.keys()) {
    if (sessions.size <= max) return;
    sessions.delete(id);
  }
}
