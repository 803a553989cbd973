/** Where the HTTP server listens and how this machine reaches it. */
import { existsSync } from "node:fs";
import { parseAddress } from "../config/formats.ts";

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
