/** /api/v3/webrtc/streams/{id}/peers: who watches a stream, and how well; DELETE sends a viewer away. */
import { Elysia } from "elysia";
import type { ViewGrant } from "../../auth/viewer-token.ts";
import { PeerNotFound, StreamNotFound } from "../../errors/viewer.ts";
import { operation, STREAM_ID } from "../documentation.ts";
import { JSON_TYPE, sendJson } from "../json.ts";
import { PeersSchema } from "../schemas.ts";

export interface PeerFacts {
  readonly id: string;
  readonly state: string;
  /** Unix milliseconds. */
  readonly sinceMs: number;
  readonly remoteCandidateType: string | null;
  readonly videoCodec: string | null;
  readonly audioCodec: string | null;
  readonly packetsSent: number;
  readonly bytesSent: number;
  readonly packetsResent: number;
  readonly rttMs: number | null;
  readonly lossPercent: number | null;
  readonly jitterMs: number | null;
}

export interface KickablePeer {
  readonly streamId: string;
  view(): PeerFacts;
  close(reason: "kicked"): void;
}

export interface PeersOptions {
  readonly viewings: { grantOf(peerId: string): ViewGrant | undefined };
  readonly streams: { get(id: string): { readonly id: string } | undefined };
  readonly peers: {
    list(streamId: string): readonly KickablePeer[];
    get(peerId: string): KickablePeer | undefined;
  };
}

const PATH = "/api/v3/webrtc/streams/:id/peers";

export function peersRoutes({ streams, peers, viewings }: PeersOptions) {
  const streamOf = (id: string) => {
    const stream = streams.get(id);
    if (stream === undefined) throw new StreamNotFound();
    return stream;
  };
  return new Elysia({ name: "peers" })
    .get(
      PATH,
      ({ params, set }) => {
        const list = peers.list(streamOf(params.id).id);
        return sendJson(
          set,
          list.map((peer) => peerView(peer.view(), viewings.grantOf(peer.view().id))),
        );
      },
      { detail: listDetail },
    )
    .delete(
      `${PATH}/:peer`,
      ({ params, set }) => {
        const peer = peers.get(params.peer);
        if (peer?.streamId !== streamOf(params.id).id) throw new PeerNotFound();
        peer.close("kicked");
        set.status = 204;
        return "";
      },
      { parse: "none", detail: kickDetail },
    );
}

function peerView(peer: PeerFacts, grant: ViewGrant | undefined) {
  return {
    id: peer.id,
    state: peer.state,
    since: new Date(peer.sinceMs).toISOString(),
    subject: grant?.subject ?? null,
    token: grant?.minted?.id ?? null,
    remote_candidate_type: peer.remoteCandidateType,
    codec: { video: peer.videoCodec, audio: peer.audioCodec },
    packets_sent: peer.packetsSent,
    bytes_sent: peer.bytesSent,
    packets_resent: peer.packetsResent,
    rtt_ms: peer.rttMs,
    loss_percent: peer.lossPercent,
    jitter_ms: peer.jitterMs,
  };
}

const listDetail = operation({
  tag: "WebRTC",
  summary: "List the viewers of a stream",
  description: "With round trip, loss and jitter from their receiver reports.",
  parameters: [STREAM_ID],
  answers: {
    200: {
      description: "The viewers.",
      type: JSON_TYPE,
      schema: PeersSchema,
      example: [
        {
          id: "p3Zk1Xb0QmWq",
          state: "connected",
          since: "2026-11-20T21:03:38.120Z",
          subject: "alice",
          token: null,
          remote_candidate_type: "host",
          codec: { video: "H264", audio: "OPUS" },
          packets_sent: 10_650,
          bytes_sent: 9_600_000,
          packets_resent: 2,
          rtt_ms: 12.5,
          loss_percent: 0,
          jitter_ms: 1.2,
        },
      ],
    },
  },
  problems: ["unauthorized", "forbidden", "stream-not-found"],
  access: "admin",
});

const kickDetail = operation({
  tag: "WebRTC",
  summary: "Disconnect a viewer",
  description: "Ends the session at once. The viewer may join again with a new offer.",
  parameters: [
    STREAM_ID,
    { name: "peer", in: "path", description: "The viewer's id from the list.", required: true },
  ],
  answers: { 204: { description: "The viewer is gone." } },
  problems: ["unauthorized", "forbidden", "stream-not-found", "peer-not-found"],
  access: "admin",
});
