import { describe, expect, test } from "bun:test";
import {
  HandshakeInbox,
  type HandshakeMessage,
  writeHandshake,
} from "../../../../src/transport/dtls/handshake-inbox.ts";

const any = (): boolean => true;

function message(sequence: number, text = `body of ${sequence}`): HandshakeMessage {
  return { type: 11, sequence, body: Buffer.from(text) };
}

/** Bytes `from` to `to` of a message as the body of a record. */
function fragment(of: HandshakeMessage, from: number, to: number): Buffer {
  const bytes = writeHandshake({ ...of, body: of.body.subarray(from, to) });
  bytes.writeUIntBE(of.body.length, 1, 3);
  bytes.writeUIntBE(from, 6, 3);
  return bytes;
}

function takeAll(inbox: HandshakeInbox): number[] {
  const taken: number[] = [];
  for (let next = inbox.take(any); next; next = inbox.take(any)) taken.push(next.sequence);
  return taken;
}

describe("HandshakeInbox", () => {
  test("hands out messages in order, each once, whatever order they come in", () => {
    const inbox = new HandshakeInbox();
    for (const sequence of [2, 0, 0, 2]) inbox.add(writeHandshake(message(sequence)));
    expect(takeAll(inbox)).toEqual([0]);
    inbox.add(writeHandshake(message(1)));
    expect(takeAll(inbox)).toEqual([1, 2]);
    inbox.add(writeHandshake(message(1)));
    expect(takeAll(inbox)).toEqual([]);
  });

  test("reads several messages of one record, empty ones too", () => {
    const inbox = new HandshakeInbox();
    inbox.add(Buffer.concat([message(0), message(1, ""), message(2)].map(writeHandshake)));
    expect(takeAll(inbox)).toEqual([0, 1, 2]);
  });

  test("puts fragments together when they overlap or come twice", () => {
    const inbox = new HandshakeInbox();
    const whole = message(0, "0123456789");
    for (const [from, to] of [
      [6, 10],
      [0, 3],
      [6, 10],
      [2, 5],
    ] as const) {
      inbox.add(fragment(whole, from, to));
      expect(inbox.take(any)).toBeUndefined();
    }
    inbox.add(fragment(whole, 5, 6));
    expect(inbox.take(any)?.body.toString()).toBe("0123456789");
  });

  test("lets a whole message replace a forged fragment of it", () => {
    const inbox = new HandshakeInbox();
    inbox.add(fragment(message(0, "forged and longer"), 0, 4));
    inbox.add(writeHandshake(message(0, "honest")));
    expect(inbox.take(any)?.body.toString()).toBe("honest");
  });

  test("forgets a message that is not accepted and takes the next try", () => {
    const inbox = new HandshakeInbox();
    inbox.add(writeHandshake(message(0, "bad")));
    expect(inbox.take(() => false)).toBeUndefined();
    inbox.add(writeHandshake(message(0, "good")));
    expect(inbox.take(any)?.body.toString()).toBe("good");
  });

  test("says so when a record repeats the message handed out last, only then", () => {
    const inbox = new HandshakeInbox();
    expect(inbox.add(writeHandshake(message(0)))).toBe(false);
    expect(inbox.add(writeHandshake(message(0)))).toBe(false);
    inbox.take(any);
    expect(inbox.add(writeHandshake(message(0)))).toBe(true);
    inbox.add(writeHandshake(message(1)));
    inbox.take(any);
    expect(inbox.add(writeHandshake(message(0)))).toBe(false);
  });

  test("drops what is far ahead, too long, or longer than it says", () => {
    const inbox = new HandshakeInbox();
    inbox.add(writeHandshake(message(4)));
    inbox.add(writeHandshake({ ...message(0), body: Buffer.alloc(8193) }));
    inbox.add(writeHandshake(message(0)).subarray(0, 15));
    const beyond = fragment(message(0), 0, 4);
    beyond.writeUIntBE(8, 6, 3);
    inbox.add(beyond);
    inbox.add(writeHandshake({ ...message(1), body: Buffer.alloc(8192) }));
    expect(takeAll(inbox)).toEqual([]);
    for (const sequence of [0, 2, 3]) inbox.add(writeHandshake(message(sequence)));
    expect(takeAll(inbox)).toEqual([0, 1, 2, 3]);
  });

  test("is exhausted by too many fragments or too many bytes", () => {
    const many = new HandshakeInbox();
    for (let i = 0; i < 256; i += 1) many.add(fragment(message(0, "ab"), 0, 1));
    expect(many.exhausted).toBe(false);
    many.add(fragment(message(0, "ab"), 0, 1));
    expect(many.exhausted).toBe(true);
    const large = new HandshakeInbox();
    for (let i = 0; i < 66; i += 1) large.add(Buffer.alloc(1000));
    expect(large.exhausted).toBe(true);
  });
});
