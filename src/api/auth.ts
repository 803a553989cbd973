/**
 * Who may use the admin routes and, where a token is configured, the WHEP routes.
 * The client's address is never a reason for trust: a web page can make the browser of a trusted machine send.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import { Forbidden, Unauthorized } from "../errors.ts";

export interface AdminGuardOptions {
  /** "" where none is configured; then the server must be bound to loopback. */
  readonly token: string;
  /** The host part of the address that HTTP is bound to, "" for all interfaces. */
  readonly boundHost: string;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
}

/** Throws Unauthorized or Forbidden. */
export type Guard = (request: Request) => void;

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "::1"]);

/** Whether only this machine can connect to a server that is bound to this host. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  return LOOPBACK_NAMES.has(name) || (isIP(name) === 4 && name.startsWith("127."));
}

/** Host and Origin first, so that another site learns nothing of tokens; then the token. */
export function adminGuard(options: AdminGuardOptions): Guard {
  const checkHost = hostGuard(options);
  const checkToken =
    options.token === "" && isLoopback(options.boundHost)
      ? () => {}
      : bearerGuard(options.token === "" ? undefined : options.token);
  return (request) => {
    checkHost(request);
    checkToken(request);
  };
}

/** For WHEP: "" lets everyone in. */
export function playerGuard(token: string): Guard {
  return token === "" ? () => {} : bearerGuard(token);
}

/** Without a token nobody is let in. */
function bearerGuard(token: string | undefined): Guard {
  const expected = token === undefined ? undefined : digest(token);
  return (request) => {
    const [scheme, sent] = (request.headers.get("authorization") ?? "").split(" ", 2);
    const isBearer = scheme?.toLowerCase() === "bearer" && sent !== undefined;
    // Both sides hashed: equal lengths for the comparison, and its time says nothing of the token.
    if (!isBearer || expected === undefined || !timingSafeEqual(digest(sent), expected)) {
      throw new Unauthorized();
    }
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** Against DNS rebinding (the Host of another site) and requests that another site's page makes. */
function hostGuard(options: AdminGuardOptions): Guard {
  const hosts = new Set([
    ...LOOPBACK_NAMES,
    ...[options.boundHost, ...options.allowedHosts].map((host) => host.toLowerCase()),
  ]);
  const origins = new Set(options.allowedOrigins.map((origin) => origin.toLowerCase()));
  return (request) => {
    const host = request.headers.get("host") ?? hostOf(request.url);
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

/** The authority of a URL by its text: the URL class throws on a hostile Host. */
function hostOf(url: string): string {
  return /^[a-z]+:\/\/([^/?#]*)/i.exec(url)?.[1] ?? "";
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
