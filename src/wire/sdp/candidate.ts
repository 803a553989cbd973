/**
 * ICE candidates as text (RFC 8839 §5.1). We are ICE-lite: a player's candidates are never sent to,
 * only shown in statistics, so whatever we cannot use is dropped without a word (WHEP §4.5.2).
 */
import { isIP } from "node:net";
import { parseDecimal, SDP_LIMITS } from "./session.ts";

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
  return isIP(text) !== 0 && !text.includes("%");
}
