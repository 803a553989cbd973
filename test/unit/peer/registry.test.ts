import { afterEach, describe, expect, jest, test } from "bun:test";
import { StreamNotLive } from "../../../src/errors/viewer.ts";
import { playerRequest } from "../../support/stun-player.ts";
import { AWAY, HOME, type PeerTest, peerTest } from "./support.ts";

const open: PeerTest[] = [];
afterEach(() => {
  for (const { registry } of open.splice(0)) registry.close();
  jest.useRealTimers();
});

function setUp(options?: Parameters<typeof peerTest>[0]): PeerTest {
  const made = peerTest(options);
  open.push(made);
  return made;
}

describe("viewers of a stream", () => {
  test("a stream that was just removed takes no viewer", () => {
    const made = setUp();
    made.registry.removeStream("cam");
    expect(() => made.viewer()).toThrow(StreamNotLive);
  });
});

describe("what was sent", () => {
  test("is counted by stream and leg, and stays when the viewer has left", async () => {
    const made = setUp();
    const viewer = made.viewer();
    await viewer.connect();
    await made.media();
    await viewer.settle();
    const sent = [
      { streamId: "cam", leg: "video", packets: 1, bytes: 3, packetsResent: 0 },
      { streamId: "cam", leg: "audio", packets: 1, bytes: 3, packetsResent: 0 },
    ] as const;
    expect(made.registry.totals).toMatchObject({ legs: sent, peersByState: { connected: 1 } });
    viewer.peer.close("client_gone");
    expect(made.registry.totals).toMatchObject({ legs: sent, peersByState: {} });
    made.registry.removeStream("cam");
    expect(made.registry.totals.legs).toEqual([]);
  });
});

describe("the end of viewers", () => {
  test("a registry that closes tells its viewers", async () => {
    const made = setUp();
    const viewer = made.viewer();
    await viewer.connect();
    const before = viewer.dtlsDatagrams;
    made.registry.close();
    await viewer.settle();
    expect(viewer.dtlsDatagrams).toBe(before + 1);
    expect(viewer.peer.closeReason).toBe("server_drain");
  });

  test("the viewers of a removed stream end, those of others stay", () => {
    const made = setUp();
    const other = made.addStream("other");
    const gone = made.viewer();
    const stays = made.viewer(other);
    made.registry.removeStream("cam");
    expect(gone.peer.closeReason).toBe("stream_removed");
    expect(stays.peer.state).toBe("new");
  });

  test("viewers end when the source changes its codecs, not when it only starts again", async () => {
    const made = setUp();
    const viewer = made.viewer();
    await viewer.connect();
    made.stream.sourceStopped();
    made.stream.sourceStarted([
      { kind: "video", codec: "H264", channels: 0 },
      { kind: "audio", codec: "OPUS", channels: 2 },
    ]);
    expect(viewer.peer.state).toBe("connected");
    made.stream.sourceStarted([{ kind: "video", codec: "VP8", channels: 0 }]);
    expect(viewer.peer.closeReason).toBe("source_changed");
  });

  test("looks at every viewer a few times a second without being asked", () => {
    jest.useFakeTimers();
    const made = setUp();
    const viewer = made.viewer();
    made.nowMs = 15_000;
    jest.advanceTimersByTime(300);
    expect(viewer.peer.closeReason).toBe("no_stun_received");
  });

  test("each end is told once, with the time since the answer where it is a failure", () => {
    const made = setUp();
    const viewer = made.viewer();
    made.tickAt(15_000);
    viewer.peer.close("kicked");
    expect(made.events).toMatchObject([
      { type: "opened", atMs: 1_700_000_000_000 },
      { type: "closed", reason: "no_stun_received", seconds: 15, atMs: 1_700_000_015_000 },
    ]);
  });

  test("a viewer's way is told step by step", async () => {
    const made = setUp();
    const viewer = made.viewer();
    made.nowMs = 400;
    await viewer.connect();
    viewer.peer.close("client_gone");
    expect(made.events.map(({ type }) => type)).toEqual([
      "opened",
      "stun_received",
      "path_selected",
      "dtls_connected",
      "connected",
      "closed",
    ]);
    expect(made.events).toContainEqual({
      type: "connected",
      seconds: 0.4,
      connectionType: "direct",
      atMs: 1_700_000_000_400,
      peerId: viewer.peer.id,
      streamId: "cam",
    });
    expect(made.events.at(-1)).toMatchObject({ reason: "client_gone" });
  });
});

describe("the way from a datagram to its viewer", () => {
  test("only an address that passed the integrity check leads to a viewer", async () => {
    const made = setUp();
    const viewer = made.viewer();
    viewer.dtls.connect();
    await viewer.settle();
    viewer.check({ password: "guessed-by-somebody-else" });
    for (const hello of viewer.dtls.lastFlight) viewer.send(hello);
    await viewer.settle();
    expect(made.socket.sent).toEqual([]);
    expect(viewer.peer.state).toBe("new");
    viewer.check();
    await viewer.settle();
    for (const hello of viewer.dtls.lastFlight) viewer.send(hello);
    await viewer.settle();
    expect(viewer.peer.state).toBe("connected");
  });

  test("the address book follows the paths of a viewer, and holds four of them at most", async () => {
    const made = setUp();
    const viewer = made.viewer();
    await viewer.connect();
    for (let port = 3000; port < 3100; port++) {
      made.nowMs += 10;
      viewer.check({ from: { address: "192.0.2.9", port }, nominate: false });
      expect(viewer.peer.addressKeys.length).toBeLessThanOrEqual(4);
    }
    expect(viewer.peer.addressKeys).toEqual([
      `${HOME.address}|${HOME.port}`,
      ...[3097, 3098, 3099].map((port) => `192.0.2.9|${port}`),
    ]);
    expect(addressesOf(made)).toEqual([...viewer.peer.addressKeys]);
    expect(keysOf(made, "byCheck").length).toBeLessThanOrEqual(4);
    viewer.peer.close("kicked");
    expect([...addressesOf(made), ...keysOf(made, "byCheck")]).toEqual([]);
  });

  test("credentials of earlier ICE restarts are forgotten, however often a player restarts", () => {
    const made = setUp();
    const viewer = made.viewer();
    for (let i = 0; i < 100; i++) {
      made.registry.restartIce(viewer.peer, { iceUfrag: `new${i}`, icePwd: "x".repeat(22) });
    }
    expect(ufragsOf(made).length).toBe(2);
    expect(ufragsOf(made)).toContain(viewer.peer.local.iceUfrag);
    viewer.peer.close("kicked");
    expect(ufragsOf(made)).toEqual([]);
  });

  test("checks under the credentials before a restart are no suspicion, early or late", async () => {
    const made = setUp();
    const viewer = made.viewer();
    const { iceUfrag, icePwd } = viewer.peer.local;
    const late = playerRequest({ username: `${iceUfrag}:${viewer.ufrag}`, password: icePwd });
    await viewer.connect();
    made.registry.restartIce(viewer.peer, { iceUfrag: "again", icePwd: viewer.password });
    viewer.ufrag = "again";
    viewer.send(playerRequest({ username: `${iceUfrag}:again`, password: icePwd }), AWAY);
    viewer.send(late);
    viewer.check({ from: AWAY });
    expect(ufragsOf(made)).toEqual([viewer.peer.local.iceUfrag]);
    viewer.send(late);
    expect(made.events.filter(({ type }) => type === "security")).toEqual([]);
  });

  test("a second session from the same address gets its own media, and the first one keeps nothing", async () => {
    const made = setUp();
    const first = made.viewer();
    await first.connect();
    const second = made.viewer();
    await second.connect();
    await made.media();
    await second.settle();
    expect(second.packets.length).toBe(2);
    first.peer.close("client_gone");
    await made.media();
    await second.settle();
    expect(second.packets.length).toBe(4);
    second.send(second.dtls.sealedAlert(1, 0));
    expect(second.peer.closeReason).toBe("dtls_closed");
  });

  test("a session that claims the address of another gets nothing of it: not its DTLS, not its reports", async () => {
    const made = setUp();
    const victim = made.viewer();
    const attacker = made.viewer();
    attacker.answersChecks = false;
    victim.check();
    attacker.check({ from: HOME });
    await victim.settle();
    victim.dtls.connect();
    attacker.check({ from: HOME });
    await victim.settle();
    expect(victim.peer.state).toBe("connected");
    attacker.check({ from: HOME });
    made.nowMs = 20_000;
    victim.sendRtcp(Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 9]));
    made.tickAt(31_000);
    expect(victim.peer.state).toBe("connected");
    expect(attacker.peer.state).toBe("closed");
  });

  test("whatever arrives, from wherever, nothing throws and the viewer goes on", async () => {
    const made = setUp();
    const viewer = made.viewer();
    await viewer.connect();
    for (let first = 0; first < 256; first++) {
      for (const length of [0, 1, 2, 12, 13, 20, 25, 60, 200, 1500]) {
        const junk = Buffer.alloc(length, first ^ length);
        junk[0] = first;
        viewer.send(junk);
        viewer.send(junk, AWAY);
      }
    }
    const replies = made.socket.sent.filter(({ to }) => to.address === AWAY.address);
    expect(replies).toEqual([]);
    await made.media();
    await viewer.settle();
    expect(viewer.packets.length).toBe(2);
    expect(viewer.peer.state).toBe("connected");
  });
});

const keysOf = (made: PeerTest, name: string): string[] => [
  ...(Reflect.get(made.registry, name) as Map<string, unknown>).keys(),
];
/** The registry shows its tables to nobody, and their bounds are what matters here. */
const addressesOf = (made: PeerTest) => keysOf(made, "byAddress");
const ufragsOf = (made: PeerTest) => keysOf(made, "byUfrag");
