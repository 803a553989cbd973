/** The addresses that viewers are told to send to (host candidates, RFC 8445 §5.1.1.1). */

/** What node:os tells of one address. */
export interface InterfaceAddress {
  readonly address: string;
  readonly internal: boolean;
}

/** More candidates only make players try longer. */
const CANDIDATES_MAX = 12;

/**
 * The configured addresses, or those of the interfaces, best first. Loopback is added where the pages are
 * served on it, since players may then be on this machine, and where there is nothing else.
 */
export function candidateAddresses(options: {
  readonly configured: readonly string[];
  readonly interfaces: readonly InterfaceAddress[];
  readonly httpOnLoopback: boolean;
}): readonly string[] {
  if (options.configured.length > 0) return options.configured;
  const outside = options.interfaces
    .filter(({ internal, address }) => !internal && isRoutable(address))
    .map(({ address }) => address);
  const loopback = options.httpOnLoopback || outside.length === 0;
  const inside = options.interfaces
    .filter(({ internal }) => internal && loopback)
    .map(({ address }) => address);
  return [...inside, ...outside].slice(0, CANDIDATES_MAX);
}

/** Link-local IPv6 needs a zone that a candidate cannot carry; 169.254/16 means no network was found. */
function isRoutable(address: string): boolean {
  return !address.toLowerCase().startsWith("fe80:") && !address.startsWith("169.254.");
}
