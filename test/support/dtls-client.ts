/**
 * A viewer's DTLS side for tests: werift's client, wired to a DtlsSession in memory. The link can lose, change and
 * repeat datagrams; time is a list of timers that a test runs by hand. Nothing here waits for the real clock.
 */
import { createHash } from "node:crypto";
import { DtlsClient, type DtlsServer, type Transport } from "werift";
import {
  type DtlsFailure,
  type DtlsIdentity,
  DtlsSession,
  type DtlsSessionOptions,
  type SrtpKeys,
} from "../../src/transport/dtls.ts";

export interface ClientOptions {
  readonly identity: DtlsIdentity;
  /** 7 = AEAD_AES_128_GCM, 1 = AES128_CM_HMAC_SHA1_80, in the client's order. */
  readonly srtpProfiles?: (1 | 7)[];
  /** Signs with this key instead of the certificate's. */
  readonly signWith?: DtlsIdentity;
  /** RFC 7627; every browser has it. */
  readonly extendedMasterSecret?: boolean;
}

type Way = (datagram: Buffer) => Buffer[];
const pass: Way = (datagram) => [datagram];

/** werift's client with the parts a browser has and werift lacks: repeating a flight, counting connects. */
export class TestClient {
  readonly dtls: DtlsClient;
  connected = false;
  /** The datagrams of the last flight, as sent. */
  lastFlight: Buffer[] = [];
  private readonly transport: Transport;
  private turn = 0;

  constructor(options: ClientOptions, send: (datagram: Buffer) => void) {
    let lastTurn = -1;
    this.transport = memoryTransport((datagram) => {
      if (lastTurn !== this.turn) this.lastFlight = [];
      lastTurn = this.turn;
      this.lastFlight.push(datagram);
      send(datagram);
    });
    this.dtls = new DtlsClient({
      cert: options.identity.certificatePem,
      key: (options.signWith ?? options.identity).privateKeyPem,
      signatureHash: options.identity.signatureHash,
      transport: this.transport,
      srtpProfiles: options.srtpProfiles ?? [7, 1],
      extendedMasterSecret: options.extendedMasterSecret ?? true,
      certificateRequest: true,
      retransmit: false,
    });
    this.dtls.onConnect.subscribe(() => {
      this.connected = true;
    });
  }

  connect(): void {
    void this.dtls.connect();
  }

  receive(datagram: Buffer): void {
    this.turn += 1;
    // werift's client repeats its last flight by a lost check; a connected browser ignores the plain records.
    this.transport.onData(datagram, ["", 0]);
  }

  /** An alert under the client's keys. */
  sealedAlert(level: number, description: number, sequenceNumber = 100): Buffer {
    const header = { type: 21, version: 0xfefd, epoch: 1, sequenceNumber };
    const body = this.dtls.cipher.cipher.encrypt(1, Buffer.from([level, description]), header);
    return record({ contentType: 21, epoch: 1, sequenceNumber, body });
  }

  /** What an alert of the server's says: level and description. */
  openAlert(datagram: Buffer): Buffer {
    const header = {
      type: datagram.readUInt8(0),
      version: datagram.readUInt16BE(1),
      epoch: datagram.readUInt16BE(3),
      sequenceNumber: datagram.readUIntBE(5, 6),
    };
    return this.dtls.cipher.cipher.decrypt(1, datagram.subarray(13), header);
  }

  keys(profile: SrtpKeys["profile"]): SrtpKeys {
    const saltBytes = profile === "AEAD_AES_128_GCM" ? 12 : 14;
    return { profile, ...this.dtls.extractSessionKeys(16, saltBytes) };
  }
}

/** One session and one client on a link that a test can disturb. */
export class DtlsLink {
  readonly client: TestClient;
  readonly session: DtlsSession;
  readonly events: string[] = [];
  readonly toServer: Buffer[] = [];
  readonly toClient: Buffer[] = [];
  readonly timers = new Map<() => void, number>();
  keys: SrtpKeys | undefined;
  failure: { reason: DtlsFailure; detail: string } | undefined;
  /** What happens to a datagram on its way: [] loses it, two repeat it. */
  wayToServer: Way = pass;
  wayToClient: Way = pass;

  constructor(
    options: Partial<DtlsSessionOptions> & { identity: DtlsIdentity; client: ClientOptions },
  ) {
    this.session = new DtlsSession({
      identity: options.identity,
      remoteFingerprints: options.remoteFingerprints ?? [
        { algorithm: "sha-256", value: options.client.identity.fingerprint },
      ],
      send: (datagram) => this.toClient.push(Buffer.from(datagram)),
      onConnected: (keys) => {
        this.keys = keys;
        this.events.push("connected");
        options.onConnected?.(keys);
      },
      onFailed: (reason, detail) => {
        this.failure = { reason, detail };
        this.events.push(`failed: ${reason}`);
      },
      onClosed: () => this.events.push("closed"),
      startTimer: (ms, run) => {
        this.timers.set(run, ms);
        return () => this.timers.delete(run);
      },
    });
    this.client = new TestClient(options.client, (datagram) => this.toServer.push(datagram));
  }

  /** Carries datagrams until nobody has anything to say. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 20; ) {
      const up = this.toServer.shift();
      if (up !== undefined)
        for (const datagram of this.wayToServer(up)) this.session.receive(datagram);
      const down = this.toClient.shift();
      if (down !== undefined)
        for (const datagram of this.wayToClient(down)) this.client.receive(datagram);
      quiet = up === undefined && down === undefined ? quiet + 1 : 0;
      await Promise.resolve();
    }
  }

  async handshake(): Promise<void> {
    this.client.connect();
    await this.settle();
  }

  /** The client's own timer fires: its last flight once more. */
  async clientRepeats(): Promise<void> {
    this.toServer.push(...this.client.lastFlight);
    await this.settle();
  }

  /** The server's timer fires. */
  async serverTimerFires(): Promise<void> {
    const [run] = this.timers.keys();
    if (run === undefined) throw new Error("no timer is running");
    this.timers.delete(run);
    run();
    await this.settle();
  }
}

/** A record as bytes, for tests that forge one. */
export function record(of: {
  contentType: number;
  epoch: number;
  sequenceNumber: number;
  body: Buffer;
}): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt8(of.contentType, 0);
  head.writeUInt16BE(0xfefd, 1);
  head.writeUInt16BE(of.epoch, 3);
  head.writeUIntBE(of.sequenceNumber, 5, 6);
  head.writeUInt16BE(of.body.length, 11);
  return Buffer.concat([head, of.body]);
}

/** The fingerprint of an identity by another hash, "AA:BB:…". */
export function fingerprintOf(identity: DtlsIdentity, hash: string): string {
  const base64 = identity.certificatePem.replace(/-----[^-]+-----|\s/g, "");
  const hex = createHash(hash).update(Buffer.from(base64, "base64")).digest("hex");
  return (hex.toUpperCase().match(/../g) ?? []).join(":");
}

/** Transport of a werift socket that hands datagrams to a function. */
export function memoryTransport(send: (datagram: Buffer) => void): Transport {
  return {
    type: "udp",
    address: { address: "", family: "", port: 0 },
    closed: false,
    onData: () => undefined,
    send: async (bytes) => send(Buffer.from(bytes)),
    close: async () => undefined,
  };
}

/** Carries datagrams between two bare werift sockets until both are quiet. */
export async function pumpBare(
  server: DtlsServer,
  client: DtlsClient,
  queues: { toServer: Buffer[]; toClient: Buffer[] },
): Promise<void> {
  for (let quiet = 0; quiet < 20; ) {
    const up = queues.toServer.shift();
    if (up !== undefined) server.transport.socket.onData(up, ["", 0]);
    const down = queues.toClient.shift();
    if (down !== undefined) client.transport.socket.onData(down, ["", 0]);
    quiet = up === undefined && down === undefined ? quiet + 1 : 0;
    await Promise.resolve();
  }
}
