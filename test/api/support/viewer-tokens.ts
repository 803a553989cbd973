/** Viewer tokens as a server with a shared secret takes them, and somebody who signs such tokens. */
import { type JWTPayload, SignJWT } from "jose";
import { ViewerTokens, type ViewerTokensOptions } from "../../../src/auth/viewer-token.ts";

export const SHARED_SECRET = "a secret of thirty-two characters";

export function testViewerTokens(
  unixMs: () => number,
  options: Partial<ViewerTokensOptions> = {},
): ViewerTokens {
  return new ViewerTokens({
    ownSecret: "the secret of this server, and of no other",
    sharedSecret: SHARED_SECRET,
    keySet: undefined,
    audience: "",
    minted: () => undefined,
    unixMs,
    ...options,
  });
}

/** `exp` in Unix seconds. */
export function signShared(claims: JWTPayload, secret = SHARED_SECRET): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(secret));
}
