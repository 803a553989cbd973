/** Where the HTTP server listens, how this machine reaches it, and how long a connection may be idle. */
import { existsSync } from "node:fs";
import { parseAddress } from "../config/formats.ts";
import { PROBE_MS_MAX } from "../process/probe.ts";

/** Bun looks every four seconds, and the answer itself takes its time. */
const IDLE_MARGIN_SECONDS = 10;

export interface ListenAddress {
  /** "" for all interfaces. */
  readonly host: string;
  readonly port: number;
}

/** CORE_ADDRESS as the configuration has checked it. */
export function parseListenAddress(address: string): ListenAddress {
  const parsed = parseAddress(address);
  if (parsed === undefined) throw new Error(`${address} was not checked before`);
  return { host: parsed.hostname, port: parsed.port };
}

/** The address to bind: "::" takes IPv4 too, but a system without IPv6 has no such address. */
export function bindHost(host: string): string {
  if (host !== "") return host;
  return existsSync("/proc/net/if_inet6") ? "::" : "0.0.0.0";
}

/** The URL of the server as this machine can open it. */
export function localUrl({ host, port }: ListenAddress): string {
  const name = host === "" || host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${name.includes(":") ? `[${name}]` : name}:${port}`;
}

/**
 * After how many seconds without a byte Bun closes a connection. A request that is being answered is one of those, so
 * it is longer than the longest wait there is: for a source that a viewer wants, or for one that a probe looks at.
 */
export function idleSeconds(sourceWaitSeconds: number): number {
  return Math.ceil(Math.max(sourceWaitSeconds, PROBE_MS_MAX / 1000)) + IDLE_MARGIN_SECONDS;
}
