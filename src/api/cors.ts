/** Which sites' pages may read the answers under /api. WHEP has headers of its own, and the widget is for everybody. */
import { Elysia } from "elysia";

export interface CorsOptions {
  /** Every site: where there is a login, as in datarhei Core. No answer depends on what a browser keeps. */
  readonly all: boolean;
  readonly origins: readonly string[];
}

/** By name: the wildcard does not cover Authorization (Fetch §3.3). */
const PREFLIGHT = {
  "access-control-allow-methods": "GET, HEAD, PUT, POST, DELETE, PATCH",
  "access-control-allow-headers": "Origin, Content-Length, Content-Type, Authorization",
  "access-control-max-age": "86400",
};
const EXPOSED =
  "Content-Length, Content-Location, Retry-After, WWW-Authenticate, X-Request-Id, Dragonfork-Effect";

/** Before the routes: a preflight has no token, and failures have to be readable too. */
export function cors({ all, origins }: CorsOptions) {
  const allowed = new Set(origins.map((origin) => origin.toLowerCase()));
  return new Elysia({ name: "cors" }).onRequest(({ request, set }) => {
    const origin = request.headers.get("origin");
    if (origin === null || !isCovered(request.url)) return;
    if (!all) set.headers["vary"] = "Origin";
    if (!all && !allowed.has(origin.toLowerCase())) return;
    set.headers["access-control-allow-origin"] = all ? "*" : origin;
    set.headers["access-control-expose-headers"] = EXPOSED;
    if (request.method !== "OPTIONS") return;
    set.status = 204;
    Object.assign(set.headers, PREFLIGHT);
    return "";
  });
}

/** By its text: the URL class throws on a hostile Host. */
function isCovered(url: string): boolean {
  const path = /^[a-z]+:\/\/[^/?#]*([^?#]*)/i.exec(url)?.[1] ?? "";
  return /^\/api(?:\/|$)/.test(path) && !/^\/api\/v3\/(?:whep|widget)\//.test(path);
}
