/**
 * ICE candidates as text (RFC 8839 §5.1). We are ICE-lite: a player's candidates are never sent to,
 * only shown in statistics, so whatever we cannot use is dropped without a word (WHEP §4.5.2).
 */
import { isHexDigit, parseDecimal, SDP_LIMITS } from "./session.ts";

export interface RemoteCandidate {
  address: string;
  port: number;
  protocol: "udp" | "tcp";
  type: "host" | "srflx" | "prflx" | "relay";
}

/** `malformed`: not a candidate line at all. `unsupported`: a candidate that is of no use to us. */
export type CandidateResult = RemoteCandidate | "unsupported" | "malformed";

const CANDIDATE_TYPES: ReadonlySet<string> = new Set(["host", "srflx", "prflx", "relay"]);

/** Reads the value of `a=candidate:`. Host names, mDNS names and other transports are `unsupported`. */
export function parseCandidate(value: string): CandidateResult {
  if (value.length > SDP_LIMITS.valueCharactersMax) return "malformed";
  const [foundation, component, transport, priority, address, port, typ, type] = value.split(
    " ",
    8,
  );
  if (foundation === undefined || address === undefined || typ !== "typ" || type === undefined) {
    return "malformed";
  }
  const componentId = parseDecimal(component, 256);
  const portNumber = parseDecimal(port, 65_535);
  if (componentId === undefined || portNumber === undefined) return "malformed";
  if (parseDecimal(priority, 4_294_967_295) === undefined) return "malformed";
  const protocol = (transport ?? "").toLowerCase();
  if (componentId !== 1 || !isProtocol(protocol) || !isCandidateType(type)) return "unsupported";
  if (!isIpAddress(address)) return "unsupported";
  return { address, port: portNumber, protocol, type };
}

function isProtocol(text: string): text is RemoteCandidate["protocol"] {
  return text === "udp" || text === "tcp";
}

function isCandidateType(text: string): text is RemoteCandidate["type"] {
  return CANDIDATE_TYPES.has(text);
}

/** An IPv4 or IPv6 literal, without brackets and without a zone. */
export function isIpAddress(text: string): boolean {
  if (text.length > 45) return false;
  return text.includes(":") ? isIpv6(text) : isIpv4(text);
}

function isIpv4(text: string): boolean {
  const parts = text.split(".", 5);
  return parts.length === 4 && parts.every((part) => isOctet(part));
}

function isOctet(part: string): boolean {
  return part.length <= 3 && parseDecimal(part, 255) !== undefined;
}

/** RFC 4291 §2.2: eight groups, one run of zeros as "::", the last two groups also as IPv4. */
function isIpv6(text: string): boolean {
  const halves = text.split("::", 3);
  if (halves.length > 2) return false;
  let groups = 0;
  for (const [index, half] of halves.entries()) {
    const isLast = index === halves.length - 1;
    const count = half === "" && halves.length === 2 ? 0 : countGroups(half, isLast);
    if (count === undefined) return false;
    groups += count;
  }
  return halves.length === 2 ? groups <= 7 : groups === 8;
}

function countGroups(half: string, isLast: boolean): number | undefined {
  const parts = half.split(":", 9);
  let groups = 0;
  for (const [index, part] of parts.entries()) {
    const endsInIpv4 = isLast && index === parts.length - 1 && part.includes(".");
    if (endsInIpv4 ? !isIpv4(part) : !isIpv6Group(part)) return undefined;
    groups += endsInIpv4 ? 2 : 1;
  }
  return groups;
}

function isIpv6Group(part: string): boolean {
  if (part.length === 0 || part.length > 4) return false;
  for (let i = 0; i < part.length; i++) {
    if (!isHexDigit(part.charCodeAt(i))) return false;
  }
  return true;
}
