/**
 * What happens to viewers, in the order in which it happens, for metrics, log, journal, traces and the list of recent
 * sessions. Plain data, for every room: events of media workers cross a thread border.
 */
import type { SecurityEvent } from "./security-events.ts";

/** Why a viewer ended; a closed list, the same words in API, log and metrics. */
export type CloseReason =
  | "client_gone"
  | "no_stun_received"
  | "stun_but_no_dtls"
  | "dtls_failed"
  | "fingerprint_mismatch"
  | "consent_lost"
  | "dtls_closed"
  | "kicked"
  | "token_expired"
  | "token_revoked"
  | "session_max_age"
  | "bitrate_exceeded"
  | "source_changed"
  | "stream_removed"
  | "worker_lost"
  | "server_drain";

/** How media reaches the viewer: through a TURN server ("relay") or not. */
export type ConnectionType = "direct" | "relay";

export type PeerChange =
  /** The offer was answered. */
  | { readonly type: "opened" }
  /** The first connectivity check with the right password arrived. */
  | { readonly type: "stun_received" }
  /** A path was nominated, or the viewer moved to another one. */
  | {
      readonly type: "path_selected";
      readonly candidateType: "host" | "srflx" | "prflx" | "relay";
      readonly moved: boolean;
      /** The viewer's side, `address:port`. */
      readonly remote: string;
      /** Our side. */
      readonly localPort: number;
    }
  | { readonly type: "dtls_connected"; readonly cipher: string }
  /** ICE and DTLS are up, this long after the answer. */
  | {
      readonly type: "connected";
      readonly seconds: number;
      readonly connectionType: ConnectionType;
    }
  /** The first packet of a keyframe was sent, this long after the answer; to those who listen, after the offer. */
  | { readonly type: "first_keyframe_sent"; readonly seconds: number }
  | { readonly type: "ice_restarted" }
  /**
   * What receiver reports said of one leg since this was told before: lost and expected packets, and the last
   * round-trip time and jitter.
   */
  | {
      readonly type: "report";
      readonly leg: "video" | "audio";
      readonly connectionType: ConnectionType;
      readonly rttSeconds: number | undefined;
      readonly jitterSeconds: number;
      readonly lost: number;
      readonly expected: number;
    }
  /** Video frames up to the next keyframe were left out for a viewer that cannot keep up. */
  | { readonly type: "congested"; readonly framesSkipped: number }
  | { readonly type: "security"; readonly event: SecurityEvent }
  | { readonly type: "closed"; readonly reason: CloseReason; readonly seconds: number };

export type PeerEvent = PeerChange & {
  /** Unix milliseconds. */
  readonly atMs: number;
  /** The public id of the session; the same in log, journal, traces and API. */
  readonly peerId: string;
  readonly streamId: string;
};

export type PeerEventSink = (event: PeerEvent) => void;
