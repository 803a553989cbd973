/**
 * A WHEP player without a browser, for tests that must misbehave or count: real HTTP, UDP, ICE, DTLS and SRTP.
 * It speaks STUN, DTLS and SRTP by code that is not the server's.
 */
import { randomBytes } from "node:crypto";
import { SrtcpSession, SrtpSession } from "werift";
import { createDtlsIdentity, type DtlsIdentity } from "../../src/transport/dtls.ts";
import { parseRtp } from "../../src/wire/rtp/header.ts";
import { bindingSuccess, parseStun } from "../../src/wire/stun/message.ts";
import { TestClient } from "./dtls-client.ts";
import { count, firstOf, type Received } from "./received.ts";
import { droppedAt, holdSeconds } from "./socket-drops.ts";
import { playerRequest } from "./stun-player.ts";

export interface PlayerOptions {
  /** The WHEP endpoint. */
  readonly url: string;
  readonly audio?: boolean;
  readonly video?: boolean;
  /** As in a=rtpmap. */
  readonly videoCodec?: "H264" | "VP8";
  readonly rtx?: boolean;
  readonly srtpProfiles?: (1 | 7)[];
  /** False: never proves that it receives at its address. */
  readonly answersChecks?: boolean;
  readonly headers?: Record<string, string>;
  /** Where its socket is bound, and the family of the candidate it uses; "127.0.0.1" unless given. */
  readonly hostname?: "127.0.0.1" | "::1";
  /** Asks for what is missing as a browser does. */
  readonly nacks?: boolean;
}

const H264 = ["a=rtpmap:102 H264/90000", "a=fmtp:102 packetization-mode=1;profile-level-id=42e01f"];
const VP8 = ["a=rtpmap:102 VP8/90000"];
const FEEDBACK = ["a=rtcp-fb:102 nack", "a=rtcp-fb:102 nack pli"];
const RTX = ["a=rtpmap:103 rtx/90000", "a=fmtp:103 apt=102"];

export class WhepPlayer {
  readonly received = new Map<number, Received>();
  readonly ufrag = randomBytes(4).toString("hex");
  readonly password = randomBytes(12).toString("hex");
  status = 0;
  answer = "";
  location = "";
  etag = "";
  response: Response | undefined;
  body = "";
  connected = false;
  dtlsClosed = false;
  rtcpPackets = 0;
  datagrams = 0;
  /** Media packets by the local port they came to. */
  readonly mediaByPort = new Map<number, number>();
  answersChecks: boolean;
  /** Takes each RTCP packet of the server, plain. */
  onRtcp: (packet: Buffer) => void = () => undefined;
  /** Which media packets count as lost on the way. */
  loses: (sequence: number, ssrc: number) => boolean = () => false;
  /** The server's side of ICE, as answered. */
  remote = { address: "", port: 0, ufrag: "", password: "" };
  private readonly options: PlayerOptions;
  private readonly identity: DtlsIdentity;
  private socket: Bun.udp.Socket<"buffer">;
  private readonly leftSockets: Bun.udp.Socket<"buffer">[] = [];
  private client: TestClient | undefined;
  private srtp: SrtpSession | undefined;
  private srtcp: SrtcpSession | undefined;
  private readonly timers: ReturnType<typeof setInterval>[] = [];

  private constructor(
    options: PlayerOptions,
    identity: DtlsIdentity,
    bind: (receive: Receive) => Bun.udp.Socket<"buffer">,
  ) {
    this.options = options;
    this.identity = identity;
    this.answersChecks = options.answersChecks ?? true;
    this.socket = bind((datagram, port) => this.receive(datagram, port));
  }

  /** Makes a player with a socket of its own; nothing is sent yet. */
  static async create(options: PlayerOptions): Promise<WhepPlayer> {
    let receive: Receive = () => undefined;
    const socket = await openSocket(options.hostname, (...args) => receive(...args));
    return new WhepPlayer(options, await createDtlsIdentity(), (handler) => {
      receive = handler;
      return socket;
    });
  }

  /** Creates a player and plays: resolves when DTLS is up. Throws where the answer is not 201 or it takes 20 s. */
  static async play(options: PlayerOptions): Promise<WhepPlayer> {
    const player = await WhepPlayer.create(options);
    await player.post();
    if (player.status !== 201) throw new Error(`POST answered ${player.status}: ${player.body}`);
    player.connect();
    await until(() => player.connected, 20_000, "the player to connect");
    return player;
  }

  get port(): number {
    return this.socket.port;
  }

  /** Datagrams that came, but that this process did not read in time: nobody else lost them. */
  get unread(): number {
    const open = [this.socket, ...this.leftSockets].filter(({ closed }) => !closed);
    return open.reduce((sum, { port }) => sum + droppedAt(port), 0);
  }

  /** Goes on from another address, as a phone that changes networks. The old socket still counts what comes. */
  async roam(): Promise<void> {
    this.leftSockets.push(this.socket);
    this.socket = await openSocket(this.options.hostname, (...args) => this.receive(...args));
    this.check();
  }

  offer(): string {
    const sections = [
      ...(this.options.video === false ? [] : [this.videoSection()]),
      ...(this.options.audio === false ? [] : [this.section("audio", "1", "111", AUDIO)]),
    ];
    const mids = sections.map((section) => /a=mid:(\d)/.exec(section)?.[1]).join(" ");
    return [
      "v=0",
      "o=- 1 1 IN IP4 127.0.0.1",
      "s=-",
      "t=0 0",
      `a=group:BUNDLE ${mids}`,
      ...sections,
      "",
    ].join("\r\n");
  }

  async post(offer = this.offer()): Promise<void> {
    const response = await fetch(this.options.url, {
      method: "POST",
      body: offer,
      headers: { "Content-Type": "application/sdp", ...this.options.headers },
    });
    this.response = response;
    this.status = response.status;
    this.body = await response.text();
    if (response.status !== 201) return;
    this.answer = this.body;
    this.location = new URL(response.headers.get("location") ?? "", this.options.url).href;
    this.etag = response.headers.get("etag") ?? "";
    this.useAnswer(this.answer);
  }

  /** Takes the server's ICE side from an answer or a fragment. */
  useAnswer(sdp: string): void {
    const candidates = [...sdp.matchAll(/a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host/g)];
    const wanted = this.options.hostname ?? "127.0.0.1";
    const loopback = candidates.find(([, address]) => address === wanted) ?? candidates[0];
    this.remote = {
      address: loopback?.[1] ?? wanted,
      port: Number(loopback?.[2]),
      ufrag: /a=ice-ufrag:(\S+)/.exec(sdp)?.[1] ?? "",
      password: /a=ice-pwd:(\S+)/.exec(sdp)?.[1] ?? "",
    };
  }

  /** Starts ICE; DTLS and media follow by themselves. */
  connect(): void {
    this.check();
    this.timers.push(setInterval(() => this.check(), 200));
  }

  check(nominate = true): void {
    this.send(this.request(nominate));
  }

  /** A signed binding request of this player, for whoever may send it. */
  request(nominate = true): Buffer {
    return playerRequest({
      username: `${this.remote.ufrag}:${this.ufrag}`,
      password: this.remote.password,
      nominate,
      transactionId: randomBytes(12),
    });
  }

  send(datagram: Buffer): void {
    this.socket.send(datagram, this.remote.port, this.remote.address);
  }

  /** Asks for packets again (RFC 4585 §6.2.1), each as an entry of its own. */
  nack(ssrc: number, sequences: readonly number[]): void {
    const packet = Buffer.alloc(12 + sequences.length * 4);
    packet.writeUInt32BE(0x81cd0000 + 2 + sequences.length, 0);
    packet.writeUInt32BE(1, 4);
    packet.writeUInt32BE(ssrc, 8);
    sequences.forEach((sequence, i) => void packet.writeUInt16BE(sequence, 12 + i * 4));
    this.sendRtcp(packet);
  }

  sendRtcp(packet: Buffer): void {
    if (this.srtcp) this.send(this.srtcp.encrypt(packet));
  }

  /** The SSRC and counters of a kind of media, by the payload types of the offer. */
  media(kind: "video" | "audio" | "rtx"): Received | undefined {
    const payloadType = { video: 102, audio: 111, rtx: 103 }[kind];
    return [...this.received.values()].find((stream) => stream.payloadType === payloadType);
  }

  /** Ends the session as a good player does. */
  async close(): Promise<void> {
    if (this.location !== "") {
      await fetch(this.location, { method: "DELETE", headers: this.options.headers ?? {} });
    }
    this.vanish();
  }

  /** Stops without a word, as a player does whose network is gone. */
  vanish(): void {
    for (const timer of this.timers) clearInterval(timer);
    for (const socket of [this.socket, ...this.leftSockets]) if (!socket.closed) socket.close();
  }

  private videoSection(): string {
    const codec = this.options.videoCodec === "VP8" ? VP8 : H264;
    const rtx = this.options.rtx ? RTX : [];
    return this.section("video", "0", rtx.length > 0 ? "102 103" : "102", [
      ...codec,
      ...FEEDBACK,
      ...rtx,
    ]);
  }

  private section(kind: string, mid: string, types: string, codec: readonly string[]): string {
    return [
      `m=${kind} 9 UDP/TLS/RTP/SAVPF ${types}`,
      "c=IN IP4 0.0.0.0",
      `a=mid:${mid}`,
      "a=recvonly",
      "a=rtcp-mux",
      `a=ice-ufrag:${this.ufrag}`,
      `a=ice-pwd:${this.password}`,
      `a=fingerprint:sha-256 ${this.identity.fingerprint}`,
      "a=setup:actpass",
      ...codec,
    ].join("\r\n");
  }

  private receive(datagram: Buffer, port: number): void {
    this.datagrams++;
    const first = datagram[0] ?? 0;
    if (first < 4) this.receiveStun(datagram);
    else if (first >= 20 && first < 64) this.receiveDtls(datagram);
    else if ((datagram[1] ?? 0) >= 192 && (datagram[1] ?? 0) <= 223) this.receiveRtcp(datagram);
    else this.receiveMedia(datagram, port);
  }

  private receiveStun(datagram: Buffer): void {
    const message = parseStun(datagram);
    if (message?.kind === "request" && this.answersChecks) {
      this.send(
        bindingSuccess(message.transactionId, this.remote.address, this.remote.port, this.password),
      );
    }
    if (message?.kind === "success" && this.client === undefined) this.startDtls();
  }

  private startDtls(): void {
    const { srtpProfiles } = this.options;
    this.client = new TestClient(
      { identity: this.identity, ...(srtpProfiles ? { srtpProfiles } : {}) },
      (datagram) => this.send(datagram),
    );
    this.client.dtls.onClose.subscribe(() => {
      this.dtlsClosed = true;
    });
    this.client.connect();
    this.timers.push(setInterval(() => this.repeatFlight(), 300));
  }

  private repeatFlight(): void {
    if (this.connected) return;
    for (const datagram of this.client?.lastFlight ?? []) this.send(datagram);
  }

  private receiveDtls(datagram: Buffer): void {
    this.client?.receive(datagram);
    if (this.connected && datagram[0] === 21) this.dtlsClosed = true;
    if (this.connected || !this.client?.connected) return;
    const profile = this.client.dtls.srtp.srtpProfile ?? 7;
    const keys = this.client.keys(profile === 7 ? "AEAD_AES_128_GCM" : "AES128_CM_HMAC_SHA1_80");
    const options = {
      keys: {
        localMasterKey: keys.localKey,
        localMasterSalt: keys.localSalt,
        remoteMasterKey: keys.remoteKey,
        remoteMasterSalt: keys.remoteSalt,
      },
      profile,
    };
    this.srtp = new SrtpSession(options);
    this.srtcp = new SrtcpSession(options);
    this.connected = true;
  }

  private receiveRtcp(datagram: Buffer): void {
    this.rtcpPackets++;
    const plain = this.srtcp?.decrypt(datagram);
    if (plain) this.onRtcp(plain);
  }

  private receiveMedia(datagram: Buffer, port: number): void {
    const plain = this.srtp?.decrypt(datagram);
    const packet = plain && parseRtp(plain);
    if (plain === undefined || packet === undefined) return;
    if (this.loses(packet.sequence, packet.ssrc)) return;
    this.mediaByPort.set(port, (this.mediaByPort.get(port) ?? 0) + 1);
    // RFC 4588 §4: the payload begins with the original sequence number.
    if (packet.payloadType === 103) this.restore(plain.readUInt16BE(packet.payloadOffset));
    const stream = this.received.get(packet.ssrc);
    if (stream === undefined) {
      this.received.set(packet.ssrc, firstOf(packet));
      return;
    }
    const before = stream.missing.size;
    count(stream, packet);
    if (this.options.nacks && stream.missing.size > before) {
      this.nack(stream.ssrc, [...stream.missing].slice(before));
    }
  }

  private restore(sequence: number): void {
    const video = this.media("video");
    if (video?.missing.delete(sequence)) video.lost--;
  }
}

const AUDIO = ["a=rtpmap:111 opus/48000/2", "a=fmtp:111 minptime=10;useinbandfec=1"];

type Receive = (datagram: Buffer, localPort: number) => void;

async function openSocket(
  hostname = "127.0.0.1",
  receive: Receive,
): Promise<Bun.udp.Socket<"buffer">> {
  const socket = await Bun.udpSocket({
    hostname,
    port: 0,
    socket: {
      data: (own, datagram) => receive(datagram, own.port),
      error: () => undefined,
    },
  });
  holdSeconds(socket);
  return socket;
}

/**
 * Waits until a condition holds; throws, naming it, after the time in ms. Looks once more then: where the machine stood
 * still for all of that time, what was due meanwhile comes now.
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
  what: string,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  for (let isLast = false; !(await condition()); ) {
    if (isLast) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    isLast = performance.now() > end;
    await Bun.sleep(20);
  }
}
