import { beforeAll, describe, expect, test } from "bun:test";
import { writeHandshake } from "../../../src/transport/dtls/handshake-inbox.ts";
import { readRecords } from "../../../src/transport/dtls/record.ts";
import { createDtlsIdentity, type DtlsIdentity } from "../../../src/transport/dtls.ts";
import { DtlsLink, fingerprintOf, record } from "../../support/dtls-client.ts";

let identity: DtlsIdentity;
let viewer: DtlsIdentity;
let stranger: DtlsIdentity;

beforeAll(async () => {
  identity = await createDtlsIdentity();
  viewer = await createDtlsIdentity();
  stranger = await createDtlsIdentity();
});

function openLink(options: Partial<ConstructorParameters<typeof DtlsLink>[0]> = {}): DtlsLink {
  return new DtlsLink({ identity, client: { identity: viewer }, ...options });
}

async function connectedLink(): Promise<DtlsLink> {
  const link = openLink();
  await link.handshake();
  expect(link.events).toEqual(["connected"]);
  return link;
}

/** Small, fast, always the same (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const randomBuffer = (random: () => number, length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));

describe("identity", () => {
  test("has a SHA-256 fingerprint in upper case and is new each time", () => {
    expect(identity.fingerprint).toMatch(/^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/);
    expect(identity.fingerprint).toBe(fingerprintOf(identity, "sha256"));
    expect(identity.fingerprint).not.toBe(viewer.fingerprint);
  });
});

describe("handshake", () => {
  test.each([
    [[7, 1] as (1 | 7)[], "AEAD_AES_128_GCM", 12],
    [[1, 7] as (1 | 7)[], "AEAD_AES_128_GCM", 12],
    [[7] as (1 | 7)[], "AEAD_AES_128_GCM", 12],
    [[1] as (1 | 7)[], "AES128_CM_HMAC_SHA1_80", 14],
  ] as const)(
    "gives both sides the same keys when the client offers %p",
    async (srtpProfiles, profile, saltBytes) => {
      const link = openLink({ client: { identity: viewer, srtpProfiles: [...srtpProfiles] } });
      await link.handshake();
      expect(link.events).toEqual(["connected"]);
      expect(link.client.connected).toBe(true);
      const theirs = link.client.keys(profile);
      expect(link.keys).toEqual({
        profile,
        localKey: theirs.remoteKey,
        localSalt: theirs.remoteSalt,
        remoteKey: theirs.localKey,
        remoteSalt: theirs.localSalt,
      });
      expect(link.keys?.localSalt.length).toBe(saltBytes);
      expect(link.timers.size).toBe(0);
    },
  );

  test.each([true, false])(
    "answers with extended master secret only if offered: %p",
    async (extendedMasterSecret) => {
      const link = openLink({ client: { identity: viewer, extendedMasterSecret } });
      let answered = false;
      link.wayToClient = (datagram) => {
        const hello = readRecords(datagram).find((one) => one.body[0] === 2);
        answered ||= hello?.body.includes(Buffer.from([0, 23, 0, 0])) === true;
        return [datagram];
      };
      await link.handshake();
      expect(link.events).toEqual(["connected"]);
      expect(answered).toBe(extendedMasterSecret);
      expect(link.client.keys("AEAD_AES_128_GCM").remoteKey).toEqual(link.keys?.localKey as Buffer);
    },
  );

  test("fails when the client offers no SRTP profile", async () => {
    const link = openLink({ client: { identity: viewer, srtpProfiles: [] } });
    await link.handshake();
    expect(link.failure?.reason).toBe("dtls_failed");
    expect(link.failure?.detail).toContain("SRTP profile");
    expect(link.keys).toBeUndefined();
  });

  test("sends a flight in one datagram with record numbers that never repeat", async () => {
    const link = openLink();
    const sent: Buffer[] = [];
    const hellos: number[] = [];
    link.wayToServer = (datagram) => {
      for (const one of readRecords(datagram))
        if (one.contentType === 22 && one.body[0] === 1) hellos.push(one.sequenceNumber);
      return [datagram];
    };
    link.wayToClient = (datagram) => {
      sent.push(datagram);
      return [datagram];
    };
    await link.handshake();
    expect(sent.length).toBe(3);
    expect(Math.max(...sent.map((datagram) => datagram.length))).toBeLessThanOrEqual(1200);
    const plain = sent.flatMap(readRecords).filter((one) => one.epoch === 0);
    // RFC 6347 §4.2.1: both answers to a hello carry the hello's number.
    expect(plain.slice(0, 2).map((one) => one.sequenceNumber)).toEqual(hellos);
    const flight = plain.slice(1).map((one) => one.sequenceNumber);
    expect(new Set(flight).size).toBe(flight.length);
  });

  test("reports a listener that throws instead of leaving a silent session", async () => {
    const link = openLink({
      onConnected: () => {
        throw new Error("no room");
      },
    });
    await link.handshake();
    expect(link.failure?.detail).toContain("no room");
  });
});

describe("who the client is", () => {
  test.each(["sha256", "sha384", "sha512"])("takes a %s fingerprint in any case", async (hash) => {
    const algorithm = hash.replace("sha", "SHA-");
    const value = fingerprintOf(viewer, hash).toLowerCase();
    const link = openLink({ remoteFingerprints: [{ algorithm, value }] });
    await link.handshake();
    expect(link.events).toEqual(["connected"]);
  });

  test("takes any one of several fingerprints", async () => {
    const link = openLink({
      remoteFingerprints: [
        { algorithm: "sha-256", value: stranger.fingerprint },
        { algorithm: "sha-256", value: viewer.fingerprint },
      ],
    });
    await link.handshake();
    expect(link.events).toEqual(["connected"]);
  });

  test.each([
    ["another certificate's", () => [{ algorithm: "sha-256", value: stranger.fingerprint }]],
    ["a SHA-1", () => [{ algorithm: "sha-1", value: fingerprintOf(viewer, "sha1") }]],
    ["no", () => []],
    ["a cut", () => [{ algorithm: "sha-256", value: viewer.fingerprint.slice(0, 47) }]],
    ["a garbled", () => [{ algorithm: "sha-256", value: `${viewer.fingerprint}:zz` }]],
    ["a prototype's", () => [{ algorithm: "constructor", value: viewer.fingerprint }]],
  ])(
    "refuses the certificate with %s fingerprint and hands out no keys",
    async (_, fingerprints) => {
      const link = openLink({ remoteFingerprints: fingerprints() });
      let alert: number[] = [];
      link.wayToClient = (datagram) => {
        if (datagram[0] === 21) alert = [...datagram.subarray(13)];
        return [datagram];
      };
      await link.handshake();
      expect(link.events).toEqual(["failed: fingerprint_mismatch"]);
      expect(link.keys).toBeUndefined();
      expect(link.client.connected).toBe(false);
      expect(alert).toEqual([2, 42]);
      expect(link.timers.size).toBe(0);
    },
  );

  test("refuses a client that shows a certificate but signs with another key", async () => {
    const link = openLink({ client: { identity: viewer, signWith: stranger } });
    await link.handshake();
    expect(link.events).toEqual(["failed: dtls_failed"]);
    expect(link.failure?.detail).toContain("CertificateVerify");
    expect(link.client.connected).toBe(false);
  });

  test("refuses a Finished that does not match the handshake", async () => {
    const link = openLink();
    const honest = link.client.dtls.cipher.verifyData.bind(link.client.dtls.cipher);
    link.client.dtls.cipher.verifyData = (transcript) => {
      const data = honest(transcript);
      data.writeUInt8(data.readUInt8(11) ^ 1, 11);
      return data;
    };
    await link.handshake();
    expect(link.events).toEqual(["failed: dtls_failed"]);
    expect(link.failure?.detail).toContain("Finished");
    expect(link.client.connected).toBe(false);
  });

  test("refuses a client that leaves the certificate out", async () => {
    const link = openLink();
    Object.defineProperty(link.client.dtls.dtls, "requestedCertificateTypes", {
      get: () => [],
      set: () => undefined,
    });
    await link.handshake();
    expect(link.failure?.reason).toBe("dtls_failed");
    expect(link.failure?.detail).toContain("16 where 11 was due");
    expect(link.client.connected).toBe(false);
  });

  test("refuses a client whose certificate list is empty", async () => {
    const link = openLink();
    link.wayToServer = (datagram) => {
      const certificate = readRecords(datagram).find((one) => one.body[0] === 11);
      if (certificate === undefined) return [datagram];
      const body = writeHandshake({ type: 11, sequence: 2, body: Buffer.from([0, 0, 0]) });
      return [record({ contentType: 22, epoch: 0, sequenceNumber: 2, body })];
    };
    await link.handshake();
    expect(link.failure?.detail).toBe("the client sent no certificate");
  });
});

describe("junk", () => {
  const lengths = Array.from({ length: 201 }, (_, length) => length);

  test("never throws on random datagrams, and the handshake goes on between them", async () => {
    const random = seededRandom(1);
    const link = openLink();
    for (const length of lengths) link.session.receive(randomBuffer(random, length));
    link.wayToServer = (datagram) => {
      for (const length of lengths) link.session.receive(randomBuffer(random, length));
      return [datagram];
    };
    await link.handshake();
    expect(link.events).toEqual(["connected"]);
    const before = JSON.stringify(link.keys);
    for (const length of lengths) link.session.receive(randomBuffer(random, length));
    await link.settle();
    expect(link.events).toEqual(["connected"]);
    expect(JSON.stringify(link.keys)).toBe(before);
    link.session.close();
    for (const length of lengths) link.session.receive(randomBuffer(random, length));
  });

  test("never throws on random bodies behind a good record header", async () => {
    const random = seededRandom(2);
    for (const contentType of [20, 21, 22, 23, 99]) {
      for (const epoch of [0, 1, 2]) {
        const link = openLink();
        const junk = (length: number): Buffer =>
          record({
            contentType,
            epoch,
            sequenceNumber: length,
            body: randomBuffer(random, length),
          });
        for (const length of lengths) link.session.receive(junk(length));
        await link.settle();
        const live = await connectedLink();
        for (const length of lengths) live.session.receive(junk(length));
        await live.settle();
        expect(live.events).toEqual(["connected"]);
        expect(live.toClient).toEqual([]);
      }
    }
  });

  test("never throws on real datagrams with bytes changed or cut off", async () => {
    const random = seededRandom(3);
    const recorded: Buffer[] = [];
    const source = openLink();
    source.wayToServer = (datagram) => {
      recorded.push(datagram);
      return [datagram];
    };
    await source.handshake();
    for (let round = 0; round < 60; round += 1) {
      const link = openLink();
      link.wayToServer = (datagram) => {
        const bad = Buffer.from(
          random() < 0.5 ? datagram : (recorded[round % recorded.length] ?? datagram),
        );
        bad.writeUInt8(Math.floor(random() * 256), Math.floor(random() * bad.length));
        return [bad.subarray(0, random() < 0.3 ? Math.floor(random() * bad.length) : bad.length)];
      };
      await link.handshake();
      expect(link.client.connected).toBe(link.events[0] === "connected");
      link.session.close();
      expect(link.timers.size).toBe(0);
    }
  });

  test("fails when somebody sends handshake fragments without end", () => {
    const link = openLink();
    const fragment = (i: number): Buffer => {
      const body = Buffer.alloc(12 + 100);
      body.writeUInt8(1, 0);
      body.writeUIntBE(8000, 1, 3);
      body.writeUInt16BE(i % 4, 4);
      body.writeUIntBE((i * 100) % 7900, 6, 3);
      body.writeUIntBE(100, 9, 3);
      return record({ contentType: 22, epoch: 0, sequenceNumber: i, body });
    };
    let sent = 0;
    while (link.failure === undefined && sent < 10_000) {
      sent += 1;
      link.session.receive(fragment(sent));
    }
    expect(sent).toBeLessThanOrEqual(300);
    expect(link.failure?.reason).toBe("dtls_failed");
    expect(link.timers.size).toBe(0);
  });

  test("keeps nothing of a message that claims to be huge", () => {
    const link = openLink();
    const body = Buffer.alloc(13);
    body.writeUIntBE(0xffffff, 1, 3);
    body.writeUIntBE(1, 9, 3);
    link.session.receive(record({ contentType: 22, epoch: 0, sequenceNumber: 0, body }));
    expect(link.failure).toBeUndefined();
  });
});

describe("a live session", () => {
  test("ignores new plain handshakes: nothing is answered, the keys stay", async () => {
    const link = await connectedLink();
    const before = { ...link.keys };
    const other = openLink();
    other.client.connect();
    for (const hello of other.toServer) link.session.receive(hello);
    await link.settle();
    expect(link.toClient).toEqual([]);
    expect(link.events).toEqual(["connected"]);
    expect(link.keys).toEqual(before as typeof link.keys);
    link.session.receive(link.client.sealedAlert(1, 0));
    expect(link.events).toEqual(["connected", "closed"]);
  });

  test("ignores a new hello under the keys", async () => {
    const link = await connectedLink();
    const hello = writeHandshake({ type: 1, sequence: 0, body: Buffer.alloc(12) });
    for (const body of [hello, Buffer.alloc(300, hello)]) {
      const header = { type: 22, version: 0xfefd, epoch: 1, sequenceNumber: 50 };
      const sealed = link.client.dtls.cipher.cipher.encrypt(1, body, header);
      link.session.receive(record({ contentType: 22, epoch: 1, sequenceNumber: 50, body: sealed }));
    }
    await link.settle();
    expect(link.toClient).toEqual([]);
    link.session.receive(link.client.sealedAlert(1, 0));
    expect(link.events).toEqual(["connected", "closed"]);
  });

  test("outlives plain alerts and forged ones", async () => {
    const link = await connectedLink();
    for (const level of [1, 2]) {
      for (const description of [0, 10, 40, 80]) {
        const body = Buffer.from([level, description]);
        link.session.receive(record({ contentType: 21, epoch: 0, sequenceNumber: 9, body }));
        link.session.receive(record({ contentType: 21, epoch: 1, sequenceNumber: 9, body }));
        const forged = Buffer.concat([body, Buffer.alloc(24)]);
        link.session.receive(
          record({ contentType: 21, epoch: 1, sequenceNumber: 9, body: forged }),
        );
      }
    }
    await link.settle();
    expect(link.events).toEqual(["connected"]);
    expect(link.toClient).toEqual([]);
  });

  test.each([
    [1, 0],
    [2, 0],
    [2, 80],
  ])(
    "ends with the client's authentic alert %p %p, and says goodbye",
    async (level, description) => {
      const link = await connectedLink();
      link.session.receive(link.client.sealedAlert(level, description));
      expect(link.events).toEqual(["connected", "closed"]);
      const answer = link.toClient.at(-1) ?? Buffer.alloc(0);
      expect([...link.client.openAlert(answer)]).toEqual([1, 0]);
      link.session.receive(link.client.sealedAlert(level, description));
      expect(link.events).toEqual(["connected", "closed"]);
    },
  );

  test("goes on after an authentic warning that is no goodbye", async () => {
    const link = await connectedLink();
    link.session.receive(link.client.sealedAlert(1, 100));
    expect(link.events).toEqual(["connected"]);
  });

  test("tells the client once when we close, under a number not used before", async () => {
    const link = openLink();
    const numbers: number[] = [];
    link.wayToClient = (datagram) => {
      for (const one of readRecords(datagram))
        if (one.epoch === 1) numbers.push(one.sequenceNumber);
      return [datagram];
    };
    await link.handshake();
    link.session.close();
    link.session.close();
    expect(link.toClient.length).toBe(1);
    const [goodbye = Buffer.alloc(0)] = link.toClient;
    expect([...link.client.openAlert(goodbye)]).toEqual([1, 0]);
    expect(numbers).not.toContain(goodbye.readUIntBE(5, 6));
    expect(link.events).toEqual(["connected"]);
  });
});

describe("a session that never connects", () => {
  test("ends with the client's refusal once the client has returned the cookie", async () => {
    const link = openLink();
    const refusal = record({
      contentType: 21,
      epoch: 0,
      sequenceNumber: 5,
      body: Buffer.from([2, 42]),
    });
    link.session.receive(refusal);
    expect(link.failure).toBeUndefined();
    link.wayToServer = (datagram) => (readRecords(datagram)[0]?.body[0] === 1 ? [datagram] : []);
    await link.handshake();
    link.session.receive(refusal);
    expect(link.failure).toEqual({
      reason: "dtls_failed",
      detail: "the client refused the handshake with alert 42",
    });
    expect(link.timers.size).toBe(0);
  });

  test("repeats its flight ever more slowly, then gives up", async () => {
    const link = openLink();
    link.wayToServer = (datagram) => (readRecords(datagram)[0]?.body[0] === 1 ? [datagram] : []);
    let flights = 0;
    link.wayToClient = (datagram) => {
      if (datagram.length > 500) flights += 1;
      return [datagram];
    };
    await link.handshake();
    const waits: number[] = [];
    while (link.failure === undefined) {
      waits.push(...link.timers.values());
      await link.serverTimerFires();
    }
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 4000, 4000, 4000]);
    expect(flights).toBe(8);
    expect(link.failure.reason).toBe("dtls_failed");
    expect(link.timers.size).toBe(0);
  });

  test("leaves no timer and sends nothing once closed", async () => {
    const link = openLink();
    link.wayToServer = (datagram) => (readRecords(datagram)[0]?.body[0] === 1 ? [datagram] : []);
    await link.handshake();
    expect(link.timers.size).toBe(1);
    link.session.close();
    expect(link.timers.size).toBe(0);
    await link.clientRepeats();
    expect(link.toClient).toEqual([]);
    expect(link.events).toEqual([]);
  });

  test("answers a repeated hello, but not without end", async () => {
    const link = openLink();
    link.client.connect();
    const [hello = Buffer.alloc(0)] = link.toServer;
    for (let i = 0; i < 100; i += 1) {
      link.session.receive(hello);
      await Promise.resolve();
    }
    expect(link.toClient.length).toBeGreaterThan(1);
    expect(link.toClient.length).toBeLessThanOrEqual(17);
  });

  function sendHello(link: DtlsLink, sequence: number, cookieBytes: number): void {
    const hello = Buffer.concat([Buffer.alloc(35), Buffer.from([cookieBytes]), Buffer.alloc(26)]);
    const body = writeHandshake({ type: 1, sequence, body: hello });
    link.session.receive(record({ contentType: 22, epoch: 0, sequenceNumber: 1, body }));
  }

  test.each([
    [0, 20],
    [0, 255],
    [1, 0],
    [1, 20],
  ])(
    "takes no hello %p with a cookie of %p bytes that we did not give",
    async (sequence, bytes) => {
      const link = openLink();
      sendHello(link, sequence, bytes);
      await link.handshake();
      expect(link.events).toEqual(["connected"]);
    },
  );

  test("survives a hello forged ahead of the client's", async () => {
    const link = openLink();
    const forger = openLink();
    forger.client.connect();
    for (const hello of forger.toServer) link.session.receive(hello);
    sendHello(link, 1, 20);
    await Promise.resolve();
    link.toClient.length = 0;
    await link.handshake();
    expect(link.events).toEqual(["connected"]);
  });
});

describe("a bad network", () => {
  /** Both sides' timers, until connected. */
  async function recover(link: DtlsLink): Promise<void> {
    for (let round = 0; round < 6; round += 1) {
      if (link.client.connected && link.events.length > 0) return;
      await link.clientRepeats();
      if (link.timers.size > 0) await link.serverTimerFires();
    }
  }

  test.each(["wayToServer", "wayToClient"] as const)(
    "recovers from any one datagram lost on %s",
    async (way) => {
      let lost = true;
      for (let nth = 0; lost; nth += 1) {
        const link = openLink();
        lost = false;
        let count = 0;
        link[way] = (datagram) => {
          count += 1;
          if (count - 1 !== nth) return [datagram];
          lost = true;
          return [];
        };
        await link.handshake();
        await recover(link);
        expect([nth, ...link.events]).toEqual([nth, "connected"]);
        expect(link.client.connected).toBe(true);
        expect(link.timers.size).toBe(0);
      }
    },
  );

  // The greatest number there is, and the one from which only the first flight has numbers left.
  test.each([2 ** 48 - 1, 2 ** 48 - 6])(
    "takes a hello with record number %p and repeats its flight",
    async (number) => {
      const link = openLink();
      link.wayToServer = (datagram) => {
        if (readRecords(datagram)[0]?.body[0] !== 1) return [];
        const hello = Buffer.from(datagram);
        hello.writeUIntBE(number, 5, 6);
        return [hello];
      };
      await link.handshake();
      let repeated = 0;
      link.wayToClient = (datagram) => {
        repeated += 1;
        return [datagram];
      };
      await link.serverTimerFires();
      expect(repeated).toBeGreaterThan(0);
      link.wayToServer = (datagram) => [datagram];
      await link.clientRepeats();
      expect(link.events).toEqual(["connected"]);
    },
  );

  test("recovers from heavy loss both ways", async () => {
    const random = seededRandom(4);
    for (let round = 0; round < 20; round += 1) {
      const link = openLink();
      link.wayToServer = (datagram) => (random() < 0.2 ? [] : [datagram]);
      link.wayToClient = (datagram) => (random() < 0.2 ? [] : [datagram]);
      await link.handshake();
      await recover(link);
      await recover(link);
      expect([round, ...link.events]).toEqual([round, "connected"]);
    }
  });

  test("repeats its last flight when the client repeats its own, with the same keys", async () => {
    const link = openLink();
    let finishedLost = false;
    link.wayToClient = (datagram) => {
      const lose = !finishedLost && readRecords(datagram).some((one) => one.epoch === 1);
      finishedLost ||= lose;
      return lose ? [] : [datagram];
    };
    await link.handshake();
    expect(link.client.connected).toBe(false);
    await link.clientRepeats();
    expect(link.client.connected).toBe(true);
    expect(link.events).toEqual(["connected"]);
    expect(link.client.keys("AEAD_AES_128_GCM").remoteKey).toEqual(link.keys?.localKey as Buffer);
  });

  test("repeats its last flight for a repeated Finished, but not without end", async () => {
    const link = await connectedLink();
    for (let i = 0; i < 50; i += 1) {
      for (const datagram of link.client.lastFlight) link.session.receive(datagram);
      await link.settle();
    }
    let answers = 0;
    link.wayToClient = () => {
      answers += 1;
      return [];
    };
    for (const datagram of link.client.lastFlight) link.session.receive(datagram);
    await link.settle();
    expect(answers).toBe(0);
    expect(link.events).toEqual(["connected"]);
  });

  test("stays silent when the client repeats messages that did arrive", async () => {
    const link = openLink();
    const held: Buffer[] = [];
    link.wayToServer = (datagram) => {
      if (readRecords(datagram)[0]?.body[0] === 1) return [datagram];
      held.push(datagram);
      return [];
    };
    await link.handshake();
    const plain = held.filter((datagram) => readRecords(datagram)[0]?.epoch === 0);
    for (let i = 0; i < 3; i += 1) for (const datagram of plain) link.session.receive(datagram);
    await Promise.resolve();
    expect(link.toClient).toEqual([]);
    for (const datagram of held) link.session.receive(datagram);
    await link.settle();
    expect(link.events).toEqual(["connected"]);
  });

  test("puts no messages together that come in parts under the keys", async () => {
    const link = openLink();
    link.wayToServer = (datagram) => {
      if (readRecords(datagram)[0]?.epoch !== 1) return [datagram];
      return [0, 12].map((offset, i) => {
        const part = writeHandshake({ type: 20, sequence: 5, body: Buffer.alloc(12) });
        part.writeUIntBE(24, 1, 3);
        part.writeUIntBE(offset, 6, 3);
        const header = { type: 22, version: 0xfefd, epoch: 1, sequenceNumber: i };
        const body = link.client.dtls.cipher.cipher.encrypt(1, part, header);
        return record({ contentType: 22, epoch: 1, sequenceNumber: i, body });
      });
    };
    await link.handshake();
    expect(link.events).toEqual([]);
    link.session.close();
  });

  test("puts repeated, reversed and overlapping fragments together", async () => {
    for (const bytes of [12, 50, 200]) {
      const link = openLink();
      link.wayToServer = (datagram) => {
        const parts = readRecords(datagram).flatMap((one) =>
          one.contentType === 22 && one.epoch === 0 ? fragmentsOf(one.body, bytes) : [one.bytes],
        );
        return [...parts, ...parts.slice(0, 2)].reverse();
      };
      await link.handshake();
      expect([bytes, ...link.events]).toEqual([bytes, "connected"]);
    }
  });

  test("takes the client's last flight in any order of its datagrams", async () => {
    const link = openLink();
    const held: Buffer[] = [];
    link.wayToServer = (datagram) => {
      if (readRecords(datagram)[0]?.body[0] === 1) return [datagram];
      held.push(datagram);
      return [];
    };
    await link.handshake();
    expect(held.length).toBeGreaterThan(3);
    for (const datagram of held.reverse()) link.session.receive(datagram);
    await link.settle();
    expect(link.events).toEqual(["connected"]);
    expect(link.client.connected).toBe(true);
  });

  test("does not mind a send that throws", async () => {
    const link = openLink({});
    let thrown = 0;
    link.toClient.push = () => {
      thrown += 1;
      throw new Error("ECONNREFUSED");
    };
    await link.handshake();
    expect(thrown).toBeGreaterThan(0);
    expect(link.failure).toBeUndefined();
  });
});

/** One record per fragment, each overlapping the one before by half. */
function fragmentsOf(message: Buffer, bytes: number): Buffer[] {
  const length = message.readUIntBE(1, 3);
  const parts: Buffer[] = [];
  for (let offset = 0; offset < length; offset += bytes) {
    const from = Math.max(0, offset - Math.floor(bytes / 2));
    const to = Math.min(length, offset + bytes);
    const head = Buffer.from(message.subarray(0, 12));
    head.writeUIntBE(from, 6, 3);
    head.writeUIntBE(to - from, 9, 3);
    const body = Buffer.concat([head, message.subarray(12 + from, 12 + to)]);
    parts.push(record({ contentType: 22, epoch: 0, sequenceNumber: parts.length, body }));
  }
  return parts;
}
