/**
 * Links and images of other sites' pages come without an Origin, and on loopback without a token. Some GET routes do
 * something (they look at sources, ask FFmpeg, reload), so what a browser marks as another site's is refused.
 */
import { Forbidden } from "../errors/access.ts";

/** Fetch Metadata (W3C), which every current browser sends. Throws Forbidden. */
export function refuseForeignPage(request: Request): void {
  const foreign = request.headers.get("sec-fetch-site") === "cross-site";
  // With an Origin the guard has decided.
  if (!foreign || request.headers.has("origin")) return;
  throw new Forbidden("Pages of other sites may not link to or embed the API.");
}
