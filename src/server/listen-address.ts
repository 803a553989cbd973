/** CORE_ADDRESS as Core writes it, "host:port" with an empty host for all interfaces. */

export interface ListenAddress {
  /** "" for all interfaces. */
  readonly host: string;
  readonly port: number;
}

export function parseListenAddress(address: string): ListenAddress {
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, colon).replace(/^\[|\]$/g, "");
  return { host, port: Number(address.slice(colon + 1)) };
}

/** The URL of the server as this machine can open it. */
export function localUrl({ host, port }: ListenAddress): string {
  const name = host === "" || host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${name.includes(":") ? `[${name}]` : name}:${port}`;
}
