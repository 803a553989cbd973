/**
 * A player's SDP offer, read and checked against what WHEP asks of it. Pure: text in, facts out.
 * Does not know which codecs a stream has; peer/negotiate.ts chooses.
 */
import { OfferInvalid } from "../../errors/viewer.ts";
import type { RemoteCandidate } from "./candidate.ts";
import {
  applyAttribute,
  applyTransport,
  type Direction,
  emptyTransport,
  type MediaSection,
  type OfferedCodec,
  openSection,
  readCodecs,
  type TransportAttributes,
} from "./media-section.ts";
import { type Fingerprint, isIdentifier, readLines, SDP_LIMITS, type SdpLine } from "./session.ts";

export interface OfferedMedia {
  index: number;
  /** "" where the only m= section of an offer has none. */
  mid: string;
  /** "video", "audio", or another kind that we reject. */
  kind: string;
  protocol: string;
  port: number;
  direction: Direction;
  payloadTypes: readonly string[];
  codecs: readonly OfferedCodec[];
  rtcpRsize: boolean;
  /** Port 0 without bundle-only: the player has switched this section off (RFC 3264 §6). */
  disabled: boolean;
}

export interface Offer {
  media: readonly OfferedMedia[];
  /** The mids of the BUNDLE group in its order, empty when none is offered. */
  bundle: readonly string[];
  iceUfrag: string;
  icePwd: string;
  /** sha-256, sha-384 and sha-512 only, upper case hex. */
  fingerprints: readonly Fingerprint[];
  /** At most 32, IP literals only. */
  candidates: readonly RemoteCandidate[];
}

interface Scan {
  session: TransportAttributes;
  sections: MediaSection[];
  bundle: string[] | undefined;
}

const refuse = (what: string) => new OfferInvalid(what);

/** Reads an offer. Throws OfferInvalid naming the line or attribute and what was expected. */
export function parseOffer(text: string): Offer {
  const scan = scanLines(text);
  const { sections, session } = scan;
  if (sections.length === 0) throw refuse("it has no m= line.");
  const open = sections.filter((section) => !isDisabled(section));
  checkKinds(open);
  const bundle = checkBundle(scan.bundle ?? [], sections, open);
  const media = sections.map((section) => toMedia(section, session));
  for (const section of open) checkMedia(section, session);
  const tagged = open.find((section) => section.mid === bundle[0]) ?? open[0];
  const transport = transportOf(tagged, session);
  const candidates = open.flatMap((section) => section.candidates);
  return { media, bundle, ...transport, candidates: candidates.slice(0, SDP_LIMITS.candidatesMax) };
}

function scanLines(text: string): Scan {
  const scan: Scan = { session: emptyTransport(), sections: [], bundle: undefined };
  let isFirst = true;
  for (const line of readLines(text, refuse)) {
    if (isFirst && (line.type !== "v" || line.value.trim() !== "0")) {
      throw refuse("line 1: expected v=0.");
    }
    isFirst = false;
    applyLine(scan, line);
  }
  if (isFirst) throw refuse("it is empty.");
  return scan;
}

function applyLine(scan: Scan, line: SdpLine): void {
  if (line.type === "m") {
    if (scan.sections.length >= SDP_LIMITS.mediaMax) {
      throw refuse(`it has more than ${SDP_LIMITS.mediaMax} m= lines.`);
    }
    scan.sections.push(openSection(line, scan.sections.length, refuse));
    return;
  }
  if (line.type !== "a") return;
  const section = scan.sections.at(-1);
  if (section !== undefined) applyAttribute(section, line, refuse);
  else if (!applyTransport(scan.session, line, refuse)) applySessionAttribute(scan, line);
}

function applySessionAttribute(scan: Scan, line: SdpLine): void {
  // WHEP §4.6.3: the player MUST use full ICE. Two lite agents would wait for each other.
  if (line.name === "ice-lite") throw refuse("a=ice-lite: a WHEP player uses full ICE.");
  if (line.name === "group" && scan.bundle === undefined) scan.bundle = readBundle(line);
}

/** The mids of `a=group:BUNDLE`, undefined for another kind of group. */
function readBundle(line: SdpLine): string[] | undefined {
  const [semantics, ...mids] = line.value.split(" ", SDP_LIMITS.mediaMax + 2);
  if (semantics !== "BUNDLE") return undefined;
  if (mids.length > SDP_LIMITS.mediaMax || !mids.every(isIdentifier)) {
    throw refuse(`a=group:BUNDLE on line ${line.number}: expected up to 8 mids.`);
  }
  return mids;
}

function isDisabled(section: MediaSection): boolean {
  // RFC 9143 §6: port 0 with bundle-only is an offer, not a refusal. Firefox writes it for max-bundle.
  return section.port === 0 && !section.bundleOnly;
}

function isMediaKind(kind: string): boolean {
  return kind === "video" || kind === "audio";
}

/** WHEP §4.6.2: a single MediaStream with at most one track of a kind. */
function checkKinds(open: readonly MediaSection[]): void {
  if (!open.some((section) => isMediaKind(section.kind))) {
    throw refuse("it has no open audio or video m= line.");
  }
  for (const kind of ["video", "audio"]) {
    if (open.filter((section) => section.kind === kind).length > 1) {
      throw refuse(`it has more than one ${kind} m= line.`);
    }
  }
}

/** WHEP §4.6.1: all media in one BUNDLE group. Returns the group in its offered order. */
function checkBundle(
  bundle: readonly string[],
  sections: readonly MediaSection[],
  open: readonly MediaSection[],
): readonly string[] {
  const mids = sections.map((section) => section.mid).filter((mid) => mid !== "");
  if (new Set(mids).size !== mids.length) throw refuse("two m= lines have the same a=mid.");
  if (open.length > 1) {
    const outside = open.find((section) => section.mid === "" || !bundle.includes(section.mid));
    if (outside !== undefined) {
      throw refuse(
        `a=group:BUNDLE does not cover the m= line ${outside.line}: expected one for all, as the bundle policy max-bundle makes it.`,
      );
    }
  }
  return [...new Set(bundle)].filter((mid) => open.some((section) => section.mid === mid));
}

/** The two of RFC 8829 §5.1.2, which a player names by its default candidate, and an old name of the second. */
const MEDIA_PROTOCOLS: ReadonlySet<string> = new Set([
  "UDP/TLS/RTP/SAVPF",
  "TCP/DTLS/RTP/SAVPF",
  "TCP/TLS/RTP/SAVPF",
]);

function checkMedia(section: MediaSection, session: TransportAttributes): void {
  if (!isMediaKind(section.kind)) return;
  const where = `the ${section.kind} m= line ${section.line}`;
  if (!MEDIA_PROTOCOLS.has(section.protocol)) {
    throw refuse(`${where}: expected the protocol UDP/TLS/RTP/SAVPF.`);
  }
  const direction = directionOf(section, session);
  // WHEP §4.3.5: a player MUST NOT offer inactive or sendonly.
  if (direction === "inactive" || direction === "sendonly") {
    throw refuse(`${where} is a=${direction}: expected a=recvonly or a=sendrecv.`);
  }
  // A bundle-only section leaves what it shares to the tagged one (RFC 9143 §7.1.1).
  if (!section.rtcpMux && !section.bundleOnly) throw refuse(`${where}: a=rtcp-mux is missing.`);
}

function directionOf(section: MediaSection, session: TransportAttributes): Direction {
  return section.transport.direction ?? session.direction ?? "sendrecv";
}

type SharedTransport = Pick<Offer, "iceUfrag" | "icePwd" | "fingerprints">;

/**
 * The transport of the tagged section, which the whole bundle shares; session values fill its gaps. What other sections
 * say of theirs would count without a bundle (RFC 9143 §7.3.1): aiortc 1.9 gives each a transport of its own.
 */
function transportOf(
  tagged: MediaSection | undefined,
  session: TransportAttributes,
): SharedTransport {
  const own = tagged?.transport ?? emptyTransport();
  const iceUfrag = own.iceUfrag ?? session.iceUfrag;
  const icePwd = own.icePwd ?? session.icePwd;
  const setup = own.setup ?? session.setup;
  const fingerprints = own.fingerprintLines > 0 ? own.fingerprints : session.fingerprints;
  if (iceUfrag === undefined) throw refuse("a=ice-ufrag is missing.");
  if (icePwd === undefined) throw refuse("a=ice-pwd is missing.");
  if (fingerprints.length === 0) {
    throw refuse("a=fingerprint is missing: expected sha-256, sha-384 or sha-512.");
  }
  if (setup === undefined) throw refuse("a=setup is missing: expected actpass or active.");
  return { iceUfrag, icePwd, fingerprints };
}

function toMedia(section: MediaSection, session: TransportAttributes): OfferedMedia {
  const { index, mid, kind, protocol, port, payloadTypes } = section;
  return {
    index,
    mid,
    kind,
    protocol,
    port,
    direction: directionOf(section, session),
    payloadTypes,
    codecs: isMediaKind(kind) ? readCodecs(section) : [],
    rtcpRsize: section.rtcpRsize,
    disabled: isDisabled(section),
  };
}
