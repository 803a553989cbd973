/** Headers of WHEP answers that do not depend on a session: CORS and Link. Pure. */

export type Headers = Record<string, string>;

export const ENDPOINT_METHODS = ["OPTIONS", "GET", "HEAD", "POST"] as const;
export const SESSION_METHODS = ["OPTIONS", "GET", "HEAD", "PATCH", "DELETE"] as const;

export const SDP = "application/sdp";
export const FRAGMENT = "application/trickle-ice-sdpfrag";

/** By name: the wildcard covers neither Authorization nor requests with credentials (Fetch §3.3). */
const EXPOSED = "Location, ETag, Link, Accept-Post, Accept-Patch, Retry-After, WWW-Authenticate";
const ALLOWED = "Authorization, Content-Type, If-Match";
const PREFLIGHT_SECONDS = "86400";

/** Who may read the answer. `origins` may have "*"; an origin that is not in the list gets no header. */
export function corsHeaders(request: Request, origins: readonly string[]): Headers {
  if (origins.includes("*")) {
    return { "access-control-allow-origin": "*", "access-control-expose-headers": EXPOSED };
  }
  const origin = request.headers.get("origin");
  if (origin === null || !origins.includes(origin)) return { vary: "Origin" };
  return {
    "access-control-allow-origin": origin,
    "access-control-expose-headers": EXPOSED,
    vary: "Origin",
  };
}

/** The answer to OPTIONS, as a preflight and as a question for what the resource takes (WHEP §4.4). */
export function optionsHeaders(methods: readonly string[]): Headers {
  const list = methods.join(", ");
  return {
    allow: list,
    "access-control-allow-methods": list,
    "access-control-allow-headers": ALLOWED,
    "access-control-max-age": PREFLIGHT_SECONDS,
  };
}

export interface IceServer {
  readonly urls: string | readonly string[];
  readonly username?: string | undefined;
  readonly credential?: string | undefined;
}

/** One link per URL (RFC 9725 §4.6), undefined where there is none. */
export function iceServerLinks(servers: readonly IceServer[]): string | undefined {
  const links = servers.flatMap(({ urls, username, credential }) =>
    [urls].flat().map((url) => {
      const parts = [`<${url}>`, 'rel="ice-server"'];
      if (username) parts.push(`username=${quoted(username)}`);
      if (credential) parts.push(`credential=${quoted(credential)}`, 'credential-type="password"');
      return parts.join("; ");
    }),
  );
  return links.length > 0 ? links.join(", ") : undefined;
}

/** RFC 9110 §5.6.4. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}
