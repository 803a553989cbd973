/**
 * One embedded file as an HTTP answer: security headers, ETag, conditional requests.
 * It does not know which files there are.
 */

import type { Elysia } from "elysia";

/** Only our own files: no inline script or style, no other host. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "media-src 'self' blob:",
  "img-src 'self' data:",
  "form-action 'self'",
  "base-uri 'none'",
].join("; ");

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

/** An embedded file: its text, or the path of a large one that is better read when asked for. */
export type AssetContent = ({ readonly text: string } | { readonly file: string }) & {
  /** Origins whose pages may show it in a frame, besides our own; "*" for all. */
  readonly embedders?: readonly string[];
};

/** Serves `content` at `path` for GET and HEAD. `name` gives the content type by its ending. */
export function serveAsset(app: Elysia, path: string, name: string, content: AssetContent): void {
  const load = once(() => prepare(name, content));
  const hidden = { detail: { hide: true } };
  app.get(path, async ({ request }) => answer(request, await load()), hidden);
  app.head(path, async ({ request }) => answer(request, await load()), hidden);
}

interface Prepared {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

async function prepare(name: string, content: AssetContent): Promise<Prepared> {
  const ancestors = ["'self'", ...(content.embedders ?? [])].join(" ");
  const body =
    "text" in content
      ? new TextEncoder().encode(content.text)
      : await Bun.file(content.file).bytes();
  const digest = new Bun.CryptoHasher("sha256").update(body).digest("base64url").slice(0, 22);
  const ending = name.slice(name.lastIndexOf(".") + 1);
  return {
    body,
    etag: `"${digest}"`,
    headers: {
      "Content-Type": CONTENT_TYPES[ending] ?? "application/octet-stream",
      "Content-Security-Policy": `${CONTENT_SECURITY_POLICY}; frame-ancestors ${ancestors}`,
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer",
      // A sandboxed frame has no origin: its module scripts are another site's.
      ...(ending === "js" && { "Access-Control-Allow-Origin": "*" }),
      // The names carry no version: the browser asks each time and gets a 304.
      "Cache-Control": "no-cache",
    },
  };
}

function answer(request: Request, asset: Prepared): Response {
  const headers = { ...asset.headers, ETag: asset.etag };
  if (matches(request.headers.get("if-none-match"), asset.etag)) {
    return new Response(null, { status: 304, headers });
  }
  return new Response(asset.body, { headers });
}

/** RFC 9110 §13.1.2: a list of entity-tags or "*", compared weakly. */
function matches(ifNoneMatch: string | null, etag: string): boolean {
  if (ifNoneMatch === null) return false;
  return ifNoneMatch
    .split(",")
    .map((tag) => tag.trim().replace(/^W\//, ""))
    .some((tag) => tag === "*" || tag === etag);
}
