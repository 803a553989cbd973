import { describe, expect, test } from "bun:test";
import { IceMetrics } from "../../../src/metrics/ice-metrics.ts";
import type { CloseReason } from "../../../src/peer-events.ts";

function closed(reason: CloseReason): readonly string[] {
  const heard: string[] = [];
  const metrics = new IceMetrics({
    iceConnected: (stream, seconds, session) =>
      heard.push(`connected ${stream} ${seconds} ${session}`),
    iceFailed: (stream, { reason: why, seconds, sessionId }) =>
      heard.push(`${why} ${stream} ${seconds} ${sessionId}`),
  });
  const of = { atMs: 0, peerId: "p", streamId: "cam" };
  metrics.peerEvent({ type: "connected", seconds: 0.4, connectionType: "direct", ...of });
  metrics.peerEvent({ type: "closed", reason, seconds: 15, ...of });
  return heard;
}

describe("the end of a viewer", () => {
  test.each([
    ["no_stun_received", "timeout"],
    ["stun_but_no_dtls", "timeout"],
    ["dtls_failed", "failed"],
    ["fingerprint_mismatch", "failed"],
    ["consent_lost", "disconnected"],
  ] as const)("%s counts as %s", (reason, failure) => {
    expect(closed(reason)).toEqual(["connected cam 0.4 p", `${failure} cam 15 p`]);
  });

  test.each(["client_gone", "dtls_closed", "kicked", "server_drain"] as const)(
    "%s is no failure",
    (reason) => {
      expect(closed(reason)).toEqual(["connected cam 0.4 p"]);
    },
  );
});
