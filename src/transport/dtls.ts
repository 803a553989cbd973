/**
 * DTLS 1.2 of one viewer, as server (RFC 6347, RFC 5764): datagrams in, datagrams and SRTP keys out. werift does
 * the cryptography and the message formats; order, repeats, bounds and alerts are ours, so that werift sees each
 * message once, whole and in order. It must be the patched werift (deploy/patches): upstream checks no client.
 */
import {
  createSelfSignedCertificate,
  DtlsServer,
  HashAlgorithm,
  NamedCurveAlgorithm,
  SignatureAlgorithm,
  type Transport,
} from "werift";
import {
  alertOf,
  BAD_CERTIFICATE,
  CLOSE_NOTIFY,
  FATAL,
  HANDSHAKE_FAILURE,
  messageOf,
  UNEXPECTED_MESSAGE,
  WARNING,
} from "./dtls/alert.ts";
import { fingerprintSha256, matchesFingerprint } from "./dtls/fingerprint.ts";
import { FlightSender, type StartTimer } from "./dtls/flight-sender.ts";
import {
  HandshakeInbox,
  type HandshakeMessage,
  helloCookie,
  writeHandshake,
} from "./dtls/handshake-inbox.ts";
import {
  CONTENT_ALERT,
  CONTENT_HANDSHAKE,
  DTLS_1_2,
  type DtlsRecord,
  readRecords,
  writeRecord,
} from "./dtls/record.ts";

/** What the client sends before its Finished, by message_seq: hello, hello with cookie, certificate, key exchange, proof. */
const CLIENT_MESSAGES = [1, 1, 11, 16, 15] as const;
const CERTIFICATE_SEQUENCE = 2;
/** Explicit nonce, header with 12 bytes verify_data, tag: the only handshake message under the keys. */
const FINISHED_RECORD_BYTES = 8 + 12 + 12 + 16;
const ALERT_RECORD_BYTES = 8 + 2 + 16;
/** Type, length, message_seq, offset and length of the fragment: whole, and the sixth message of the client. */
const FINISHED_HEADER = Buffer.from([20, 0, 0, 12, 0, 5, 0, 0, 0, 0, 0, 12]);
/** A player repeats its Finished a few times, never this often. */
const FINISHED_MAX = 16;

/** werift's number of the server side, also in `cipher.encrypt`. */
const SERVER = 2;
const SRTP_AEAD_AES_128_GCM = 7;
const SRTP_AES128_CM_HMAC_SHA1_80 = 1;
const KEY_BYTES = 16;

/** The certificate all sessions of a process show. */
export interface DtlsIdentity {
  /** SHA-256, "AA:BB:…". */
  readonly fingerprint: string;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  readonly signatureHash: { readonly hash: 4; readonly signature: 1 | 3 };
}

export interface SrtpKeys {
  profile: "AEAD_AES_128_GCM" | "AES128_CM_HMAC_SHA1_80";
  localKey: Buffer;
  localSalt: Buffer;
  remoteKey: Buffer;
  remoteSalt: Buffer;
}

export type DtlsFailure = "dtls_failed" | "fingerprint_mismatch";

export interface DtlsSessionOptions {
  readonly identity: DtlsIdentity;
  /** From the offer; one of them has to be the certificate's. */
  readonly remoteFingerprints: readonly { algorithm: string; value: string }[];
  readonly send: (datagram: Buffer) => void;
  /** Called once, after the client has proved its certificate and our Finished has left. */
  readonly onConnected: (keys: SrtpKeys) => void;
  /** Called at most once. `detail` is for the log. */
  readonly onFailed: (reason: DtlsFailure, detail: string) => void;
  /** The client ended a connected session. Not called after our own `close`. */
  readonly onClosed: () => void;
  /** For tests; setTimeout otherwise. */
  readonly startTimer?: StartTimer;
}

/** Makes a self-signed ECDSA P-256 certificate. */
export async function createDtlsIdentity(): Promise<DtlsIdentity> {
  const { certPem, keyPem, signatureHash } = await createSelfSignedCertificate(
    { signature: SignatureAlgorithm.ecdsa_3, hash: HashAlgorithm.sha256_4 },
    NamedCurveAlgorithm.secp256r1_23,
  );
  const der = Buffer.from(certPem.replace(/-----[^-]+-----|\s/g, ""), "base64");
  return {
    fingerprint: fingerprintSha256(der),
    certificatePem: certPem,
    privateKeyPem: keyPem,
    signatureHash,
  };
}

export class DtlsSession {
  private state: "handshaking" | "connected" | "ended" = "handshaking";
  private readonly options: DtlsSessionOptions;
  private readonly sender: FlightSender;
  private readonly inbox = new HandshakeInbox();
  private readonly transport: Transport;
  private readonly server: DtlsServer;
  /** The client's messages handed to werift so far. */
  private received = 0;
  /** A Finished that overtook the messages before it. */
  private earlyFinished: DtlsRecord | undefined;
  private finishedReceived = 0;

  constructor(options: DtlsSessionOptions) {
    this.options = options;
    this.sender = new FlightSender(
      (datagram) => this.sendDatagram(datagram),
      options.startTimer ?? startTimer,
    );
    this.transport = this.createTransport();
    this.server = createServer(options.identity, this.transport);
    this.server.onConnect.subscribe(() => this.finish());
    this.server.onError.subscribe((error) => this.failWith(error));
  }

  /** Takes one datagram of the DTLS range (RFC 7983), only from addresses that ICE has validated. Never throws. */
  receive(datagram: Buffer): void {
    try {
      for (const record of readRecords(datagram)) {
        if (this.state === "ended") return;
        this.receiveRecord(record);
      }
    } catch (error) {
      this.failWith(error);
    }
  }

  /** Tells a connected client (close_notify), stops the timer, drops what is kept. May be called again. */
  close(): void {
    if (this.state === "ended") return;
    if (this.state === "connected") this.sendAlert(WARNING, CLOSE_NOTIFY);
    this.end();
  }

  private receiveRecord(record: DtlsRecord): void {
    if (record.epoch === 1) this.receiveProtected(record);
    // RFC 6347 §4.2.8 lets a client start over in plain text; with live media that is only a way to break it.
    if (record.epoch !== 0 || this.state !== "handshaking") return;
    if (record.contentType === CONTENT_HANDSHAKE) this.receiveHandshake(record);
    if (record.contentType === CONTENT_ALERT) this.receivePlainAlert(record.body);
  }

  private receiveHandshake(record: DtlsRecord): void {
    const repeated = this.inbox.add(record.body);
    if (this.inbox.exhausted) {
      this.fail("dtls_failed", "the handshake took more records than any real one");
      return;
    }
    let message = this.inbox.take((next) => this.isExpectedHello(next));
    // Only a repeated hello says that the client lacks our flight.
    if (message === undefined && repeated && this.received <= CERTIFICATE_SEQUENCE) {
      this.sender.repeat();
    }
    while (message !== undefined && this.state === "handshaking") {
      this.takeMessage(message, record.sequenceNumber);
      message = this.inbox.take((next) => this.isExpectedHello(next));
    }
  }

  /** A hello without our cookie (or one with, before it was given) is from nobody we talk to. */
  private isExpectedHello(message: HandshakeMessage): boolean {
    if (message.type !== 1 || message.sequence > 1) return true;
    const cookie = helloCookie(message.body);
    if (message.sequence === 0) return cookie?.length === 0;
    return cookie !== undefined && this.server.dtls.cookie?.equals(cookie) === true;
  }

  private takeMessage(message: HandshakeMessage, recordSequence: number): void {
    if (message.type !== CLIENT_MESSAGES[message.sequence]) {
      const detail = `handshake message ${message.type} where ${CLIENT_MESSAGES[message.sequence] ?? "Finished"} was due`;
      this.fail("dtls_failed", detail, UNEXPECTED_MESSAGE);
      return;
    }
    this.received = message.sequence + 1;
    this.sender.followHello(message.sequence < CERTIFICATE_SEQUENCE ? recordSequence : 0);
    if (message.sequence === CERTIFICATE_SEQUENCE) this.sender.stopRepeating();
    const body = writeHandshake(message);
    this.feed(writeRecord({ contentType: CONTENT_HANDSHAKE, epoch: 0, sequenceNumber: 0, body }));
    this.afterMessage(message.sequence);
  }

  private afterMessage(sequence: number): void {
    if (sequence === 1) {
      this.sender.flush();
      this.sender.startRepeating(() => this.fail("dtls_failed", "the client stopped answering"));
    }
    if (sequence === CERTIFICATE_SEQUENCE) this.checkFingerprint();
    if (this.hasWholeFlight && this.earlyFinished !== undefined) {
      this.receiveFinished(this.earlyFinished);
      this.earlyFinished = undefined;
    }
  }

  private get hasWholeFlight(): boolean {
    return this.received === CLIENT_MESSAGES.length;
  }

  private checkFingerprint(): boolean {
    const certificate = this.server.remoteCertificate;
    if (certificate === undefined) {
      this.fail("dtls_failed", "the client sent no certificate");
      return false;
    }
    if (matchesFingerprint(certificate, this.options.remoteFingerprints)) return true;
    const detail = `the client's certificate is ${fingerprintSha256(certificate)}`;
    this.fail("fingerprint_mismatch", detail, BAD_CERTIFICATE);
    return false;
  }

  private receiveProtected(record: DtlsRecord): void {
    const { contentType, body } = record;
    if (contentType === CONTENT_HANDSHAKE && body.length === FINISHED_RECORD_BYTES) {
      if (this.hasWholeFlight) this.receiveFinished(record);
      else this.earlyFinished = copyOf(record);
    }
    if (contentType === CONTENT_ALERT && body.length === ALERT_RECORD_BYTES) {
      if (this.hasWholeFlight) this.receiveProtectedAlert(record);
    }
  }

  /** The first one ends the handshake; a repeated one asks for our last flight, which werift sends again. */
  private receiveFinished(record: DtlsRecord): void {
    if (this.finishedReceived >= FINISHED_MAX) return;
    // Also a client that has proved itself gets no renegotiation and no fragments buffered.
    if (this.decrypt(record)?.subarray(0, FINISHED_HEADER.length).equals(FINISHED_HEADER) !== true)
      return;
    this.finishedReceived += 1;
    this.feed(Buffer.from(record.bytes));
  }

  private receiveProtectedAlert(record: DtlsRecord): void {
    const [level, description] = this.decrypt(record) ?? [];
    if (level !== FATAL && description !== CLOSE_NOTIFY) return;
    if (this.state === "handshaking") {
      this.failByAlert(description);
      return;
    }
    this.close();
    this.options.onClosed();
  }

  /** Nobody vouches for a plain alert, but before there is a session there is nothing to protect. */
  private receivePlainAlert(body: Buffer): void {
    const [level, description] = body;
    if (body.length === 2 && level === FATAL && this.received > 1) this.failByAlert(description);
  }

  private failByAlert(description: number | undefined): void {
    this.fail("dtls_failed", `the client refused the handshake with alert ${description}`);
  }

  /** werift has sent our Finished: both sides are proved. */
  private finish(): void {
    if (this.state !== "handshaking" || !this.checkFingerprint()) return;
    const keys = this.exportKeys();
    if (keys === undefined) {
      this.fail("dtls_failed", "the client offers no SRTP profile");
      return;
    }
    this.state = "connected";
    this.inbox.clear();
    try {
      this.options.onConnected(keys);
    } catch (error) {
      // werift would swallow it, and the viewer would wait for media that never comes.
      this.close();
      this.options.onFailed("dtls_failed", `after the handshake: ${messageOf(error)}`);
    }
  }

  private exportKeys(): SrtpKeys | undefined {
    switch (this.server.srtp.srtpProfile) {
      case SRTP_AEAD_AES_128_GCM:
        return { profile: "AEAD_AES_128_GCM", ...this.server.extractSessionKeys(KEY_BYTES, 12) };
      case SRTP_AES128_CM_HMAC_SHA1_80:
        return {
          profile: "AES128_CM_HMAC_SHA1_80",
          ...this.server.extractSessionKeys(KEY_BYTES, 14),
        };
      default:
        return undefined;
    }
  }

  private failWith(error: unknown): void {
    this.fail("dtls_failed", messageOf(error), alertOf(error));
  }

  private fail(reason: DtlsFailure, detail: string, alert = HANDSHAKE_FAILURE): void {
    if (this.state !== "handshaking") return;
    this.sendAlert(FATAL, alert);
    this.end();
    this.options.onFailed(reason, detail);
  }

  private end(): void {
    this.state = "ended";
    this.sender.close();
    this.inbox.clear();
    this.earlyFinished = undefined;
  }

  private sendAlert(level: number, description: number): void {
    const body = Buffer.from([level, description]);
    const sequenceNumber = this.sender.protectedSequence;
    if (sequenceNumber === undefined) {
      const plain = { contentType: CONTENT_ALERT, epoch: 0, sequenceNumber: 0, body };
      this.sender.sendAlone(writeRecord(plain));
      return;
    }
    // A number is a nonce here (RFC 5288 §3): never the same twice.
    this.sender.protectedSequence = sequenceNumber + 1;
    const header = { type: CONTENT_ALERT, version: DTLS_1_2, epoch: 1, sequenceNumber };
    const sealed = this.server.cipher.cipher.encrypt(SERVER, body, header);
    this.sender.sendAlone(
      writeRecord({ contentType: CONTENT_ALERT, epoch: 1, sequenceNumber, body: sealed }),
    );
  }

  private decrypt(record: DtlsRecord): Buffer | undefined {
    const { contentType: type, epoch, sequenceNumber, body } = record;
    const header = { type, version: record.bytes.readUInt16BE(1), epoch, sequenceNumber };
    try {
      return this.server.cipher.cipher.decrypt(SERVER, body, header);
    } catch {
      return undefined;
    }
  }

  private feed(record: Buffer): void {
    this.transport.onData(record, ["", 0]);
  }

  private sendDatagram(datagram: Buffer): void {
    try {
      this.options.send(datagram);
    } catch {
      // A send that fails is a lost datagram: the next repeat or the session's deadline deals with it.
    }
  }

  private createTransport(): Transport {
    return {
      type: "udp",
      address: { address: "", family: "", port: 0 },
      closed: false,
      onData: () => undefined,
      send: async (bytes) => {
        if (this.state !== "ended") this.sender.write(bytes);
      },
      close: async () => undefined,
    };
  }
}

function createServer(identity: DtlsIdentity, transport: Transport): DtlsServer {
  return new DtlsServer({
    cert: identity.certificatePem,
    key: identity.privateKeyPem,
    signatureHash: identity.signatureHash,
    transport,
    // The first one the client also has wins: one pass over the packet instead of two.
    srtpProfiles: [SRTP_AEAD_AES_128_GCM, SRTP_AES128_CM_HMAC_SHA1_80],
    extendedMasterSecret: true,
    certificateRequest: true,
    retransmit: false,
  });
}

/** Outlives the datagram it came in. */
function copyOf(record: DtlsRecord): DtlsRecord {
  return { ...record, bytes: Buffer.from(record.bytes), body: Buffer.from(record.body) };
}

const startTimer: StartTimer = (ms, run) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};
