/** The host and port of a URL as FFmpeg finds them. Lenient in the rest, which each protocol reads in its own way. */

const authorityOf = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i;
/** What Go's URL parser takes in a host name, so that Core's answers come out the same. */
const wrongCharacter = /[^A-Za-z0-9._~!$&'()*+,;=:[\]<>"%\u0080-\uffff-]/;
const port = /^(?:\[[^\]]*\]|[^:]*)(?::(\d*))?$/;
const portMax = 65_535;
/** Go's parser refuses these too; a line with them could not be cleared of the password. */
const wrongInUserinfo = /[\s"<>]/;

/** Says why the host of a URL can't be used, or undefined. Never shows a password. */
export function hostProblem(address: string): string | undefined {
  const authority = authorityOf.exec(address)?.[1];
  if (authority === undefined) return undefined;
  const at = authority.lastIndexOf("@");
  if (wrongInUserinfo.test(authority.slice(0, Math.max(0, at)))) {
    return "invalid userinfo: percent-encode blanks, quotes and brackets in name and password (a blank is %20)";
  }
  const host = authority.slice(at + 1);
  const wrong = wrongCharacter.exec(host)?.[0];
  if (wrong !== undefined) {
    return `parse "//${host}": invalid character ${JSON.stringify(wrong)} in host name`;
  }
  const found = port.exec(host);
  if (found === null) return "invalid port after host";
  return Number(found[1] ?? 0) > portMax ? `invalid port ":${found[1]}" after host` : undefined;
}
