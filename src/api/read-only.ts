/** CORE_API_READ_ONLY: what would change something is no route, as in datarhei Core. */
import { RouteNotFound } from "../errors.ts";

/** They ask by POST, because what they ask for does not fit into a URL. */
const QUERIES: ReadonlySet<string> = new Set(["/api/v3/metrics", "/api/v3/events/query"]);

/** It ends all viewers and FFmpeg processes. */
const RELOAD = /^\/api\/v3\/config\/reload\/?$/;

/** Throws RouteNotFound. */
export function refuseWrite(method: string, path: string): void {
  const reads = method === "GET" || method === "HEAD" || QUERIES.has(path);
  if (!reads || RELOAD.test(path)) throw new RouteNotFound();
}
