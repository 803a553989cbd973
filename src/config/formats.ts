/**
 * The texts of the configuration that need more than a pattern, and their parsers.
 * Importing this file makes the formats known to TypeBox, under names that no other schema uses.
 */

import { isIP } from "node:net";
import { FormatRegistry } from "@sinclair/typebox";

export interface HttpAddress {
  /** "" for all interfaces; an IPv6 address without its brackets. */
  hostname: string;
  /** 0 for any free port. */
  port: number;
}

export interface PortRange {
  first: number;
  /** Inclusive. */
  last: number;
}

export const PORT_MAX = 65_535;
const HOST_NAME =
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i;

/** `host:port`, `[::1]:port`, or `:port` for all interfaces; undefined where it is none of these. */
export function parseAddress(text: string): HttpAddress | undefined {
  const found = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]/@]*)):(\d{1,5})$/i.exec(text);
  const port = Number(found?.[3]);
  if (!found || port > PORT_MAX) return undefined;
  const [, ipv6, name = ""] = found;
  if (ipv6 !== undefined) return isIP(ipv6) === 6 ? { hostname: ipv6, port } : undefined;
  return name === "" || isHost(name) ? { hostname: name, port } : undefined;
}

/** `first-last`, both included; undefined where it is no range of ports. */
export function parsePortRange(text: string): PortRange | undefined {
  const found = /^(\d{1,5})-(\d{1,5})$/.exec(text);
  const first = Number(found?.[1]);
  const last = Number(found?.[2]);
  return found && first >= 1 && first <= last && last <= PORT_MAX ? { first, last } : undefined;
}

function isHost(text: string): boolean {
  // Digits and dots that are no IPv4 address are a typing error, not a name.
  return isIP(text) !== 0 || (HOST_NAME.test(text) && !/^[\d.]+$/.test(text));
}

function isOrigin(text: string): boolean {
  const found = /^https?:\/\/(.+)$/i.exec(text)?.[1];
  if (found === undefined) return false;
  const withPort = /:\d{1,5}$/.test(found.replace(/^\[.*\]/, ""));
  const address = parseAddress(withPort ? found : `${found}:80`);
  return address !== undefined && address.hostname !== "";
}

/** Six ports hold the two legs of one stream. */
const LEG_PORTS_MIN = 6;

function isLegRange(text: string): boolean {
  const range = parsePortRange(text);
  return range !== undefined && range.last - range.first + 1 >= LEG_PORTS_MIN;
}

/** An expression as Core's settings have them; Go writes its flags in front: `(?i)^rtsp:`. */
export function parsePattern(text: string): RegExp | undefined {
  const [, flags = "", source = ""] = /^(?:\(\?([ims]+)\))?(.*)$/s.exec(text) ?? [];
  try {
    return new RegExp(source, flags);
  } catch {
    return undefined;
  }
}

function isJwksPlace(text: string): boolean {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return true;
  if (!URL.canParse(text)) return false;
  // Whoever can change the keys on their way lets in whom they like.
  const { hostname } = new URL(text);
  const onLoopback = ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  return scheme === "https" || (scheme === "http" && onLoopback);
}

const CHECKS = {
  "dragonfork-address": (text: string) => parseAddress(text) !== undefined,
  "dragonfork-leg-range": isLegRange,
  "dragonfork-jwks": isJwksPlace,
  "dragonfork-ip": (text: string) => isIP(text) !== 0 && text !== "0.0.0.0" && text !== "::",
  "dragonfork-host": isHost,
  "dragonfork-pattern": (text: string) => parsePattern(text) !== undefined,
  "dragonfork-origin": isOrigin,
  "dragonfork-origin-or-any": (text: string) => text === "*" || isOrigin(text),
  "dragonfork-ice-url": (text: string) => /^(?:stuns?|turns?):[^\s"'<>;,]+$/i.test(text),
} as const;

export type ConfigFormat = keyof typeof CHECKS;

for (const [name, check] of Object.entries(CHECKS)) FormatRegistry.Set(name, check);
