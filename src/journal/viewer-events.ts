/** Writes into the journal what becomes of viewers. */
import type { CloseReason, PeerEvent } from "../peer-events.ts";
import type { JournalEntry, Metadata } from "./entry.ts";
import { type Quality, QualityWatch } from "./quality-watch.ts";

/** Ends that are failures of the path or of the server, not somebody's wish. */
const FAILURES: ReadonlySet<CloseReason> = new Set<CloseReason>([
  "no_stun_received",
  "stun_but_no_dtls",
  "dtls_failed",
  "fingerprint_mismatch",
  "consent_lost",
  "worker_lost",
]);

/** What is remembered of a viewer while it is there. */
interface Viewer {
  candidateType: string | undefined;
  connected: boolean;
  readonly quality: QualityWatch;
}

export interface RequestFacts {
  readonly request: string;
  readonly trace: string | undefined;
}

export class ViewerEvents {
  private readonly record: (entry: JournalEntry) => void;
  /** As many as there are viewers. */
  private readonly viewers = new Map<string, Viewer>();

  constructor(record: (entry: JournalEntry) => void) {
    this.record = record;
  }

  /** An offer was answered: from here on there is a viewer. */
  joined(streamId: string, peerId: string, { request, trace }: RequestFacts): void {
    this.record({
      event: "connection_state_changed",
      streamId,
      peerId,
      metadata: {
        state: "new",
        request_id: request,
        ...(trace !== undefined && { trace_id: trace }),
      },
    });
  }

  /** An offer was refused: there is no viewer, so the request's id has to do. */
  refused(streamId: string, reason: string, { request, trace }: RequestFacts): void {
    const metadata = {
      reason,
      request_id: request,
      ...(trace !== undefined && { trace_id: trace }),
    };
    const event = reason === "peer_limit_reached" ? "cap_rejected" : "join_refused";
    this.record({ event, streamId, metadata });
  }

  peerEvent(event: PeerEvent): void {
    const viewer = this.viewer(event.peerId);
    switch (event.type) {
      case "stun_received":
        this.write(event, "connection_state_changed", { state: "checking" });
        return;
      case "path_selected": {
        const { candidateType, moved, remote } = event;
        viewer.candidateType = candidateType;
        this.write(event, "webrtc_ice_path_selected", { candidateType, moved, remote });
        return;
      }
      case "dtls_connected":
        this.write(event, "webrtc_dtls_connected", { cipher: event.cipher });
        this.write(event, "srtp_key_rotated", { cipher: event.cipher });
        return;
      case "connected":
        this.connected(event, viewer);
        return;
      case "first_keyframe_sent":
        this.write(event, "webrtc_first_keyframe_sent", { seconds: rounded(event.seconds) });
        return;
      case "ice_restarted":
        this.write(event, "webrtc_ice_restarted", {});
        return;
      case "report":
        viewer.quality.report(event);
        return;
      case "congested":
        this.write(event, "webrtc_congested", { framesSkipped: event.framesSkipped });
        return;
      case "security":
        this.write(event, event.event, {});
        return;
      case "closed":
        this.closed(event, viewer);
        return;
      default:
        return;
    }
  }

  private connected(event: Extract<PeerEvent, { type: "connected" }>, viewer: Viewer): void {
    const { connectionType, seconds } = event;
    viewer.connected = true;
    const state = "connected";
    const facts = { state, connectionType, seconds: rounded(seconds) };
    this.write(event, "connection_state_changed", facts);
    if (connectionType === "relay") {
      this.write(event, "turn_fallback_initiated", { peer_id: event.peerId });
    }
  }

  private closed(event: Extract<PeerEvent, { type: "closed" }>, viewer: Viewer): void {
    const { peerId, reason, seconds } = event;
    this.viewers.delete(peerId);
    const failed = FAILURES.has(reason);
    const state = failed ? "failed" : "closed";
    const { connected } = viewer;
    const metadata = { state, reason, connected, seconds: rounded(seconds) };
    this.write(event, "connection_state_changed", metadata, failed ? "warning" : "info");
  }

  private viewer(peerId: string): Viewer {
    const known = this.viewers.get(peerId);
    if (known !== undefined) return known;
    const viewer: Viewer = {
      candidateType: undefined,
      connected: false,
      quality: new QualityWatch((event, quality) => this.writeQuality(event, quality, viewer)),
    };
    this.viewers.set(peerId, viewer);
    return viewer;
  }

  private writeQuality(event: PeerEvent, quality: Quality, { candidateType }: Viewer): void {
    const metadata = { ...quality, ...(candidateType !== undefined && { candidateType }) };
    const severity = quality.quality === "poor" ? "warning" : "info";
    this.write(event, "connection_quality_update", metadata, severity);
  }

  private write(
    { peerId, streamId }: PeerEvent,
    event: JournalEntry["event"],
    metadata: Metadata,
    severity?: JournalEntry["severity"],
  ): void {
    this.record({
      event,
      streamId,
      peerId,
      metadata,
      ...(severity !== undefined && { severity }),
    });
  }
}

/** Milliseconds are as fine as it gets. */
function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
