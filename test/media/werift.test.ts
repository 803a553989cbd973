/** The peer connection of werift as a player: offers, answers, ICE and reports by a library, not by code of these tests. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { RTCPeerConnection, RTCRtpCodecParameters } from "werift";
import { droppedOf } from "../support/socket-drops.ts";
import { startServer, type TestServer, untilLive } from "../support/start-server.ts";
import { testSource } from "../support/test-sources.ts";
import { until } from "../support/whep-player.ts";

const KINDS = ["video", "audio"] as const;
const FEEDBACK = [{ type: "nack" }, { type: "nack", parameter: "pli" }];
const H264 = new RTCRtpCodecParameters({
  mimeType: "video/H264",
  clockRate: 90_000,
  rtcpFeedback: FEEDBACK,
  parameters: "packetization-mode=1;profile-level-id=42e01f",
});
const OPUS = new RTCRtpCodecParameters({ mimeType: "audio/opus", clockRate: 48_000, channels: 2 });
const PACKETS_MIN = 50;
let server: TestServer;

beforeAll(async () => {
  server = await startServer({
    processes: [testSource("cam"), testSource("picture", { only: "video" })],
  });
  await Promise.all(["cam", "picture"].map((id) => untilLive(server, id)));
});
afterAll(() => server.stop());

/** Offers picture and sound and plays what comes. */
async function watch(id: string) {
  const player = new RTCPeerConnection({
    codecs: { video: [H264], audio: [OPUS] },
    iceServers: [],
  });
  const sequences = { video: [] as number[], audio: [] as number[] };
  const reports = new Set<string>();
  for (const kind of KINDS) {
    const { onTrack } = player.addTransceiver(kind, { direction: "recvonly" });
    onTrack.subscribe((track) => {
      track.onReceiveRtp.subscribe(({ header }) => sequences[kind].push(header.sequenceNumber));
      track.onReceiveRtcp.subscribe(({ type }) => type === 200 && reports.add(kind));
    });
  }
  await player.setLocalDescription(await player.createOffer());
  const response = await fetch(server.whep(id), {
    method: "POST",
    body: player.localDescription?.sdp ?? "",
    headers: { "content-type": "application/sdp" },
  });
  expect(response.status).toBe(201);
  await player.setRemoteDescription({ type: "answer", sdp: await response.text() });
  const session = new URL(response.headers.get("location") ?? "", response.url);
  return { player, sequences, reports, session };
}

/** Numbers left out of a row of sequence numbers; very many where one comes late. */
function missingIn(sequences: readonly number[]): number {
  const steps = sequences.slice(1).map((sequence, i) => (sequence - (sequences[i] ?? 0)) & 0xffff);
  return steps.reduce((sum, step) => sum + step - 1, 0);
}

test.each([
  ["cam", ["video", "audio"]],
  ["picture", ["video"]],
] as const)("plays what %s has: %p", async (id, kinds) => {
  const unreadBefore = droppedOf(process.pid);
  const { player, sequences, reports, session } = await watch(id);
  await until(
    () => kinds.every((kind) => reports.has(kind) && sequences[kind].length >= PACKETS_MIN),
    20_000,
    "media and sender reports",
  );
  const unread = droppedOf(process.pid) - unreadBefore;
  for (const kind of KINDS) {
    expect(missingIn(sequences[kind])).toBeLessThanOrEqual(unread);
    expect(sequences[kind].length > 0).toBe(kinds.some((one) => one === kind));
  }
  expect((await fetch(session, { method: "DELETE" })).status).toBe(204);
  await player.close();
  const closed = { stream_id: id, reason: "client_gone" };
  expect(await server.metric("dragonfork_webrtc_sessions_closed_total", closed)).toBe(1);
  expect(server.log().filter(({ msg }) => msg === "viewer suspected")).toEqual([]);
});
