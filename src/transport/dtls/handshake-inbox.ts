/**
 * Turns handshake records into whole messages, each once and in order (RFC 6347 §4.2.2, §4.2.3), whatever the
 * network did to them. Bounded in bytes and records per handshake, since anybody can send the plain part of one.
 */

/** A client's certificate chain and a hello with post-quantum shares are far below this. */
const MESSAGE_BYTES_MAX = 8192;
/** The most messages one flight of a client has before its Finished. */
const MESSAGES_AHEAD_MAX = 4;
/** A whole client side has about 2 kB in 5 messages; this leaves room for many repeated flights. */
const BYTES_MAX = 64 * 1024;
const FRAGMENTS_MAX = 256;

const HEADER_BYTES = 12;

export interface HandshakeMessage {
  readonly type: number;
  readonly sequence: number;
  readonly body: Buffer;
}

interface Fragment {
  readonly type: number;
  readonly length: number;
  readonly sequence: number;
  readonly offset: number;
  readonly body: Buffer;
}

interface Partial {
  readonly type: number;
  readonly body: Buffer;
  /** One byte per byte of `body`: 1 once received. Fragments may overlap. */
  readonly received: Uint8Array;
  missing: number;
}

export class HandshakeInbox {
  /** True once a handshake took more than any honest one: the session has to fail. */
  exhausted = false;
  /** message_seq of the next message to hand out. */
  private next = 0;
  private readonly partials = new Map<number, Partial>();
  private bytes = 0;
  private fragments = 0;

  /** Takes one record's body. True where it repeats the message handed out last. */
  add(recordBody: Buffer): boolean {
    this.bytes += recordBody.length;
    let repeated = false;
    for (const fragment of readFragments(recordBody)) {
      this.fragments += 1;
      if (fragment.sequence >= this.next) this.store(fragment);
      else if (fragment.sequence === this.next - 1) repeated = true;
    }
    this.exhausted ||= this.bytes > BYTES_MAX || this.fragments > FRAGMENTS_MAX;
    return repeated;
  }

  /** The next message in order if it is whole. `accept` drops a message as if it had never come. */
  take(accept: (message: HandshakeMessage) => boolean): HandshakeMessage | undefined {
    const partial = this.partials.get(this.next);
    if (partial === undefined || partial.missing > 0) return undefined;
    this.partials.delete(this.next);
    const message = { type: partial.type, sequence: this.next, body: partial.body };
    if (!accept(message)) return undefined;
    this.next += 1;
    return message;
  }

  /** Frees what is waiting. */
  clear(): void {
    this.partials.clear();
  }

  private store(fragment: Fragment): void {
    if (fragment.sequence >= this.next + MESSAGES_AHEAD_MAX) return;
    const partial = this.partialFor(fragment);
    if (partial.missing === 0) return;
    fragment.body.copy(partial.body, fragment.offset);
    for (let i = fragment.offset; i < fragment.offset + fragment.body.length; i += 1) {
      if (partial.received[i] === 0) partial.missing -= 1;
      partial.received[i] = 1;
    }
  }

  /** A fragment that contradicts what waits replaces it, so that a forged one cannot block the message. */
  private partialFor(fragment: Fragment): Partial {
    const { type, length, sequence } = fragment;
    const waiting = this.partials.get(sequence);
    if (waiting?.type === type && waiting.body.length === length) return waiting;
    const partial = {
      type,
      body: Buffer.alloc(length),
      received: new Uint8Array(length),
      missing: length,
    };
    this.partials.set(sequence, partial);
    return partial;
  }
}

/** One message as the body of a record, unfragmented: the form the transcript is made of. */
export function writeHandshake(message: HandshakeMessage): Buffer {
  const { type, sequence, body } = message;
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + body.length);
  bytes.writeUInt8(type, 0);
  bytes.writeUIntBE(body.length, 1, 3);
  bytes.writeUInt16BE(sequence, 4);
  bytes.writeUIntBE(0, 6, 3);
  bytes.writeUIntBE(body.length, 9, 3);
  body.copy(bytes, HEADER_BYTES);
  return bytes;
}

function readFragments(recordBody: Buffer): Fragment[] {
  const fragments: Fragment[] = [];
  let start = 0;
  while (start + HEADER_BYTES <= recordBody.length) {
    const length = recordBody.readUIntBE(start + 1, 3);
    const offset = recordBody.readUIntBE(start + 6, 3);
    const end = start + HEADER_BYTES + recordBody.readUIntBE(start + 9, 3);
    const body = recordBody.subarray(start + HEADER_BYTES, end);
    if (end > recordBody.length || offset + body.length > length) break;
    if (length > MESSAGE_BYTES_MAX) break;
    const type = recordBody.readUInt8(start);
    const sequence = recordBody.readUInt16BE(start + 4);
    fragments.push({ type, length, sequence, offset, body });
    start = end;
  }
  return fragments;
}

/** The cookie field of a ClientHello: version and random, then session id, then cookie, each with its length. */
export function helloCookie(body: Buffer): Buffer | undefined {
  const sessionIdLength = body[34];
  if (sessionIdLength === undefined) return undefined;
  const start = 35 + sessionIdLength;
  const length = body[start];
  if (length === undefined || start + 1 + length > body.length) return undefined;
  return body.subarray(start + 1, start + 1 + length);
}
