/** Binding requests as a player sends them (RFC 8445 §7.1), written apart from the code under test. */
import { createHmac } from "node:crypto";

export interface PlayerRequest {
  readonly username: string;
  readonly password: string;
  readonly nominate?: boolean;
  readonly transactionId?: Buffer;
}

export function playerRequest(options: PlayerRequest): Buffer {
  const name = Buffer.from(options.username);
  const padded = Buffer.alloc((name.length + 3) & ~3);
  name.copy(padded);
  const attributes = Buffer.concat([
    attribute(0x0006, padded, name.length),
    attribute(0x0024, Buffer.from("6e7f00ff", "hex")),
    attribute(0x802a, Buffer.alloc(8, 7)),
    ...(options.nominate ? [attribute(0x0025, Buffer.alloc(0))] : []),
  ]);
  const header = Buffer.alloc(20);
  header.writeUInt16BE(0x0001, 0);
  header.writeUInt16BE(attributes.length + 24, 2);
  header.writeUInt32BE(0x2112a442, 4);
  (options.transactionId ?? Buffer.from("000102030405060708090a0b", "hex")).copy(header, 8);
  const covered = Buffer.concat([header, attributes]);
  const digest = createHmac("sha1", options.password).update(covered).digest();
  return Buffer.concat([covered, attribute(0x0008, digest)]);
}

function attribute(type: number, value: Buffer, length = value.length): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(length, 2);
  return Buffer.concat([head, value]);
}
