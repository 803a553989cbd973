import { afterEach, describe, expect, test } from "bun:test";
import { parseStun } from "../../../src/wire/stun/message.ts";
import { withOtherFingerprint } from "../../support/other-fingerprint.ts";
import { AWAY, HOME, type PeerTest, peerTest, sameEndpoint, type Viewer } from "./support.ts";

const open: PeerTest[] = [];
afterEach(() => {
  for (const { registry } of open.splice(0)) registry.close();
});

function setUp(options?: Parameters<typeof peerTest>[0]): PeerTest & { player: Viewer } {
  const made = peerTest(options);
  open.push(made);
  return Object.assign(made, { player: made.viewer() });
}

async function connected() {
  const made = setUp();
  await made.player.connect();
  expect(made.player.peer.state).toBe("connected");
  return made;
}

/** A receiver report without blocks. */
const REPORT = Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 9]);

describe("from answer to media", () => {
  test("goes through the states in order and sends reports ahead of the first packet", async () => {
    const made = setUp();
    const { player } = made;
    expect(player.peer.state).toBe("new");
    player.check();
    expect(player.peer.state).toBe("checking");
    await player.settle();
    player.dtls.connect();
    expect(player.peer.state).toBe("handshaking");
    await player.settle();
    expect(player.peer.state).toBe("connected");
    const reports = made.socket.sent.filter(({ bytes }) => bytes[1] === 200);
    expect(reports.length).toBe(1);
    await made.media();
    await player.settle();
    expect(player.packets.map(({ payloadType }) => payloadType)).toEqual([102, 111]);
  });

  test("the view tells codecs, the kind of candidate, and what was sent", async () => {
    const made = setUp();
    made.player.peer.addRemoteCandidates([
      { ...AWAY, protocol: "udp", type: "relay" },
      { ...HOME, protocol: "udp", type: "srflx" },
    ]);
    expect(made.player.peer.view().remoteCandidateType).toBeNull();
    await made.player.connect();
    await made.media();
    expect(made.player.peer.view()).toMatchObject({
      state: "connected",
      sinceMs: 1_700_000_000_000,
      remoteCandidateType: "srflx",
      videoCodec: "H264",
      audioCodec: "OPUS",
      packetsSent: 2,
      bytesSent: 6,
      packetsResent: 0,
      rttMs: null,
    });
  });

  test("sends reports each second, not with each look at the viewer", async () => {
    const made = await connected();
    const reports = () => made.socket.sent.filter(({ bytes }) => bytes[1] === 200).length;
    for (let nowMs = 250; nowMs <= 3000; nowMs += 250) made.tickAt(nowMs);
    expect(reports()).toBe(1 + 3);
  });
});

describe("viewers that never connect", () => {
  test("no STUN arrives: ended after the time, and not a moment before", () => {
    const made = setUp({ connectMsMax: 1000 });
    made.tickAt(999);
    expect(made.player.peer.state).toBe("new");
    made.tickAt(1000);
    expect(made.player.peer.closeReason).toBe("no_stun_received");
    expect(made.events.at(-1)).toMatchObject({
      type: "closed",
      reason: "no_stun_received",
      seconds: 1,
    });
  });

  test("STUN arrives, but no DTLS, however long the player goes on checking", async () => {
    const made = setUp();
    for (let nowMs = 0; nowMs < 15_000; nowMs += 1000) {
      made.tickAt(nowMs);
      made.player.check();
      await made.player.settle();
    }
    expect(made.player.peer.state).toBe("checking");
    made.tickAt(15_000);
    expect(made.player.peer.closeReason).toBe("stun_but_no_dtls");
  });

  test("DTLS begins and comes to no end: a failure, not a timeout of ICE", async () => {
    const made = setUp();
    made.player.check();
    await made.player.settle();
    made.player.dtls.connect();
    expect(made.player.peer.state).toBe("handshaking");
    made.tickAt(15_000);
    expect(made.player.peer.closeReason).toBe("dtls_failed");
    expect(made.events.at(-1)).toMatchObject({
      type: "closed",
      reason: "dtls_failed",
      seconds: 15,
    });
  });

  test("a certificate that is not the offer's ends the viewer before any media", async () => {
    const made = peerTest();
    open.push(made);
    const player = made.viewer(made.stream, { offer: withOtherFingerprint });
    await player.connect();
    await made.media();
    expect(player.peer.closeReason).toBe("fingerprint_mismatch");
    expect(made.events).toContainEqual(
      expect.objectContaining({ type: "security", event: "dtls_fingerprint_mismatch" }),
    );
    expect(made.socket.sent.filter(({ bytes }) => (bytes[0] ?? 0) >= 128)).toEqual([]);
  });
});

describe("DTLS and addresses", () => {
  test("waits for the address to answer our check, then goes on with what came early", async () => {
    const made = setUp();
    const { player } = made;
    player.answersChecks = false;
    player.check();
    player.dtls.connect();
    await player.settle();
    expect(player.dtlsDatagrams).toBe(0);
    expect(player.peer.state).toBe("checking");
    player.answersChecks = true;
    made.nowMs = 50;
    player.check();
    await player.settle();
    expect(player.peer.state).toBe("connected");
  });

  test("a second path that has not answered gets no DTLS out of the server", async () => {
    const made = setUp();
    const { player } = made;
    player.check();
    await player.settle();
    player.answersChecks = false;
    player.check({ from: AWAY, nominate: false });
    player.from = AWAY;
    player.dtls.connect();
    await player.settle();
    expect(player.dtlsDatagrams).toBe(0);
  });

  test("a hello on a live session changes nothing", async () => {
    const made = await connected();
    const { player } = made;
    const stranger = made.viewer();
    stranger.dtls.connect();
    for (const hello of stranger.dtls.lastFlight) player.send(hello);
    await made.media();
    await player.settle();
    expect(player.peer.state).toBe("connected");
    expect(player.packets.length).toBe(2);
  });

  test("the player's close ends the session at once", async () => {
    const made = await connected();
    made.player.send(made.player.dtls.sealedAlert(1, 0));
    expect(made.player.peer.closeReason).toBe("dtls_closed");
    const before = made.socket.sent.length;
    await made.media();
    expect(made.socket.sent.length).toBe(before);
  });

  test("our close is told by DTLS, and nothing follows it", async () => {
    const made = await connected();
    const { player } = made;
    const before = made.socket.sent.length;
    player.peer.close("kicked");
    player.peer.close("client_gone");
    await made.media();
    made.tickAt(5000);
    player.check();
    const after = made.socket.sent.slice(before);
    expect(after.map(({ bytes }) => bytes[0])).toEqual([21]);
    const alert = after[0]?.bytes ?? Buffer.alloc(0);
    expect([...player.dtls.openAlert(alert)]).toEqual([1, 0]);
    expect(player.peer.closeReason).toBe("kicked");
  });
});

describe("what only a broken or hostile side does", () => {
  const suspicions = (made: PeerTest) =>
    made.events.flatMap((event) => (event.type === "security" ? [event.event] : []));

  test("is told, once a second at most", async () => {
    const made = await connected();
    made.player.check({ password: "guessed" });
    made.player.check({ password: "guessed" });
    expect(suspicions(made)).toEqual(["stun_integrity_failed"]);
    made.nowMs = 1000;
    const forged = made.player.srtcp?.encrypt(REPORT) ?? Buffer.alloc(0);
    forged.writeUInt8((forged[10] ?? 0) ^ 1, 10);
    made.player.send(forged);
    expect(suspicions(made)).toEqual(["stun_integrity_failed", "srtp_auth_failed"]);
  });
});

describe("a viewer that reports heavy loss twice", () => {
  test("gets no picture before the next keyframe, and its sound all the time", async () => {
    const made = await connected();
    await made.media();
    await made.player.settle();
    const ssrc = Number(/a=ssrc:(\d+) /.exec(made.player.peer.answer)?.[1]);
    const report = (nowMs: number) => {
      made.nowMs = nowMs;
      // A receiver report with one block: half of the packets are lost.
      const packet = Buffer.alloc(32);
      packet.set([0x81, 201, 0, 7]);
      packet.writeUInt32BE(ssrc, 8);
      packet[12] = 128;
      made.player.sendRtcp(packet);
    };
    report(1000);
    report(2000);
    await made.media();
    await made.player.settle();
    expect(made.player.packets.map(({ payloadType }) => payloadType)).toEqual([102, 111, 111]);
    await made.media({ key: true });
    await made.player.settle();
    expect(made.player.packets.map(({ payloadType }) => payloadType).slice(3)).toEqual([102, 111]);
    expect(made.events).toContainEqual(
      expect.objectContaining({ type: "congested", framesSkipped: 1 }),
    );
  });
});

describe("consent", () => {
  test("ends 30 s after the last authentic sign of life", async () => {
    const made = await connected();
    made.tickAt(29_999);
    expect(made.player.peer.state).toBe("connected");
    made.tickAt(30_000);
    expect(made.player.peer.closeReason).toBe("consent_lost");
    expect(made.events.at(-1)).toMatchObject({
      type: "closed",
      reason: "consent_lost",
      seconds: 30,
    });
  });

  test("is renewed by a signed check and by an authentic report", async () => {
    const made = await connected();
    made.nowMs = 29_000;
    made.player.check();
    made.tickAt(58_000);
    expect(made.player.peer.state).toBe("connected");
    made.player.sendRtcp(REPORT);
    made.tickAt(87_000);
    expect(made.player.peer.state).toBe("connected");
    made.tickAt(88_000);
    expect(made.player.peer.closeReason).toBe("consent_lost");
  });

  test("is not prolonged by junk, forged checks, replayed reports or DTLS records", async () => {
    const made = await connected();
    const { player } = made;
    const replayed = player.srtcp?.encrypt(REPORT) ?? Buffer.alloc(0);
    player.send(replayed);
    for (let nowMs = 1000; nowMs < 30_000; nowMs += 1000) {
      made.nowMs = nowMs;
      player.send(replayed);
      player.check({ password: "guessed-by-somebody-else" });
      player.send(Buffer.concat([Buffer.from([0x81, 201, 0, 7]), Buffer.alloc(60, 3)]));
      player.send(Buffer.concat([Buffer.from([23, 254, 253]), Buffer.alloc(40, 3)]));
      player.send(Buffer.concat([Buffer.from([0x80, 96]), Buffer.alloc(40, 3)]));
      made.tickAt(nowMs);
    }
    expect(player.peer.state).toBe("connected");
    made.tickAt(30_000);
    expect(player.peer.closeReason).toBe("consent_lost");
  });
});

describe("another address", () => {
  test("gets no media while it has not answered our check", async () => {
    const made = await connected();
    const { player } = made;
    player.answersChecks = false;
    for (let nowMs = 2000; nowMs < 6000; nowMs += 500) {
      made.nowMs = nowMs;
      player.check({ from: AWAY });
      await made.media();
      await player.settle();
    }
    expect(player.packets.length).toBe(16);
    expect(player.packets.every(({ to }) => sameEndpoint(to, HOME))).toBe(true);
  });

  test("that answers takes the media over, and what was sent before stays counted", async () => {
    const made = await connected();
    const { player } = made;
    await made.media();
    await player.settle();
    made.nowMs = 2000;
    player.from = AWAY;
    player.check();
    await player.settle();
    await made.media();
    await player.settle();
    expect(player.packets.map(({ to }) => to)).toEqual([HOME, HOME, AWAY, AWAY]);
    expect(player.peer.view().packetsSent).toBe(4);
    expect(player.peer.view().remoteCandidateType).toBe("prflx");
  });

  test("is where our close is told, once media goes there", async () => {
    const made = await connected();
    const { player } = made;
    made.nowMs = 2000;
    player.from = AWAY;
    player.check();
    await player.settle();
    const before = made.socket.sent.length;
    player.peer.close("kicked");
    expect(made.socket.sent.slice(before).map(({ to }) => to)).toEqual([AWAY]);
  });

  test("of an ICE restart: media goes on at the old one until the new one is proved", async () => {
    const made = await connected();
    const { player } = made;
    made.nowMs = 2000;
    const before = player.peer.local;
    const local = made.registry.restartIce(player.peer, {
      iceUfrag: player.ufrag,
      icePwd: player.password,
    });
    expect(local.iceUfrag).not.toBe(before.iceUfrag);
    expect(local.icePwd).not.toBe(before.icePwd);
    await made.media();
    player.from = AWAY;
    player.check();
    await player.settle();
    await made.media();
    await player.settle();
    expect(player.packets.map(({ to }) => to)).toEqual([HOME, HOME, AWAY, AWAY]);
    expect(player.peer.state).toBe("connected");
  });
});

describe("what is sent before the viewer proved itself", () => {
  test("is one answer and one check per signed request, and only to its address", async () => {
    const made = setUp();
    made.player.answersChecks = false;
    made.player.peer.addRemoteCandidates([{ ...AWAY, protocol: "udp", type: "host" }]);
    made.player.check();
    await made.player.settle();
    await made.media();
    const kinds = made.socket.sent.map(({ bytes }) => parseStun(bytes)?.kind);
    expect(kinds).toEqual(["success", "request"]);
    expect(made.socket.sent.every(({ to }) => sameEndpoint(to, HOME))).toBe(true);
  });
});
