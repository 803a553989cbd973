/**
 * Who may use the admin routes and read the metrics. Who may watch: viewer-access.ts.
 * The client's address is never a reason for trust: a web page can make the browser of a trusted machine send.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import type { Login } from "../auth/login.ts";
import { Forbidden, Unauthorized } from "../errors/access.ts";

export interface AdminGuardOptions {
  /** "" where none is configured; then there is a login, or the server must be bound to loopback. */
  readonly token: string;
  /** undefined where nobody logs in by name and password. */
  readonly login: Pick<Login, "accepts"> | undefined;
  /** The host part of the address that HTTP is bound to, "" for all interfaces. */
  readonly boundHost: string;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
}

/** Rejects with Unauthorized or Forbidden. */
export type Guard = (request: Request) => Promise<void>;

/** datarhei Core's words. */
export const JWT_REFUSED = "Missing or invalid JWT token";

/** What a proxy tells of whom it asks for. */
const PROXY_HEADERS = [
  "forwarded",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-real-ip",
];

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "::1"]);

/** Whether only this machine can connect to a server that is bound to this host. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  return LOOPBACK_NAMES.has(name) || (isIP(name) === 4 && name.startsWith("127."));
}

/**
 * Host and Origin first, so that another site learns nothing of tokens; then the token, or the access token of a
 * login. With a login the API is open to every site, as datarhei Core's is: what lets a request in is not in the
 * browser's keeping.
 */
export function adminGuard(options: AdminGuardOptions): Guard {
  const { token, login, boundHost } = options;
  const checkHost = login === undefined ? hostGuard(options) : () => {};
  const isToken = token === "" ? () => false : secretCheck(token);
  const open = token === "" && login === undefined && isLoopback(boundHost);
  return async (request) => {
    checkHost(request);
    if (open) {
      if (!isProxied(request)) return;
      throw new Forbidden("Through a proxy the admin routes need a token: set CORE_API_TOKEN.");
    }
    const sent = bearerOf(request);
    if (sent !== undefined && isToken(sent)) return;
    if (sent !== undefined && (await login?.accepts(sent, "access"))) return;
    // RFC 6750 §3: only who sent a token hears that it is not good.
    const schemes = sent === undefined ? undefined : (["bearer-refused"] as const);
    throw refusal(request, login === undefined ? undefined : JWT_REFUSED, schemes);
  };
}

/**
 * With a login, who is not logged in learns not even which routes there are. Resolves to the refusal, undefined where
 * the request may know. `guard` is undefined where there is no login.
 */
export function routeGuard(guard: Guard | undefined) {
  return async (request: Request, path: string): Promise<Unauthorized | undefined> => {
    if (guard === undefined || !path.startsWith("/api/")) return undefined;
    try {
      await guard(request);
      return undefined;
    } catch (error) {
      return error instanceof Unauthorized ? error : undefined;
    }
  };
}

export interface MetricsAccess {
  readonly token: string;
  readonly username: string;
  readonly password: string;
}

/** Open where neither a token nor a password is configured; else either is good. Throws Unauthorized. */
export function metricsGuard({ token, username, password }: MetricsAccess) {
  if (token === "" && password === "") return () => {};
  const isToken = token === "" ? () => false : secretCheck(token);
  const isPassword = password === "" ? () => false : secretCheck(`${username}:${password}`);
  return (request: Request): void => {
    const bearer = bearerOf(request);
    const basic = basicOf(request);
    if (bearer !== undefined && isToken(bearer)) return;
    if (basic !== undefined && isPassword(basic)) return;
    throw refusal(request, "Send the token or the password of CORE_METRICS_*.", [
      "bearer",
      "basic",
    ]);
  };
}

/** `name:password` as RFC 7617 §2 sends it. */
function basicOf(request: Request): string | undefined {
  const [scheme, sent] = (request.headers.get("authorization") ?? "").split(" ", 2);
  if (scheme?.toLowerCase() !== "basic" || sent === undefined) return undefined;
  return Buffer.from(sent, "base64").toString();
}

/** Without credentials a client may not know yet that it needs some; wrong ones are for security to watch. */
export function refusal(
  request: Request,
  what?: string,
  schemes?: Unauthorized["schemes"],
): Unauthorized {
  const securityEvent = request.headers.has("authorization") ? "auth_failed" : undefined;
  return new Unauthorized(what, { schemes, securityEvent });
}

/** The bearer token of a request (RFC 6750 §2.1), undefined where it has none. */
export function bearerOf(request: Request): string | undefined {
  const [scheme, sent] = (request.headers.get("authorization") ?? "").split(" ", 2);
  return scheme?.toLowerCase() === "bearer" ? sent : undefined;
}

/** Both sides are hashed: equal lengths for the comparison, and its time says nothing of the secret. */
export function secretCheck(secret: string): (sent: string) => boolean {
  const expected = digest(secret);
  return (sent) => timingSafeEqual(digest(sent), expected);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** Against DNS rebinding (the Host of another site) and requests that another site's page makes. */
function hostGuard(options: AdminGuardOptions): (request: Request) => void {
  const hosts = new Set([
    ...LOOPBACK_NAMES,
    ...[options.boundHost, ...options.allowedHosts].map((host) => host.toLowerCase()),
  ]);
  const origins = new Set(options.allowedOrigins.map((origin) => origin.toLowerCase()));
  return (request) => {
    const host = requestedHost(request);
    const name = hostName(host);
    // An IP literal cannot be rebound: no name has been looked up.
    if (name === undefined || !(isIP(name) !== 0 || hosts.has(name))) {
      throw new Forbidden("The Host header names no host of this server (CORE_API_ALLOWED_HOSTS).");
    }
    const origin = request.headers.get("origin")?.toLowerCase();
    if (origin === undefined || origins.has(origin) || isSameOrigin(origin, host)) return;
    throw new Forbidden("Pages of this origin may not use the API (CORE_API_ALLOWED_ORIGINS).");
  };
}

/** Whether the other end is a proxy on this machine, which asks for anybody. One that hides it cannot be told apart. */
function isProxied(request: Request): boolean {
  const name = hostName(requestedHost(request));
  if (name === undefined || !isLoopback(name)) return true;
  return PROXY_HEADERS.some((header) => request.headers.has(header));
}

/** Host, else the authority of the URL, by its text: the URL class throws on a hostile Host. */
function requestedHost({ headers, url }: Request): string {
  return headers.get("host") ?? /^[a-z]+:\/\/([^/?#]*)/i.exec(url)?.[1] ?? "";
}

/** The name without port and brackets in lower case, undefined where it is none. */
export function hostName(host: string): string | undefined {
  const found = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(host);
  return (found?.[1] ?? found?.[2])?.toLowerCase();
}

function isSameOrigin(origin: string, host: string): boolean {
  const authority = host.toLowerCase();
  return origin === `http://${authority}` || origin === `https://${authority}`;
}
