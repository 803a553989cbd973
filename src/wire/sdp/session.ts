/**
 * What every SDP text has in common: lines, bounded values, ICE credentials, fingerprints.
 * Knows neither offers nor fragments: the caller says which error a broken rule becomes.
 * No regular expression and no second look at a character: the work is linear in the text.
 */

/** Bounds of a text from a stranger. A browser's offer has about 12,000 characters and 30 payload types. */
export const SDP_LIMITS = {
  textCharactersMax: 65_536,
  mediaMax: 8,
  payloadTypesMax: 64,
  candidatesMax: 32,
  fingerprintsMax: 8,
  feedbackMax: 16,
  identifierCharactersMax: 64,
  valueCharactersMax: 1024,
} as const;

/** Makes the error of the caller's room from "what is wrong, and what was expected". */
export type Refuse = (what: string) => Error;

/** One line. For `a=` lines `name` and `value` are split at the first colon, else `name` is "". */
export interface SdpLine {
  number: number;
  type: string;
  name: string;
  value: string;
}

export interface Fingerprint {
  algorithm: string;
  value: string;
}

/** Reads line after line, LF or CRLF, so that a broken rule ends the work at its line. */
export function* readLines(text: string, refuse: Refuse): Generator<SdpLine> {
  if (text.length > SDP_LIMITS.textCharactersMax) {
    throw refuse(`it has more than ${SDP_LIMITS.textCharactersMax} characters.`);
  }
  let number = 0;
  for (let start = 0; start < text.length; ) {
    const feed = text.indexOf("\n", start);
    const end = feed < 0 ? text.length : feed;
    const stop = end > start && text.charCodeAt(end - 1) === 13 ? end - 1 : end;
    number += 1;
    if (stop > start) yield splitLine(text.slice(start, stop), number, refuse);
    start = end + 1;
  }
}

function splitLine(line: string, number: number, refuse: Refuse): SdpLine {
  const letter = line.charCodeAt(0);
  if (letter < 97 || letter > 122 || line.charCodeAt(1) !== 61) {
    throw refuse(`line ${number} is not of the form <letter>=<value>.`);
  }
  // What is echoed into an answer must not be able to start a line of its own.
  if (hasControlCharacter(line)) throw refuse(`line ${number} has a control character.`);
  const type = line.slice(0, 1);
  const colon = type === "a" ? line.indexOf(":") : -1;
  if (type !== "a") return { number, type, name: "", value: line.slice(2) };
  if (colon < 0) return { number, type, name: line.slice(2).trimEnd(), value: "" };
  return { number, type, name: line.slice(2, colon), value: line.slice(colon + 1).trim() };
}

function hasControlCharacter(line: string): boolean {
  for (let i = 0; i < line.length; i++) {
    const code = line.charCodeAt(i);
    if ((code < 32 && code !== 9) || code === 127) return true;
  }
  return false;
}

/** A decimal number from 0 to `max`, or undefined. */
export function parseDecimal(text: string | undefined, max: number): number | undefined {
  if (text === undefined || text.length === 0 || text.length > 10) return undefined;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value <= max ? value : undefined;
}

/** Visible ASCII without a blank, 1 to 64 characters: ids, protocol names, formats. */
export function isIdentifier(text: string): boolean {
  if (text.length === 0 || text.length > SDP_LIMITS.identifierCharactersMax) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= 32 || code >= 127) return false;
  }
  return true;
}

function isIceText(text: string, lengthMin: number): boolean {
  if (text.length < lengthMin || text.length > 256) return false;
  for (let i = 0; i < text.length; i++) {
    if (!isIceCharacter(text.charCodeAt(i))) return false;
  }
  return true;
}

/** RFC 8839 §5.4 ice-char: A-Z a-z 0-9 "+" "/". */
function isIceCharacter(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 47 && code <= 57) ||
    code === 43
  );
}

/** RFC 8839 §5.4: 4 to 256 ice-char. */
export function readIceUfrag(line: SdpLine, refuse: Refuse): string {
  if (isIceText(line.value, 4)) return line.value;
  throw refuse(`a=ice-ufrag on line ${line.number}: expected 4 to 256 of A-Z a-z 0-9 + /.`);
}

/** RFC 8839 §5.4: 22 to 256 ice-char. */
export function readIcePwd(line: SdpLine, refuse: Refuse): string {
  if (isIceText(line.value, 22)) return line.value;
  throw refuse(`a=ice-pwd on line ${line.number}: expected 22 to 256 of A-Z a-z 0-9 + /.`);
}

/** Bytes of the hash functions we compare with; older ones (sha-1, md5) are not trusted. */
const HASH_BYTES: ReadonlyMap<string, number> = new Map([
  ["sha-256", 32],
  ["sha-384", 48],
  ["sha-512", 64],
]);

/** RFC 8122 §5. Undefined for a hash function we do not use, which the player may list beside one we do. */
export function readFingerprint(line: SdpLine, refuse: Refuse): Fingerprint | undefined {
  const blank = line.value.indexOf(" ");
  const algorithm = line.value.slice(0, Math.max(0, blank)).toLowerCase();
  const bytes = HASH_BYTES.get(algorithm);
  if (bytes === undefined) return undefined;
  const value = line.value.slice(blank + 1).trim();
  if (!isHexBytes(value, bytes)) {
    throw refuse(
      `a=fingerprint on line ${line.number}: expected ${bytes} hex bytes joined by ":".`,
    );
  }
  return { algorithm, value: value.toUpperCase() };
}

function isHexBytes(text: string, bytes: number): boolean {
  if (text.length !== bytes * 3 - 1) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (i % 3 === 2 ? code !== 58 : !isHexDigit(code)) return false;
  }
  return true;
}

/** 0-9 A-F a-f. */
function isHexDigit(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102);
}

/** A number of up to 7 hex digits, or undefined. */
export function parseHex(text: string): number | undefined {
  if (text.length === 0 || text.length > 7) return undefined;
  for (let i = 0; i < text.length; i++) {
    if (!isHexDigit(text.charCodeAt(i))) return undefined;
  }
  return Number.parseInt(text, 16);
}
