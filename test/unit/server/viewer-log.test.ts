import { expect, test } from "bun:test";
import type { PeerChange } from "../../../src/peer-events.ts";
import { ViewerLog } from "../../../src/server/viewer-log.ts";

test("viewers that connect, that leave and that are suspected have a line with stream and session", () => {
  const lines: unknown[] = [];
  const log = new ViewerLog({
    info: (message, fields) => lines.push([message, fields]),
    warn: (message, fields) => lines.push([message, fields]),
  });
  const tell = (change: PeerChange) =>
    log.peerEvent({ ...change, atMs: 0, peerId: "p", streamId: "cam" });
  tell({ type: "opened" });
  tell({ type: "security", event: "stun_integrity_failed" });
  tell({ type: "connected", seconds: 1, connectionType: "relay" });
  tell({ type: "closed", reason: "consent_lost", seconds: 3 });
  const of = { stream: "cam", peer: "p" };
  expect(lines).toEqual([
    ["viewer suspected", { ...of, event: "stun_integrity_failed" }],
    ["viewer connected", { ...of, connection: "relay" }],
    ["viewer left", { ...of, reason: "consent_lost" }],
  ]);
});
