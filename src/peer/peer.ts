/**
 * The media side of one viewer, from the answer to its end: ICE, then DTLS, then SRTP into the fan-out.
 * Entering "connected" is the one place where the way of control meets the way of media.
 */
import type { SrtpCipher } from "../egress/cipher/cipher.ts";
import type { FanOut } from "../egress/fan-out.ts";
import type { MediaKind } from "../media-kind.ts";
import type { CloseReason, ConnectionType, PeerChange } from "../peer-events.ts";
import type { SecurityEvent } from "../security-events.ts";
import type { PlayedStream } from "../stream/played.ts";
import type { BatchSender } from "../transport/batch-sender.ts";
import {
  type DtlsFailure,
  type DtlsIdentity,
  DtlsSession,
  type SrtpKeys,
} from "../transport/dtls.ts";
import { type IceCredentials, IceLiteAgent } from "../transport/ice-lite.ts";
import { type Endpoint, endpointText, type MediaSocket } from "../transport/media-socket.ts";
import type { Srtcp } from "../transport/srtcp.ts";
import {
  answeredBundle,
  type LocalIce,
  type NegotiatedTrack,
  type Negotiation,
  writeAnswer,
} from "../wire/sdp/answer.ts";
import type { RemoteCandidate } from "../wire/sdp/candidate.ts";
import type { StunMessage } from "../wire/stun/message.ts";
import { PeerMedia, type TrackSsrcs } from "./media.ts";
import { RemoteCandidates } from "./remote-candidates.ts";
import type { LegTotals } from "./totals.ts";

export type PeerState = "new" | "checking" | "handshaking" | "connected" | "closed";

/** What the admin API shows of a viewer. Times are Unix ms. */
export interface PeerView {
  readonly id: string;
  readonly state: PeerState;
  readonly sinceMs: number;
  readonly remoteCandidateType: RemoteCandidate["type"] | null;
  readonly videoCodec: string | null;
  readonly audioCodec: string | null;
  readonly packetsSent: number;
  readonly bytesSent: number;
  readonly packetsResent: number;
  readonly rttMs: number | null;
  readonly lossPercent: number | null;
  readonly jitterMs: number | null;
}

/** What all peers share. */
export interface PeerContext {
  readonly identity: DtlsIdentity;
  readonly socket: MediaSocket;
  readonly batch: BatchSender;
  readonly createCipher: (keys: SrtpKeys) => SrtpCipher;
  readonly createSrtcp: (keys: SrtpKeys) => Srtcp;
  readonly candidates: readonly { readonly address: string; readonly port: number }[];
  readonly randomBytes: (size: number) => Buffer;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Unix milliseconds on the clock of the sources' timelines. */
  readonly unixMs: () => number;
  /** Milliseconds from the answer until the viewer must be connected. */
  readonly connectMsMax: number;
}

export interface PeerOptions {
  readonly stream: PlayedStream;
  readonly negotiation: Negotiation;
  readonly fanOut: FanOut;
  readonly context: PeerContext;
  readonly onChange: (peer: Peer, change: PeerChange) => void;
}

/** RFC 7675 §5.1: consent expires 30 s after the last authentic sign of the other side. */
const CONSENT_MS = 30_000;
const REPORT_INTERVAL_MS = 1000;
/** Between two security events of one viewer. */
const SUSPECT_INTERVAL_MS = 1000;
/** DTLS that arrives before the address is validated waits; a ClientHello is at most a few datagrams. */
const EARLY_DTLS_MAX = 4;

export class Peer {
  readonly id: string;
  readonly stream: PlayedStream;
  readonly answer: string;
  readonly ice: IceLiteAgent;
  readonly createdMs: number;
  state: PeerState = "new";
  closeReason: CloseReason | undefined;
  /** The keys under which the registry's address book leads to this peer. */
  addressKeys: readonly string[] = [];
  /** The ufrags under which the registry finds this peer. */
  ufragKeys: readonly string[] = [];
  /** The transactions by which the registry finds whom an answer to a check is for. */
  checkKeys: readonly string[] = [];
  private readonly context: PeerContext;
  private readonly negotiation: Negotiation;
  private readonly fanOut: FanOut;
  private readonly onChange: (peer: Peer, change: PeerChange) => void;
  private readonly ssrcs: ReadonlyMap<MediaKind, TrackSsrcs>;
  private readonly cname: string;
  private readonly sinceUnixMs: number;
  private readonly closeListeners: ((reason: CloseReason) => void)[] = [];
  private readonly remoteCandidates: RemoteCandidates;
  private dtls: DtlsSession | undefined;
  private dtlsEndpoint: Endpoint | undefined;
  private earlyDtls: Buffer[] = [];
  private media: PeerMedia | undefined;
  private aliveMs: number;
  private reportedMs = Number.NEGATIVE_INFINITY;
  private suspectedMs = Number.NEGATIVE_INFINITY;
  private selectedType: RemoteCandidate["type"] | null = null;

  constructor(options: PeerOptions) {
    const { context, negotiation } = options;
    this.context = context;
    this.stream = options.stream;
    this.negotiation = negotiation;
    this.fanOut = options.fanOut;
    this.onChange = options.onChange;
    this.id = context.randomBytes(9).toString("base64url");
    this.cname = context.randomBytes(9).toString("base64url");
    this.createdMs = context.nowMs();
    this.aliveMs = this.createdMs;
    this.sinceUnixMs = context.unixMs();
    this.remoteCandidates = new RemoteCandidates(negotiation.offer.candidates);
    this.ssrcs = new Map(negotiation.tracks.map((track) => [track.kind, this.newSsrcs(track)]));
    this.ice = new IceLiteAgent({
      local: this.newCredentials(),
      remote: negotiation.offer,
      randomBytes: context.randomBytes,
      send: (datagram, to) => context.socket.send(datagram, to),
      onSelected: (endpoint) => this.select(endpoint),
    });
    this.answer = writeAnswer(
      negotiation,
      {
        ...this.local,
        fingerprint: context.identity.fingerprint,
        cname: this.cname,
        mediaStreamId: context.randomBytes(9).toString("base64url"),
        // RFC 8829 §5.2.1: a number below 2^63.
        sdpSessionId: context.randomBytes(6).readUIntBE(0, 6).toString(),
      },
      this.ssrcs,
    );
  }

  get streamId(): string {
    return this.stream.id;
  }

  /** Seconds since the answer. */
  get ageSeconds(): number {
    return (this.context.nowMs() - this.createdMs) / 1000;
  }

  /** Our side of ICE, as the answer and the answer to a restart carry it. */
  get local(): LocalIce {
    return { ...this.ice.local, candidates: this.context.candidates };
  }

  /** The sections that share the transport, the one that carries it first. */
  get iceTransportMids(): readonly { mid: string; kind: string }[] {
    const bundle = answeredBundle(this.negotiation);
    return bundle.length > 0 ? bundle : this.negotiation.tracks;
  }

  /** Trickled candidates. */
  addRemoteCandidates(candidates: readonly RemoteCandidate[]): void {
    this.remoteCandidates.add(candidates);
  }

  /** RFC 8445 §9: fresh credentials; media goes on over the old path until the player has a new one. */
  restartIce(remote: IceCredentials): LocalIce {
    this.ice.restart(this.newCredentials(), remote);
    this.tell({ type: "ice_restarted" });
    return this.local;
  }

  /** Called once; at once where the peer has ended already. */
  onClosed(listener: (reason: CloseReason) => void): void {
    if (this.closeReason === undefined) this.closeListeners.push(listener);
    else listener(this.closeReason);
  }

  /** A STUN message for this peer. Returns true where it was authentic. */
  receiveStun(datagram: Buffer, message: StunMessage, from: Endpoint): boolean {
    const nowMs = this.context.nowMs();
    const authentic =
      message.kind === "request"
        ? this.ice.request(datagram, message, from, nowMs)
        : message.kind === "success" && this.ice.response(datagram, message, from, nowMs);
    if (!authentic) {
      // Another session may have the address of this one; only its password is a sign of it.
      if (message.kind === "request") this.suspect("stun_integrity_failed");
      return false;
    }
    this.aliveMs = nowMs;
    if (this.state !== "new") return true;
    this.state = "checking";
    this.tell({ type: "stun_received" });
    return true;
  }

  /** A DTLS datagram from an address of this peer. */
  receiveDtls(datagram: Buffer, from: Endpoint): void {
    if (this.state === "closed") return;
    if (!this.ice.validated(from)) {
      if (this.earlyDtls.length < EARLY_DTLS_MAX) this.earlyDtls.push(Buffer.from(datagram));
      return;
    }
    this.dtlsEndpoint = from;
    this.dtls ??= this.startDtls();
    this.dtls.receive(datagram);
  }

  /** An SRTCP datagram from an address of this peer. */
  receiveSrtcp(datagram: Buffer): void {
    if (this.state !== "connected" || this.media === undefined) return;
    const nowMs = this.context.nowMs();
    if (this.media.receive(datagram, nowMs, this.context.unixMs())) this.aliveMs = nowMs;
    else this.suspect("srtp_auth_failed");
  }

  /** Called a few times a second: queues reports that are due in the batch and ends a peer that is gone. */
  tick(nowMs: number): void {
    if (this.state !== "connected") {
      if (nowMs - this.createdMs >= this.context.connectMsMax) this.close(this.timeoutReason());
      return;
    }
    if (nowMs - this.aliveMs >= CONSENT_MS) {
      this.close("consent_lost");
      return;
    }
    if (nowMs - this.reportedMs < REPORT_INTERVAL_MS) return;
    this.reportedMs = nowMs;
    this.media?.queueReports(this.context.unixMs());
  }

  /** Ends the viewer at once (RFC 7675 §5.2): no packet is sent after the DTLS close. Idempotent. */
  close(reason: CloseReason): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.closeReason = reason;
    this.media?.close();
    this.dtls?.close();
    for (const listener of this.closeListeners) listener(reason);
  }

  /** What was sent so far, by leg. */
  get totals(): readonly LegTotals[] {
    return this.media?.totals ?? [];
  }

  view(): PeerView {
    const { totals } = this;
    const sum = (pick: (leg: LegTotals) => number) =>
      totals.reduce((total, leg) => total + pick(leg), 0);
    const codec = (kind: MediaKind) =>
      this.negotiation.tracks.find((track) => track.kind === kind)?.codec ?? null;
    const statistics = this.media?.statistics;
    return {
      id: this.id,
      state: this.state,
      sinceMs: this.sinceUnixMs,
      remoteCandidateType: this.selectedType,
      videoCodec: codec("video"),
      audioCodec: codec("audio"),
      packetsSent: sum((leg) => leg.packets),
      bytesSent: sum((leg) => leg.bytes),
      packetsResent: sum((leg) => leg.packetsResent),
      rttMs: statistics?.rttMs ?? null,
      lossPercent: statistics?.lossPercent ?? null,
      jitterMs: statistics?.jitterMs ?? null,
    };
  }

  private timeoutReason(): CloseReason {
    if (this.state === "new") return "no_stun_received";
    return this.state === "checking" ? "stun_but_no_dtls" : "dtls_failed";
  }

  private select(endpoint: Endpoint): void {
    this.media?.moveTo(endpoint);
    // The player may never send DTLS from there; the close has to reach it all the same.
    this.dtlsEndpoint = endpoint;
    const moved = this.selectedType !== null;
    const candidateType = this.remoteCandidates.typeOf(endpoint);
    this.selectedType = candidateType;
    const remote = endpointText(endpoint);
    const localPort = this.context.socket.port;
    this.tell({ type: "path_selected", candidateType, moved, remote, localPort });
    const early = this.earlyDtls;
    this.earlyDtls = [];
    for (const datagram of early) this.receiveDtls(datagram, endpoint);
  }

  private startDtls(): DtlsSession {
    this.state = "handshaking";
    return new DtlsSession({
      identity: this.context.identity,
      remoteFingerprints: this.negotiation.offer.fingerprints,
      send: (datagram) => {
        const to = this.dtlsEndpoint;
        if (to !== undefined) this.context.socket.send(datagram, to);
      },
      onConnected: (keys) => this.connect(keys),
      onFailed: (reason) => this.dtlsFailed(reason),
      onClosed: () => this.close("dtls_closed"),
    });
  }

  private connect(keys: SrtpKeys): void {
    const endpoint = this.ice.selectedEndpoint ?? this.dtlsEndpoint;
    if (endpoint === undefined || this.state !== "handshaking") return;
    this.state = "connected";
    this.tell({ type: "dtls_connected", cipher: keys.profile });
    const { batch, createCipher, createSrtcp, randomBytes } = this.context;
    this.media = new PeerMedia({
      stream: this.stream,
      tracks: this.negotiation.tracks,
      ssrcs: this.ssrcs,
      cname: this.cname,
      keys,
      createCipher,
      createSrtcp,
      endpoint,
      fanOut: this.fanOut,
      batch,
      randomBytes,
      onReport: ({ fractionLost: _, ...report }) =>
        this.tell({ type: "report", connectionType: this.connectionType, ...report }),
      onVideoStart: () => this.tell({ type: "first_keyframe_sent", seconds: this.ageSeconds }),
      onFramesSkipped: (framesSkipped) => this.tell({ type: "congested", framesSkipped }),
    });
    const { connectionType } = this;
    this.tell({ type: "connected", seconds: this.ageSeconds, connectionType });
    this.reportedMs = this.context.nowMs();
    this.media.start(this.context.unixMs());
  }

  private dtlsFailed(reason: DtlsFailure): void {
    const mismatch = reason === "fingerprint_mismatch";
    this.suspect(mismatch ? "dtls_fingerprint_mismatch" : "dtls_handshake_failed");
    this.close(reason);
  }

  private tell(change: PeerChange): void {
    this.onChange(this, change);
  }

  /** Once a second at most, whatever the other side sends. */
  private suspect(event: SecurityEvent): void {
    const nowMs = this.context.nowMs();
    if (nowMs - this.suspectedMs < SUSPECT_INTERVAL_MS) return;
    this.suspectedMs = nowMs;
    this.tell({ type: "security", event });
  }

  private newCredentials(): IceCredentials {
    // RFC 8445 §5.3 asks for 24 and 128 random bits. Hex, because base64url has characters that are no ice-char.
    const random = (bytes: number) => this.context.randomBytes(bytes).toString("hex");
    return { iceUfrag: random(6), icePwd: random(16) };
  }

  private newSsrcs(track: NegotiatedTrack): TrackSsrcs {
    const random = () => this.context.randomBytes(4).readUInt32BE();
    return {
      ssrc: random(),
      rtxSsrc: track.rtxPayloadType === undefined ? undefined : random(),
    };
  }

  private get connectionType(): ConnectionType {
    return this.selectedType === "relay" ? "relay" : "direct";
  }
}
