/**
 * STUN binding requests and responses as ICE uses them (RFC 8489, RFC 8445 §7).
 * Parsing never throws; a message that breaks a length is undefined.
 */
import { timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";

const MAGIC_COOKIE = 0x2112a442;
const HEADER_BYTES = 20;
const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const USERNAME = 0x0006;
const MESSAGE_INTEGRITY = 0x0008;
const XOR_MAPPED_ADDRESS = 0x0020;
const PRIORITY = 0x0024;
const USE_CANDIDATE = 0x0025;
const FINGERPRINT = 0x8028;
const ICE_CONTROLLED = 0x8029;
const FINGERPRINT_XOR = 0x5354554e;
const INTEGRITY_BYTES = 24;
/** Type preference of a peer-reflexive candidate, local preference and component (RFC 8445 §5.1.2.1). */
const PRFLX_PRIORITY = 110 * 2 ** 24 + 65535 * 2 ** 8 + 255;

export interface StunMessage {
  readonly kind: "request" | "success" | "error" | "indication";
  /** 12 bytes as lower-case hex. */
  readonly transactionId: string;
  /** The two halves of USERNAME: for a request to us, our ufrag and the player's. Empty in responses. */
  readonly ufrag: string;
  readonly remoteUfrag: string;
  readonly useCandidate: boolean;
  /** Offset of MESSAGE-INTEGRITY, 0 where there is none. Attributes after it are not believed. */
  readonly integrityOffset: number;
}

/** True where the first byte and the cookie say STUN (RFC 7983 §7, RFC 8489 §5). */
export function isStun(datagram: Uint8Array): boolean {
  return datagram.length >= HEADER_BYTES && datagram[0]! < 4;
}

/** Reads a binding message. Undefined for anything else, for a bad length or a wrong FINGERPRINT. */
export function parseStun(datagram: Buffer): StunMessage | undefined {
  if (datagram.length < HEADER_BYTES || datagram.readUInt32BE(4) !== MAGIC_COOKIE) return undefined;
  if (datagram.readUInt16BE(2) + HEADER_BYTES !== datagram.length) return undefined;
  const kind = KINDS.get(datagram.readUInt16BE(0));
  const attributes = kind && readAttributes(datagram);
  if (kind === undefined || attributes === undefined) return undefined;
  const { username, useCandidate, integrityOffset } = attributes;
  const colon = username.indexOf(":");
  return {
    kind,
    transactionId: datagram.toString("hex", 8, HEADER_BYTES),
    ufrag: colon < 0 ? username : username.slice(0, colon),
    remoteUfrag: colon < 0 ? "" : username.slice(colon + 1),
    useCandidate,
    integrityOffset,
  };
}

interface Attributes {
  username: string;
  useCandidate: boolean;
  integrityOffset: number;
}

function readAttributes(datagram: Buffer): Attributes | undefined {
  const found: Attributes = { username: "", useCandidate: false, integrityOffset: 0 };
  for (let at = HEADER_BYTES; at + 4 <= datagram.length; ) {
    const type = datagram.readUInt16BE(at);
    const length = datagram.readUInt16BE(at + 2);
    if (at + 4 + length > datagram.length) return undefined;
    if (type === FINGERPRINT && !fingerprintFits(datagram, at, length)) return undefined;
    // Attributes behind MESSAGE-INTEGRITY are not covered by it and must be ignored (RFC 8489 §14.5).
    if (found.integrityOffset === 0) readAttribute(datagram, at, type, length, found);
    at += 4 + ((length + 3) & ~3);
  }
  return found;
}

function readAttribute(
  datagram: Buffer,
  at: number,
  type: number,
  length: number,
  found: Attributes,
): void {
  if (type === USERNAME) found.username = datagram.toString("latin1", at + 4, at + 4 + length);
  else if (type === USE_CANDIDATE) found.useCandidate = true;
  else if (type === MESSAGE_INTEGRITY && length === 20) found.integrityOffset = at;
}

const KINDS = new Map<number, StunMessage["kind"]>([
  [BINDING_REQUEST, "request"],
  [0x0011, "indication"],
  [BINDING_SUCCESS, "success"],
  [0x0111, "error"],
]);

function fingerprintFits(datagram: Buffer, at: number, length: number): boolean {
  if (length !== 4 || at + 8 !== datagram.length) return false;
  return (
    datagram.readUInt32BE(at + 4) === (crc32(datagram.subarray(0, at)) ^ FINGERPRINT_XOR) >>> 0
  );
}

/** Checks MESSAGE-INTEGRITY with the short-term credential (RFC 8489 §9.1.3), in constant time. */
export function hasIntegrity(datagram: Buffer, message: StunMessage, password: string): boolean {
  const offset = message.integrityOffset;
  if (offset === 0) return false;
  const hmac = new Bun.CryptoHasher("sha1", password);
  const header = Buffer.from(datagram.subarray(0, HEADER_BYTES));
  // The length covered by the HMAC ends with this attribute, whatever follows it (RFC 8489 §14.5).
  header.writeUInt16BE(offset + INTEGRITY_BYTES - HEADER_BYTES, 2);
  const digest = hmac.update(header).update(datagram.subarray(HEADER_BYTES, offset)).digest();
  return timingSafeEqual(digest, datagram.subarray(offset + 4, offset + INTEGRITY_BYTES));
}

/** The success response that tells the player its own address (RFC 8489 §14.2). */
export function bindingSuccess(
  transactionId: string,
  address: string,
  port: number,
  password: string,
): Buffer {
  const id = Buffer.from(transactionId, "hex");
  const attribute = xorMappedAddress(id, address, port);
  return seal(BINDING_SUCCESS, id, attribute, password);
}

/** Our own check of a player's address, as the controlled side (RFC 8445 §7.2.2, §7.3.1.4). */
export function bindingRequest(options: {
  transactionId: string;
  username: string;
  password: string;
  tieBreaker: Buffer;
}): Buffer {
  const name = Buffer.from(options.username, "latin1");
  const attributes = Buffer.alloc(4 + ((name.length + 3) & ~3) + 8 + 12);
  attributes.writeUInt16BE(USERNAME, 0);
  attributes.writeUInt16BE(name.length, 2);
  name.copy(attributes, 4);
  let at = 4 + ((name.length + 3) & ~3);
  attributes.writeUInt16BE(PRIORITY, at);
  attributes.writeUInt16BE(4, at + 2);
  attributes.writeUInt32BE(PRFLX_PRIORITY, at + 4);
  at += 8;
  attributes.writeUInt16BE(ICE_CONTROLLED, at);
  attributes.writeUInt16BE(8, at + 2);
  options.tieBreaker.copy(attributes, at + 4, 0, 8);
  return seal(
    BINDING_REQUEST,
    Buffer.from(options.transactionId, "hex"),
    attributes,
    options.password,
  );
}

function seal(type: number, transactionId: Buffer, attributes: Buffer, password: string): Buffer {
  const end = HEADER_BYTES + attributes.length;
  const message = Buffer.alloc(end + INTEGRITY_BYTES + 8);
  message.writeUInt16BE(type, 0);
  message.writeUInt32BE(MAGIC_COOKIE, 4);
  transactionId.copy(message, 8);
  attributes.copy(message, HEADER_BYTES);
  message.writeUInt16BE(end + INTEGRITY_BYTES - HEADER_BYTES, 2);
  const digest = new Bun.CryptoHasher("sha1", password).update(message.subarray(0, end)).digest();
  message.writeUInt16BE(MESSAGE_INTEGRITY, end);
  message.writeUInt16BE(20, end + 2);
  digest.copy(message, end + 4);
  message.writeUInt16BE(message.length - HEADER_BYTES, 2);
  const at = end + INTEGRITY_BYTES;
  message.writeUInt16BE(FINGERPRINT, at);
  message.writeUInt16BE(4, at + 2);
  message.writeUInt32BE((crc32(message.subarray(0, at)) ^ FINGERPRINT_XOR) >>> 0, at + 4);
  return message;
}

function xorMappedAddress(transactionId: Buffer, address: string, port: number): Buffer {
  const ip = addressBytes(address);
  const mask = Buffer.alloc(16);
  mask.writeUInt32BE(MAGIC_COOKIE, 0);
  transactionId.copy(mask, 4);
  const attribute = Buffer.alloc(8 + ip.length);
  attribute.writeUInt16BE(XOR_MAPPED_ADDRESS, 0);
  attribute.writeUInt16BE(4 + ip.length, 2);
  attribute[5] = ip.length === 4 ? 1 : 2;
  attribute.writeUInt16BE(port ^ (MAGIC_COOKIE >>> 16), 6);
  for (let i = 0; i < ip.length; i++) attribute[8 + i] = ip[i]! ^ mask[i]!;
  return attribute;
}

/** The 4 or 16 bytes of an IP address in text form. */
export function addressBytes(address: string): Buffer {
  if (!address.includes(":")) return Buffer.from(address.split(".").map(Number));
  const bytes = Buffer.alloc(16);
  const [head = "", tail] = expandEmbeddedIpv4(address.split("%")[0] ?? "").split("::");
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  before.forEach((value, i) => void bytes.writeUInt16BE(value, i * 2));
  after.forEach((value, i) => void bytes.writeUInt16BE(value, 16 - (after.length - i) * 2));
  return bytes;
}

function groups(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}

function expandEmbeddedIpv4(address: string): string {
  const dotted = address.slice(address.lastIndexOf(":") + 1);
  if (!dotted.includes(".")) return address;
  const [a = 0, b = 0, c = 0, d = 0] = dotted.split(".").map(Number);
  const tail = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  return address.slice(0, address.length - dotted.length) + tail;
}
