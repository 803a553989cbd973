import { describe, expect, test } from "bun:test";
import { IceLiteAgent } from "../../../src/transport/ice-lite.ts";
import type { Endpoint } from "../../../src/transport/media-socket.ts";
import { bindingSuccess, parseStun } from "../../../src/wire/stun/message.ts";
import { fixedRandom } from "../../support/fixed-random.ts";
import { playerRequest } from "../../support/stun-player.ts";

const US = { iceUfrag: "us", icePwd: "our-password-of-22-chars" };
const THEM = { iceUfrag: "them", icePwd: "their-password-22-chars" };
const HOME: Endpoint = { address: "192.0.2.1", port: 1000 };
const AWAY: Endpoint = { address: "192.0.2.2", port: 2000 };

/** A binding request of the player. */
function request(options: { username?: string; password?: string; nominate?: boolean } = {}) {
  return playerRequest({
    username: options.username ?? "us:them",
    password: options.password ?? US.icePwd,
    nominate: options.nominate ?? false,
  });
}

function agent() {
  const sent: { datagram: Buffer; to: Endpoint }[] = [];
  const selected: Endpoint[] = [];
  const random = fixedRandom(1);
  const ice = new IceLiteAgent({
    local: US,
    remote: THEM,
    randomBytes: (size) => random.bytes(size),
    send: (datagram, to) => sent.push({ datagram: Buffer.from(datagram), to }),
    onSelected: (endpoint) => selected.push(endpoint),
  });
  const ask = (from: Endpoint, nowMs: number, options?: Parameters<typeof request>[0]) => {
    const datagram = request(options);
    const message = parseStun(datagram);
    if (message === undefined) throw new Error("the test's own request is broken");
    return ice.request(datagram, message, from, nowMs);
  };
  /** Answers the last check that was sent to an address, as the player would. */
  const answerCheck = (from: Endpoint, nowMs: number, password = THEM.icePwd) => {
    const check = sent
      .map(({ datagram, to }) => ({ message: parseStun(datagram), to }))
      .findLast(({ message, to }) => message?.kind === "request" && to.address === from.address);
    if (check?.message === undefined) return false;
    const datagram = bindingSuccess(check.message.transactionId, "198.51.100.1", 8189, password);
    const message = parseStun(datagram);
    return message !== undefined && ice.response(datagram, message, from, nowMs);
  };
  return { ice, sent, selected, ask, answerCheck };
}

describe("ICE-lite agent", () => {
  test("answers an authentic request and checks the address itself before it selects it", () => {
    const { ice, sent, selected, ask, answerCheck } = agent();
    expect(ask(HOME, 0)).toBe(true);
    expect(sent.map(({ datagram }) => parseStun(datagram)?.kind)).toEqual(["success", "request"]);
    expect(ice.validated(HOME)).toBe(false);
    expect(selected).toEqual([]);
    expect(answerCheck(HOME, 5)).toBe(true);
    expect(ice.validated(HOME)).toBe(true);
    expect(selected).toEqual([HOME]);
  });

  test("an unsigned, wrongly signed or wrongly addressed request leaves no trace and gets no reply", () => {
    const { ice, sent, ask } = agent();
    expect(ask(HOME, 0, { password: "guess-guess-guess-guess" })).toBe(false);
    expect(ask(HOME, 0, { username: "us" })).toBe(false);
    expect(ask(HOME, 0, { username: "nobody:them" })).toBe(false);
    const signed = request({ nominate: true });
    const unsigned = Buffer.from(signed.subarray(0, signed.length - 24));
    unsigned.writeUInt16BE(unsigned.length - 20, 2);
    const message = parseStun(unsigned);
    expect(message && ice.request(unsigned, message, HOME, 0)).toBe(false);
    expect(sent).toEqual([]);
    expect(ice.pathKeys).toEqual([]);
  });

  test("a spoofed source that never answers our check gets no media", () => {
    const { ice, selected, ask, answerCheck } = agent();
    ask(HOME, 0);
    answerCheck(HOME, 1);
    ask(AWAY, 5000, { nominate: true });
    expect(selected).toEqual([HOME]);
    expect(answerCheck(AWAY, 5001, "wrong-password-22-chars")).toBe(false);
    expect(ice.selectedEndpoint).toEqual(HOME);
  });

  test("an answer to a check counts only from the address it was sent to", () => {
    const { ice, sent, ask } = agent();
    ask(HOME, 0);
    ask(AWAY, 0);
    const check = parseStun(
      sent.find(({ to }) => to === HOME || to.port === HOME.port)?.datagram ?? Buffer.alloc(0),
    );
    const answer = bindingSuccess(check?.transactionId ?? "", "198.51.100.1", 1, THEM.icePwd);
    const message = parseStun(answer);
    expect(message && ice.response(answer, message, AWAY, 1)).toBe(false);
  });

  test("media moves to a new nominated address, at most once a second", () => {
    const { selected, ask, answerCheck } = agent();
    ask(HOME, 0, { nominate: true });
    answerCheck(HOME, 0);
    ask(AWAY, 5000, { nominate: true });
    answerCheck(AWAY, 5000);
    expect(selected).toEqual([HOME, AWAY]);
    ask(HOME, 5100, { nominate: true });
    expect(selected.length).toBe(2);
    ask(HOME, 6100, { nominate: true });
    expect(selected).toEqual([HOME, AWAY, HOME]);
  });

  test("an address that is not nominated does not take the media over", () => {
    const { selected, ask, answerCheck } = agent();
    ask(HOME, 0);
    answerCheck(HOME, 0);
    ask(AWAY, 5000);
    answerCheck(AWAY, 5000);
    expect(selected).toEqual([HOME]);
  });

  test("an address that was nominated before does not take the media back by checks alone", () => {
    const { selected, ask, answerCheck } = agent();
    ask(HOME, 0, { nominate: true });
    answerCheck(HOME, 0);
    ask(AWAY, 5000, { nominate: true });
    answerCheck(AWAY, 5000);
    for (let nowMs = 6000; nowMs < 20_000; nowMs += 2000) {
      ask(HOME, nowMs);
      ask(AWAY, nowMs + 1000);
    }
    expect(selected).toEqual([HOME, AWAY]);
  });

  test("a player that sends from another address only gets its media there, nominated or not", () => {
    const { selected, ask, answerCheck } = agent();
    ask(HOME, 0, { nominate: true });
    answerCheck(HOME, 0);
    for (let nowMs = 2000; nowMs < 10_000; nowMs += 2000) {
      ask(AWAY, nowMs);
      answerCheck(AWAY, nowMs);
    }
    expect(selected).toEqual([HOME]);
    ask(AWAY, 10_000);
    expect(selected).toEqual([HOME, AWAY]);
  });

  test("keeps four addresses at most and never drops the one in use", () => {
    const { ice, ask, answerCheck } = agent();
    ask(HOME, 0);
    answerCheck(HOME, 0);
    for (let i = 0; i < 50; i++) ask({ address: `198.51.100.${i}`, port: 9 }, i);
    expect(ice.pathKeys.length).toBe(4);
    expect(ice.validated(HOME)).toBe(true);
  });

  test("repeats its check with the player's requests, not more often than each 40 ms", () => {
    const { sent, ask } = agent();
    for (const nowMs of [0, 10, 20, 30, 50]) ask(HOME, nowMs);
    const checks = sent.filter(({ datagram }) => parseStun(datagram)?.kind === "request");
    expect(checks.length).toBe(2);
  });

  test("after a restart the old credentials serve until the new ones are used", () => {
    const { ice, ask } = agent();
    const fresh = { iceUfrag: "us2", icePwd: "our-second-password-22c" };
    ice.restart(fresh, { iceUfrag: "them2", icePwd: "their-second-password-22" });
    expect(ask(HOME, 0)).toBe(true);
    // What browsers send before they have our answer (RFC 8445 §7.3 asks for the first half only).
    expect(ask(AWAY, 0, { username: "us:them2" })).toBe(true);
    expect(ask(HOME, 0, { username: "us2:them2", password: fresh.icePwd })).toBe(true);
    expect(ask(HOME, 0)).toBe(false);
  });
});
