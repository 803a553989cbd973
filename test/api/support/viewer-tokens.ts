/** Viewer tokens as a server with a shared secret takes them, and somebody who signs such tokens. */
import { type JWTPayload, SignJWT } from "jose";
import {
  type MintedToken,
  type TokenStore,
  ViewerTokens,
  type ViewerTokensOptions,
} from "../../../src/auth/viewer-token.ts";

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
    store: new MemoryTokenStore(),
    unixMs,
    ...options,
  });
}

/** The table of the store without a file. */
export class MemoryTokenStore implements TokenStore {
  readonly tokens = new Map<string, MintedToken>();

  insert(token: MintedToken): void {
    this.tokens.set(token.id, token);
  }

  get(id: string): MintedToken | undefined {
    return this.tokens.get(id);
  }

  list(streamId: string): readonly MintedToken[] {
    return [...this.tokens.values()].filter((token) => token.streamId === streamId).reverse();
  }

  count(): number {
    return this.tokens.size;
  }

  remove(id: string): void {
    this.tokens.delete(id);
  }

  removeExpired(unixSeconds: number): void {
    for (const { id, expiresAt } of [...this.tokens.values()])
      if (expiresAt <= unixSeconds) this.remove(id);
  }
}

/** `exp` in Unix seconds. */
export function signShared(claims: JWTPayload, secret = SHARED_SECRET): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(secret));
}
