/** Who may watch a stream: everybody, who has the server's token, or who has a signed one. */
import {
  OPEN_GRANT,
  type Refusal,
  type TokenPolicy,
  type ViewerTokens,
  type ViewGrant,
} from "../auth/viewer-token.ts";
import { Unauthorized } from "../errors/access.ts";
import type { SecurityEvent } from "../security-events.ts";
import { bearerOf, refusal, secretCheck } from "./auth.ts";

export interface ViewerAccessOptions {
  /** Of the server, for all its streams; "" where none is configured. */
  readonly token: string;
  readonly tokens: Pick<ViewerTokens, "verify">;
}

/** What is needed of a stream. */
export interface GuardedStream {
  readonly id: string;
  readonly tokenPolicy: TokenPolicy;
}

/**
 * Decides on a request for a stream; undefined is one that does not exist. Rejects with Unauthorized, or
 * KeysUnavailable. A signed token for a stream is good wherever the server's token is.
 */
export type ViewerAccess = (
  request: Request,
  stream: GuardedStream | undefined,
) => Promise<ViewGrant>;

/** A token that was good is no sign of an attack. */
const EVENTS: Readonly<Record<Refusal, SecurityEvent | undefined>> = {
  signature: "token_signature_invalid",
  algorithm: "token_signature_invalid",
  malformed: "auth_failed",
  claims: "auth_failed",
  stream: "auth_failed",
  unknownKey: undefined,
  expired: undefined,
  revoked: undefined,
};

const WANTED = "This stream asks for a token. Send it as Authorization: Bearer.";

export function viewerAccess(options: ViewerAccessOptions): ViewerAccess {
  const isToken = options.token === "" ? () => false : secretCheck(options.token);
  const byDefault = options.token === "" ? "public" : "bearer";
  return async (request, stream) => {
    const own = stream?.tokenPolicy ?? "server";
    const policy = own === "server" ? byDefault : own;
    if (policy === "public") return OPEN_GRANT;
    const sent = bearerOf(request);
    if (sent === undefined) throw refusal(request, WANTED);
    if (policy === "bearer" && isToken(sent)) return OPEN_GRANT;
    if (stream === undefined) throw refusal(request, WANTED, ["bearer-refused"]);
    const verdict = await options.tokens.verify(sent, stream.id);
    if ("grant" in verdict) return verdict.grant;
    throw new Unauthorized(verdict.refusal, {
      schemes: ["bearer-refused"],
      securityEvent: EVENTS[verdict.why],
    });
  };
}
