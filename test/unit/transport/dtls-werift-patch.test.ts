/**
 * The patch in deploy/patches is what makes werift's DTLS server check its client. These tests drive werift alone,
 * by both of its entries, and fail where the patch was not applied.
 */
import { beforeAll, describe, expect, test } from "bun:test";
import { createRequire } from "node:module";
import * as moduleEntry from "werift";
import { createDtlsIdentity, type DtlsIdentity } from "../../../src/transport/dtls.ts";
import { memoryTransport, pumpBare } from "../../support/dtls-client.ts";

type Werift = typeof moduleEntry;
const requireEntry: Werift = createRequire(import.meta.url)("werift");

let identity: DtlsIdentity;
let viewer: DtlsIdentity;
let stranger: DtlsIdentity;

beforeAll(async () => {
  identity = await createDtlsIdentity();
  viewer = await createDtlsIdentity();
  stranger = await createDtlsIdentity();
});

function openPair(werift: Werift, signWith = viewer) {
  const queues = { toServer: [] as Buffer[], toClient: [] as Buffer[] };
  const common = { srtpProfiles: [7, 1] as (1 | 7)[], extendedMasterSecret: true };
  const server = new werift.DtlsServer({
    ...common,
    cert: identity.certificatePem,
    key: identity.privateKeyPem,
    signatureHash: identity.signatureHash,
    transport: memoryTransport((datagram) => queues.toClient.push(datagram)),
    certificateRequest: true,
    retransmit: false,
  });
  const client = new werift.DtlsClient({
    ...common,
    cert: viewer.certificatePem,
    key: signWith.privateKeyPem,
    signatureHash: viewer.signatureHash,
    transport: memoryTransport((datagram) => queues.toServer.push(datagram)),
    certificateRequest: true,
    retransmit: false,
  });
  const events: string[] = [];
  server.onConnect.subscribe(() => events.push("connected"));
  server.onError.subscribe((error) => events.push(error.message));
  const handshake = async (): Promise<void> => {
    void client.connect();
    await pumpBare(server, client, queues);
  };
  return { server, client, queues, events, handshake };
}

describe.each([
  ["import", moduleEntry],
  ["require", requireEntry],
])("patched werift, %s entry", (_, werift) => {
  test("connects an honest client", async () => {
    const pair = openPair(werift);
    await pair.handshake();
    expect(pair.events).toEqual(["connected"]);
  });

  test("refuses a CertificateVerify by another key", async () => {
    const pair = openPair(werift, stranger);
    await pair.handshake();
    expect(pair.events[0]).toContain("CertificateVerify");
    expect(pair.server.connected).toBe(false);
    expect(pair.server.dtls.flight).toBeLessThan(6);
  });

  test("refuses a Finished over another handshake", async () => {
    const pair = openPair(werift);
    const honest = pair.client.cipher.verifyData.bind(pair.client.cipher);
    pair.client.cipher.verifyData = (transcript) => honest(transcript).reverse();
    await pair.handshake();
    expect(pair.events[0]).toContain("Finished");
    expect(pair.server.connected).toBe(false);
    expect(pair.server.dtls.flight).toBeLessThan(6);
  });

  test("keeps the keys of a live session when a new hello comes", async () => {
    const pair = openPair(werift);
    await pair.handshake();
    const keys = pair.server.extractSessionKeys(16, 12);
    const other = openPair(werift);
    void other.client.connect();
    for (const hello of other.queues.toServer) pair.server.transport.socket.onData(hello, ["", 0]);
    await pumpBare(pair.server, pair.client, pair.queues);
    expect(pair.server.connected).toBe(true);
    expect(pair.server.extractSessionKeys(16, 12)).toEqual(keys);
  });

  test("refuses an X25519 share that makes the secret zero", async () => {
    const pair = openPair(werift);
    void pair.client.connect();
    const send = pair.client.transport.socket.send;
    pair.client.transport.socket.send = (datagram) => {
      // ClientKeyExchange: record header, message header, length 32, then the share.
      if (datagram[13] === 16) datagram.fill(0, 13 + 12 + 1);
      return send(datagram);
    };
    await pumpBare(pair.server, pair.client, pair.queues);
    expect(pair.events.length).toBeGreaterThan(0);
    expect(pair.server.connected).toBe(false);
  });
});
