/** Where a stream is to be watched with a token, as addresses and as HTML for somebody's page. */
import { hostName } from "./auth.ts";

export interface Embed {
  readonly whep_url: string;
  readonly player_url: string;
  readonly embed: string;
}

/**
 * The token stands in the fragment, which browsers send to no server. The addresses are those by which the request
 * came, also through a proxy that says so; only the path where the Host is none.
 */
export function embedOf(request: Request, streamId: string, token: string): Embed {
  const base = baseOf(request);
  const id = encodeURIComponent(streamId).replaceAll("'", "%27");
  const player_url = `${base}/player/${id}#token=${token}`;
  return {
    whep_url: `${base}/api/v3/whep/${id}`,
    player_url,
    embed: `<iframe src="${player_url}" title="Live picture" allow="autoplay; fullscreen" allowfullscreen referrerpolicy="no-referrer" style="border:0;width:100%;aspect-ratio:16/9"></iframe>`,
  };
}

function baseOf({ headers, url }: Request): string {
  const [, scheme = "http", authority = ""] = /^(https?):\/\/([^/?#]*)/i.exec(url) ?? [];
  const host = headers.get("host") ?? authority;
  if (hostName(host) === undefined) return "";
  const forwarded = headers.get("x-forwarded-proto")?.toLowerCase();
  return `${forwarded === "https" ? forwarded : scheme}://${host}`;
}
