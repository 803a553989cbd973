/** What the journal keeps of one happening, and the closed list of what can happen. */
import { SECURITY_EVENTS, type SecurityEvent } from "../security-events.ts";

export type Category = "viewer" | "source" | "process" | "security" | "config" | "server";
export type Severity = "info" | "warning" | "error";

interface EventKind {
  readonly category: Category;
  readonly severity: Severity;
}

const info = (category: Category): EventKind => ({ category, severity: "info" });
const warning = (category: Category): EventKind => ({ category, severity: "warning" });

/** Every event by its name, but those of security. */
const EVENTS = {
  connection_state_changed: info("viewer"),
  connection_quality_update: info("viewer"),
  webrtc_ice_path_selected: info("viewer"),
  webrtc_ice_restarted: info("viewer"),
  webrtc_dtls_connected: info("viewer"),
  webrtc_first_keyframe_sent: info("viewer"),
  webrtc_congested: warning("viewer"),
  srtp_key_rotated: info("viewer"),
  turn_fallback_initiated: info("viewer"),
  join_refused: warning("viewer"),
  cap_rejected: warning("viewer"),
  leg_failed: warning("source"),
  process_state_changed: info("process"),
  process_exited: info("process"),
  process_command: info("config"),
  config_changed: info("config"),
  server_started: info("server"),
  server_stopping: info("server"),
  journal_entries_dropped: warning("server"),
} as const satisfies Readonly<Record<string, EventKind>>;

const SECURITY = warning("security");

/** Events of security have the same names as in the metric dragonfork_security_events_total. */
export type EventName = keyof typeof EVENTS | SecurityEvent;
export type Metadata = Readonly<Record<string, string | number | boolean>>;

/** What a room tells the journal. */
export interface JournalEntry {
  readonly event: EventName;
  readonly streamId?: string;
  readonly peerId?: string;
  /** In place of the event's own. */
  readonly severity?: Severity;
  readonly metadata?: Metadata;
}

/** What is kept, as it crosses to the journal's thread. */
export interface JournalRow {
  readonly event: string;
  /** Unix milliseconds. */
  readonly atMs: number;
  readonly category: string;
  readonly severity: string;
  readonly streamId: string | null;
  readonly peerId: string | null;
  /** A JSON object. */
  readonly metadata: string;
}

/** As the API shows it. */
export interface EventView {
  /** ISO 8601, UTC. */
  readonly timestamp: string;
  readonly event: string;
  readonly category: string;
  readonly severity: string;
  readonly stream_id: string | null;
  readonly peer_id: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** One that is kept; ids grow with each. */
export interface JournalRecord extends EventView {
  readonly id: number;
}

/** Of any text in an entry; ids of streams are this long at most. */
const TEXT_LENGTH_MAX = 256;
const METADATA_FIELDS_MAX = 16;

const KINDS: Readonly<Record<string, EventKind>> = EVENTS;

export const EVENT_NAMES: readonly string[] = [...Object.keys(EVENTS), ...SECURITY_EVENTS];

export function categoryOf(event: EventName): Category {
  return (KINDS[event] ?? SECURITY).category;
}

/** `atMs` is Unix milliseconds. */
export function toRow(entry: JournalEntry, atMs: number): JournalRow {
  const { category, severity } = KINDS[entry.event] ?? SECURITY;
  const fields = Object.entries(entry.metadata ?? {}).slice(0, METADATA_FIELDS_MAX);
  return {
    event: entry.event,
    atMs: Math.round(atMs),
    category,
    severity: entry.severity ?? severity,
    streamId: shortened(entry.streamId) ?? null,
    peerId: shortened(entry.peerId) ?? null,
    metadata: JSON.stringify(
      Object.fromEntries(
        fields.map(([name, value]) => [name, typeof value === "string" ? shortened(value) : value]),
      ),
    ),
  };
}

export function toView(row: JournalRow): EventView {
  return {
    timestamp: new Date(row.atMs).toISOString(),
    event: row.event,
    category: row.category,
    severity: row.severity,
    stream_id: row.streamId,
    peer_id: row.peerId,
    metadata: JSON.parse(row.metadata),
  };
}

function shortened(text: string | undefined): string | undefined {
  return text?.slice(0, TEXT_LENGTH_MAX);
}
