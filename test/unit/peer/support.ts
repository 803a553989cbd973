/**
 * A peer registry without sockets or clocks: datagrams are kept in a list, time moves when a test says so.
 * The viewer speaks STUN, DTLS and SRTP by werift and test code.
 */
import { SrtcpSession, SrtpSession } from "werift";
import { createNodeCipher } from "../../../src/egress/cipher/node-crypto.ts";
import { negotiate } from "../../../src/peer/negotiate.ts";
import type { Peer } from "../../../src/peer/peer.ts";
import { PeerRegistry } from "../../../src/peer/registry.ts";
import type { PeerEvent } from "../../../src/peer-events.ts";
import { Stream } from "../../../src/stream/stream.ts";
import { SendManyBatch } from "../../../src/transport/batch-sender.ts";
import { createDtlsIdentity, type DtlsIdentity } from "../../../src/transport/dtls.ts";
import type { Endpoint, MediaSocket } from "../../../src/transport/media-socket.ts";
import { selectSrtcp } from "../../../src/transport/srtcp/select.ts";
import { isRtcp, parseRtp, type RtpView } from "../../../src/wire/rtp/header.ts";
import { parseOffer } from "../../../src/wire/sdp/offer.ts";
import { bindingSuccess, parseStun, type StunMessage } from "../../../src/wire/stun/message.ts";
import { TestClient } from "../../support/dtls-client.ts";
import { fixedRandom } from "../../support/fixed-random.ts";
import { h264Packet } from "../../support/rtp-packets.ts";
import { playerRequest } from "../../support/stun-player.ts";

export const HOME: Endpoint = { address: "192.0.2.1", port: 1000 };
export const AWAY: Endpoint = { address: "198.51.100.7", port: 2000 };

export interface Datagram {
  readonly bytes: Buffer;
  readonly to: Endpoint;
}

export const sameEndpoint = (a: Endpoint, b: Endpoint) =>
  a.address === b.address && a.port === b.port;

/** Remembers what is sent instead of sending it. */
class FakeSocket {
  readonly sent: Datagram[] = [];
  send(datagram: Uint8Array, to: Endpoint): void {
    this.sent.push({ bytes: Buffer.from(datagram), to });
  }
  sendMany(list: readonly (Uint8Array | number | string)[]): void {
    for (let i = 0; i < list.length; i += 3) {
      const to = { port: Number(list[i + 1]), address: String(list[i + 2]) };
      this.send(list[i] as Uint8Array, to);
    }
  }
}

const [SERVER, ...PLAYERS] = await Promise.all(
  Array.from({ length: 3 }, () => createDtlsIdentity()),
);

export interface PeerTest {
  readonly registry: PeerRegistry;
  readonly stream: Stream;
  readonly socket: FakeSocket;
  /** What happened to viewers, in order. */
  readonly events: PeerEvent[];
  /** The monotonic clock of the registry, in ms. */
  nowMs: number;
  addStream(id: string): Stream;
  /** Advances the clock to this time and lets every peer look at it. */
  tickAt(nowMs: number): void;
  viewer(stream?: Stream, options?: { offer?: (lines: string) => string }): Viewer;
  /** A packet of the source on each track; sent to viewers when the event loop has turned. */
  media(options?: { key?: boolean }): Promise<void>;
}

/** Call `close` of the registry at the end of a test. */
export function peerTest(options: { connectMsMax?: number } = {}): PeerTest {
  const socket = new FakeSocket();
  const mediaSocket = socket as unknown as MediaSocket;
  const random = fixedRandom(7);
  const events: PeerEvent[] = [];
  let sequence = 0;
  const fake = {
    socket,
    events,
    nowMs: 0,
    addStream: (id: string) => {
      const stream = new Stream({ id, peersMax: undefined, nowMs: () => fake.nowMs });
      stream.sourceStarted([
        { kind: "video", codec: "H264", channels: 0 },
        { kind: "audio", codec: "OPUS", channels: 2 },
      ]);
      fake.registry.addStream(stream);
      stream.sourceLive();
      return stream;
    },
    tickAt: (nowMs: number) => {
      fake.nowMs = nowMs;
      fake.registry.tick();
    },
    viewer: (stream = fake.stream, how: { offer?: (text: string) => string } = {}) =>
      new Viewer(fake, stream, how.offer ?? ((text) => text)),
    media: async (options: { key?: boolean } = {}) => {
      for (const track of fake.stream.tracks) {
        const packet = { sequence: sequence & 0xffff, timestamp: sequence * 3000 };
        track.media.writeRtp(h264Packet({ ...packet, nal: sequence === 0 || options.key ? 5 : 1 }));
      }
      sequence++;
      await new Promise<void>((resolve) => setImmediate(resolve));
    },
  } as Omit<PeerTest, "registry" | "stream"> & { registry: PeerRegistry; stream: Stream };
  fake.registry = new PeerRegistry({
    context: {
      identity: identity(SERVER),
      socket: mediaSocket,
      batch: new SendManyBatch(mediaSocket),
      createCipher: createNodeCipher,
      createSrtcp: selectSrtcp("portable"),
      candidates: [{ address: "203.0.113.1", port: 8189 }],
      randomBytes: (size) => random.bytes(size),
      nowMs: () => fake.nowMs,
      unixMs: () => 1_700_000_000_000 + fake.nowMs,
      connectMsMax: options.connectMsMax ?? 15_000,
    },
    onEvent: (event) => events.push(event),
  });
  fake.stream = fake.addStream("cam");
  return fake;
}

let players = 0;

/** One player on a network that loses nothing. */
export class Viewer {
  readonly peer: Peer;
  ufrag: string;
  readonly password = "aPasswordOfThePlayer1234";
  /** Where it sends from. */
  from: Endpoint = HOME;
  readonly dtls: TestClient;
  readonly packets: (RtpView & { to: Endpoint })[] = [];
  dtlsDatagrams = 0;
  answersChecks = true;
  srtcp: SrtcpSession | undefined;
  private srtp: SrtpSession | undefined;
  private readonly test: PeerTest;
  private readonly identity: DtlsIdentity;
  private read = 0;

  constructor(test: PeerTest, stream: Stream, change: (offer: string) => string) {
    this.test = test;
    this.ufrag = `player${++players}`;
    this.identity = identity(PLAYERS[players % PLAYERS.length]);
    this.peer = test.registry.open(
      stream.id,
      negotiate(parseOffer(change(this.offer())), stream.produced),
    );
    this.read = test.socket.sent.length;
    this.dtls = new TestClient({ identity: this.identity }, (datagram) => this.send(datagram));
  }

  send(datagram: Buffer, from = this.from): void {
    this.test.registry.receive(datagram, from);
  }

  /** A binding request; signed with `password` where one is given. */
  check(options: { from?: Endpoint; nominate?: boolean; password?: string } = {}): void {
    const { iceUfrag, icePwd } = this.peer.local;
    const request = playerRequest({
      username: `${iceUfrag}:${this.ufrag}`,
      password: options.password ?? icePwd,
      nominate: options.nominate ?? true,
    });
    this.send(request, options.from);
  }

  /** Takes what the server sent to this player, and answers. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 20; quiet++) {
      const { sent } = this.test.socket;
      for (; this.read < sent.length; quiet = 0) {
        const datagram = sent[this.read++];
        if (datagram !== undefined) this.receive(datagram);
      }
      await Promise.resolve();
    }
  }

  /** ICE, then DTLS. */
  async connect(): Promise<void> {
    this.check();
    await this.settle();
    this.dtls.connect();
    await this.settle();
  }

  /** RTCP under the keys of the session. */
  sendRtcp(plain: Buffer, from = this.from): void {
    if (this.srtcp === undefined) throw new Error("not connected");
    this.send(this.srtcp.encrypt(plain), from);
  }

  private receive({ bytes, to }: Datagram): void {
    const first = bytes[0] ?? 0;
    const message = first < 4 ? parseStun(bytes) : undefined;
    if (message?.kind === "request") this.answerCheck(message, to);
    if (first >= 20 && first < 64) {
      this.dtlsDatagrams++;
      this.dtls.receive(bytes);
      this.deriveKeys();
    }
    if (first >= 128 && !isRtcp(bytes) && this.srtp !== undefined) this.receiveMedia(bytes, to);
  }

  private answerCheck(message: StunMessage, to: Endpoint): void {
    if (!this.answersChecks || message.remoteUfrag !== this.peer.local.iceUfrag) return;
    this.send(bindingSuccess(message.transactionId, "203.0.113.1", 8189, this.password), to);
  }

  private receiveMedia(bytes: Buffer, to: Endpoint): void {
    // Another session may have this address too.
    if (!this.peer.answer.includes(`a=ssrc:${bytes.readUInt32BE(8)} `)) return;
    const packet = parseRtp(this.srtp?.decrypt(bytes) ?? Buffer.alloc(0));
    if (packet !== undefined) this.packets.push({ ...packet, to });
  }

  private deriveKeys(): void {
    if (!this.dtls.connected || this.srtp !== undefined) return;
    const keys = this.dtls.keys("AEAD_AES_128_GCM");
    const options = {
      keys: {
        localMasterKey: keys.localKey,
        localMasterSalt: keys.localSalt,
        remoteMasterKey: keys.remoteKey,
        remoteMasterSalt: keys.remoteSalt,
      },
      profile: 7 as const,
    };
    this.srtp = new SrtpSession(options);
    this.srtcp = new SrtcpSession(options);
  }

  private offer(): string {
    const section = (kind: string, mid: number, type: number, codec: readonly string[]) => [
      `m=${kind} 9 UDP/TLS/RTP/SAVPF ${type}`,
      "c=IN IP4 0.0.0.0",
      `a=mid:${mid}`,
      "a=recvonly",
      "a=rtcp-mux",
      `a=ice-ufrag:${this.ufrag}`,
      `a=ice-pwd:${this.password}`,
      `a=fingerprint:sha-256 ${this.identity.fingerprint}`,
      "a=setup:actpass",
      ...codec,
    ];
    return [
      "v=0",
      "o=- 1 1 IN IP4 127.0.0.1",
      "s=-",
      "t=0 0",
      "a=group:BUNDLE 0 1",
      ...section("video", 0, 102, [
        "a=rtpmap:102 H264/90000",
        "a=fmtp:102 packetization-mode=1;profile-level-id=42e01f",
        "a=rtcp-fb:102 nack",
      ]),
      ...section("audio", 1, 111, ["a=rtpmap:111 opus/48000/2"]),
      "",
    ].join("\r\n");
  }
}

function identity(made: DtlsIdentity | undefined): DtlsIdentity {
  if (made === undefined) throw new Error("no DTLS identity");
  return made;
}
