/**
 * One m= section of an offer while its lines come in, and the codecs they add up to.
 * Does not judge whether the section suits WHEP: offer.ts does.
 */
import { type CandidateResult, parseCandidate, type RemoteCandidate } from "./candidate.ts";
import { fmtpParameter } from "./fmtp.ts";
import {
  type Fingerprint,
  isIdentifier,
  parseDecimal,
  type Refuse,
  readFingerprint,
  readIcePwd,
  readIceUfrag,
  SDP_LIMITS,
  type SdpLine,
} from "./session.ts";

export type Direction = "sendrecv" | "recvonly" | "sendonly" | "inactive";

/** A payload type that carries media; RTX is folded into the codec it repairs. */
export interface OfferedCodec {
  payloadType: number;
  /** Upper case: H264, VP8, OPUS. */
  name: string;
  clockRate: number;
  channels: number;
  /** As offered, may be "". */
  fmtp: string;
  /** Trimmed, wildcard lines included: "nack", "nack pli". */
  feedback: readonly string[];
  rtxPayloadType: number | undefined;
}

/** Attributes that a session gives to all of its sections, and a section may give itself. */
export interface TransportAttributes {
  iceUfrag: string | undefined;
  icePwd: string | undefined;
  setup: string | undefined;
  direction: Direction | undefined;
  fingerprintLines: number;
  fingerprints: Fingerprint[];
}

export interface MediaSection {
  line: number;
  index: number;
  kind: string;
  port: number;
  protocol: string;
  payloadTypes: readonly string[];
  mid: string;
  rtcpMux: boolean;
  rtcpRsize: boolean;
  bundleOnly: boolean;
  transport: TransportAttributes;
  candidates: RemoteCandidate[];
  rtpmap: Map<string, string>;
  fmtp: Map<string, string>;
  /** By payload type, and under "*" for all of them (RFC 4585 §4.2). */
  feedback: Map<string, string[]>;
}

export function emptyTransport(): TransportAttributes {
  return {
    iceUfrag: undefined,
    icePwd: undefined,
    setup: undefined,
    direction: undefined,
    fingerprintLines: 0,
    fingerprints: [],
  };
}

/** Reads `m=<kind> <port> <protocol> <format> …` (RFC 8866 §5.14). */
export function openSection(line: SdpLine, index: number, refuse: Refuse): MediaSection {
  // One field more than allowed is enough to know that there are too many.
  const fields = line.value.trimEnd().split(" ", SDP_LIMITS.payloadTypesMax + 4);
  const [kind = "", portText, protocol = "", ...payloadTypes] = fields;
  if (payloadTypes.length > SDP_LIMITS.payloadTypesMax) {
    throw refuse(
      `the m= line ${line.number} has more than ${SDP_LIMITS.payloadTypesMax} payload types.`,
    );
  }
  const port = parseDecimal(portText, 65_535);
  const isSound = port !== undefined && payloadTypes.length > 0 && fields.every(isIdentifier);
  if (!isSound) {
    throw refuse(`line ${line.number}: expected m=<media> <port> <protocol> <format> ...`);
  }
  return {
    line: line.number,
    index,
    kind,
    port,
    protocol,
    payloadTypes,
    mid: "",
    rtcpMux: false,
    rtcpRsize: false,
    bundleOnly: false,
    transport: emptyTransport(),
    candidates: [],
    rtpmap: new Map(),
    fmtp: new Map(),
    feedback: new Map(),
  };
}

/** Takes an attribute that may stand before the first m= line too. False when it is another one. */
export function applyTransport(to: TransportAttributes, line: SdpLine, refuse: Refuse): boolean {
  switch (line.name) {
    case "ice-ufrag":
      to.iceUfrag ??= readIceUfrag(line, refuse);
      return true;
    case "ice-pwd":
      to.icePwd ??= readIcePwd(line, refuse);
      return true;
    case "setup":
      to.setup ??= readSetup(line, refuse);
      return true;
    case "fingerprint":
      addFingerprint(to, line, refuse);
      return true;
    case "sendrecv":
    case "recvonly":
    case "sendonly":
    case "inactive":
      to.direction ??= line.name;
      return true;
    default:
      return false;
  }
}

/** We answer `passive`, so the player must be able to be the DTLS client (RFC 8842 §5.3). */
function readSetup(line: SdpLine, refuse: Refuse): string {
  if (line.value === "actpass" || line.value === "active") return line.value;
  throw refuse(`a=setup on line ${line.number}: expected actpass or active.`);
}

function addFingerprint(to: TransportAttributes, line: SdpLine, refuse: Refuse): void {
  to.fingerprintLines += 1;
  if (to.fingerprintLines > SDP_LIMITS.fingerprintsMax) {
    throw refuse(`line ${line.number}: more than ${SDP_LIMITS.fingerprintsMax} fingerprints.`);
  }
  const fingerprint = readFingerprint(line, refuse);
  if (fingerprint !== undefined) to.fingerprints.push(fingerprint);
}

/** Takes an attribute of an m= section; unknown ones are ignored (RFC 8866 §5.13). */
export function applyAttribute(section: MediaSection, line: SdpLine, refuse: Refuse): void {
  if (applyTransport(section.transport, line, refuse)) return;
  switch (line.name) {
    case "mid":
      if (!isIdentifier(line.value))
        throw refuse(`a=mid on line ${line.number}: expected a token.`);
      section.mid = line.value;
      return;
    case "rtcp-mux":
      section.rtcpMux = true;
      return;
    case "rtcp-rsize":
      section.rtcpRsize = true;
      return;
    case "bundle-only":
      section.bundleOnly = true;
      return;
    case "candidate":
      addCandidate(section.candidates, parseCandidate(line.value));
      return;
    case "rtpmap":
    case "fmtp":
    case "rtcp-fb":
      applyFormatAttribute(section, line, refuse);
      return;
    default:
  }
}

/** Keeps the candidates we can use, up to the bound. */
export function addCandidate(kept: RemoteCandidate[], candidate: CandidateResult): void {
  if (typeof candidate === "string" || kept.length >= SDP_LIMITS.candidatesMax) return;
  kept.push(candidate);
}

function applyFormatAttribute(section: MediaSection, line: SdpLine, refuse: Refuse): void {
  if (line.value.length > SDP_LIMITS.valueCharactersMax) {
    throw refuse(
      `a=${line.name} on line ${line.number} has more than ${SDP_LIMITS.valueCharactersMax} characters.`,
    );
  }
  const blank = line.value.indexOf(" ");
  if (blank < 0) return;
  const format = line.value.slice(0, blank);
  // Pion writes "nack " with a blank at the end: the value arrives trimmed.
  const value = line.value.slice(blank + 1).trim();
  if (line.name === "rtcp-fb") addFeedback(section.feedback, format, value);
  else if (line.name === "rtpmap") setOnce(section.rtpmap, format, value);
  else setOnce(section.fmtp, format, value);
}

function setOnce(map: Map<string, string>, key: string, value: string): void {
  // One entry per payload type can matter, whatever number of lines a stranger sends.
  if (map.size < SDP_LIMITS.payloadTypesMax && !map.has(key)) map.set(key, value);
}

function addFeedback(map: Map<string, string[]>, format: string, value: string): void {
  const list = map.get(format);
  if (list === undefined && map.size <= SDP_LIMITS.payloadTypesMax) map.set(format, [value]);
  else if (list !== undefined && list.length < SDP_LIMITS.feedbackMax) list.push(value);
}

/** Payload types that need no rtpmap (RFC 3551 §6); only named in a mismatch, never chosen. */
const STATIC_RTPMAP: ReadonlyMap<string, string> = new Map([
  ["0", "PCMU/8000"],
  ["8", "PCMA/8000"],
  ["9", "G722/8000"],
]);

/** The codecs of the section in the order of its m= line, each with its RTX payload type. */
export function readCodecs(section: MediaSection): OfferedCodec[] {
  const codecs: OfferedCodec[] = [];
  const rtxOf = new Map<number, number>();
  for (const format of new Set(section.payloadTypes)) {
    const codec = readCodec(section, format);
    if (codec === undefined) continue;
    if (codec.name !== "RTX") {
      codecs.push(codec);
      continue;
    }
    const repaired = parseDecimal(fmtpParameter(codec.fmtp, "apt"), 127);
    if (repaired !== undefined && !rtxOf.has(repaired)) rtxOf.set(repaired, codec.payloadType);
  }
  return codecs.map((codec) => ({ ...codec, rtxPayloadType: rtxOf.get(codec.payloadType) }));
}

function readCodec(section: MediaSection, format: string): OfferedCodec | undefined {
  const payloadType = parseDecimal(format, 127);
  const rtpmap = section.rtpmap.get(format) ?? STATIC_RTPMAP.get(format);
  if (payloadType === undefined || rtpmap === undefined) return undefined;
  const [name = "", clockText, channelsText] = rtpmap.split("/", 3);
  const clockRate = parseDecimal(clockText, 1_000_000);
  if (clockRate === undefined || !isIdentifier(name)) return undefined;
  return {
    payloadType,
    name: name.toUpperCase(),
    clockRate,
    channels: parseDecimal(channelsText, 255) ?? 1,
    fmtp: section.fmtp.get(format) ?? "",
    feedback: feedbackOf(section.feedback, format),
    rtxPayloadType: undefined,
  };
}

function feedbackOf(feedback: ReadonlyMap<string, string[]>, format: string): string[] {
  return [...new Set([...(feedback.get("*") ?? []), ...(feedback.get(format) ?? [])])];
}
