import { describe, expect, test } from "bun:test";
import { IceTimeout, SessionNotFound } from "../../../src/errors/viewer.ts";
import { Sessions, TOMBSTONES_MAX, type WhepPeer } from "../../../src/whep/sessions.ts";

class StubPeer implements WhepPeer {
  readonly id = "peer";
  readonly answer = "";
  readonly local = { iceUfrag: "u", icePwd: "p", candidates: [] };
  readonly iceTransportMids = [];
  private readonly listeners: ((reason: string) => void)[] = [];
  addRemoteCandidates(): void {}
  close(reason: string): void {
    for (const listener of this.listeners) listener(reason);
  }
  onClosed(listener: (reason: string) => void): void {
    this.listeners.push(listener);
  }
}

const REMOTE = { iceUfrag: "remote", icePwd: "password" };

function setUp() {
  let nowMs = 0;
  let random = 0;
  const sessions = new Sessions<StubPeer>({
    nowMs: () => nowMs,
    randomBytes: (size) => {
      const bytes = Buffer.alloc(size);
      random += 1;
      bytes.writeUInt32BE(random, size - 4);
      return bytes;
    },
  });
  const open = (streamId = "live") => {
    const peer = new StubPeer();
    return { peer, session: sessions.open(streamId, peer, REMOTE) };
  };
  return {
    sessions,
    open,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

describe("a session", () => {
  test("is found by its stream and secret, and by no other stream", () => {
    const { sessions, open } = setUp();
    const { session } = open();
    expect(sessions.get("live", session.secret)).toBe(session);
    expect(() => sessions.get("other", session.secret)).toThrow(SessionNotFound);
    expect(() => sessions.get("live", "guess")).toThrow(SessionNotFound);
  });

  test("is ended by its own stream's URL only, and a second time without harm", () => {
    const { sessions, open } = setUp();
    const { session } = open();
    sessions.remove("other", session.secret);
    expect(sessions.size).toBe(1);
    sessions.remove("live", session.secret);
    sessions.remove("live", session.secret);
    expect(sessions.size).toBe(0);
  });

  test("has another secret and another entity-tag than every other", () => {
    const { open } = setUp();
    const all = Array.from({ length: 1000 }, () => open().session);
    expect(new Set(all.map(({ secret }) => secret)).size).toBe(1000);
    expect(new Set(all.map(({ etag }) => etag)).size).toBe(1000);
  });

  test("gets a new entity-tag with every restart and remembers few generations", () => {
    const { sessions, open } = setUp();
    const { session } = open();
    const etags = new Set([session.etag]);
    for (let at = 0; at < 10; at += 1) {
      sessions.restarted(session, { iceUfrag: `u${at}`, icePwd: "p" });
      etags.add(session.etag);
    }
    expect(etags.size).toBe(11);
    expect(session.remote.map(({ iceUfrag }) => iceUfrag)).toEqual(["u9", "u8", "u7", "u6"]);
  });
});

describe("an ended session", () => {
  test("says for a minute that ICE timed out, where it did", () => {
    const { sessions, open, pass } = setUp();
    for (const reason of ["no_stun_received", "stun_but_no_dtls"]) {
      const { peer, session } = open();
      peer.close(reason);
      expect(() => sessions.get("live", session.secret)).toThrow(IceTimeout);
      expect(() => sessions.get("other", session.secret)).toThrow(SessionNotFound);
      pass(59_999);
      expect(() => sessions.get("live", session.secret)).toThrow(IceTimeout);
      pass(1);
      expect(() => sessions.get("live", session.secret)).toThrow(SessionNotFound);
    }
  });

  test("is unknown where it ended for another reason", () => {
    const { sessions, open } = setUp();
    for (const reason of ["client_gone", "kicked", "consent_lost", "dtls_failed"]) {
      const { peer, session } = open();
      peer.close(reason);
      expect(() => sessions.get("live", session.secret)).toThrow(SessionNotFound);
    }
  });

  test("leaves a tombstone in a bounded table that forgets the old", () => {
    const { sessions, open, pass } = setUp();
    for (let at = 0; at < TOMBSTONES_MAX + 100; at += 1) open().peer.close("no_stun_received");
    expect(sessions.tombstoneCount).toBe(TOMBSTONES_MAX);
    expect(sessions.size).toBe(0);
    pass(60_000);
    open().peer.close("client_gone");
    expect(sessions.tombstoneCount).toBe(1);
  });
});
