/** What the pretended API says of the last hour and of the last viewers. */

/** Forty minutes with a crowd in the middle, which the line did not carry well. */
export const busyHour = {
  interval_seconds: 10,
  until: "2026-11-20T21:00:00.000Z",
  viewers: crowd((share) => Math.round(share * 14)),
  sent_kbit: crowd((share) => Math.round(share * 14) * 2600),
  loss_percent: crowd((share, i) => (i < 60 ? null : Math.max(0, share * 9 - 4))),
  failures: crowd((_, i) => (i === 150 ? 3 : i === 90 ? 1 : 0)),
};

function crowd<T>(value: (share: number, index: number) => T): T[] {
  return Array.from({ length: 240 }, (_, i) => value(Math.sin((i / 240) * Math.PI) ** 2, i));
}

const session = {
  stream_id: "test",
  started: "2026-11-20T21:00:00.000Z",
  candidate_type: null as string | null,
  connection_type: null as string | null,
  join_ms: null as number | null,
  rtt_ms: null as number | null,
  packets_lost: 0,
  loss_bursts: 0,
  request_id: "c53dee8b377def08",
  trace_id: null,
};

export const watchingSession = {
  ...session,
  id: "p3Zk1Xb0QmWq",
  state: "connected",
  reason: null,
  connected: true,
  ended: null,
  candidate_type: "srflx",
  connection_type: "direct",
  join_ms: 26,
  rtt_ms: 40.2,
};

export const failedSession = {
  ...session,
  id: "Ab0QmWqp3Zk1",
  state: "ended",
  reason: "no_stun_received",
  connected: false,
  ended: "2026-11-20T21:00:15.000Z",
};

export const refusedSession = {
  ...session,
  id: "aaaaee8b377def08",
  request_id: "aaaaee8b377def08",
  state: "refused",
  reason: "codec_mismatch",
  connected: false,
  ended: "2026-11-20T21:00:00.000Z",
};

export const timeline = [
  { at: session.started, ms: 0, event: "offer_received", detail: {} },
  { at: session.started, ms: 4, event: "offer_answered", detail: {} },
  { at: session.started, ms: 15_010, event: "closed", detail: { reason: "no_stun_received" } },
];
