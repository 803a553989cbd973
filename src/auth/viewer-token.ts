/**
 * Signed viewer tokens: JWTs that let somebody watch one stream until they expire. Which key a token has to be signed
 * with follows from its algorithm alone, so that a public key never serves as a secret. Knows no HTTP.
 */
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import type { KeySet } from "./key-set.ts";

/** Who may watch a stream. server: whoever the server's own settings let in. */
export const TOKEN_POLICIES = ["server", "public", "bearer", "signed"] as const;
export type TokenPolicy = (typeof TOKEN_POLICIES)[number];

/** A token that this server made and keeps a record of. */
export interface MintedToken {
  readonly id: string;
  readonly streamId: string;
  /** Who it is for, in the operator's words. */
  readonly label: string;
  /** Unix seconds. */
  readonly createdAt: number;
  readonly expiresAt: number;
  /** How many may watch with it at once; 0 = as many as the stream takes. */
  readonly viewersMax: number;
  readonly bitrateMax: number | undefined;
}

/** Where the records of the tokens that were made here are kept. All throw StoreFailed. */
export interface TokenStore {
  insert(token: MintedToken): void;
  get(id: string): MintedToken | undefined;
  list(streamId: string): readonly MintedToken[];
  count(): number;
  remove(id: string): void;
  removeExpired(unixSeconds: number): void;
}

/** What lets a viewer in, and within which bounds. */
export interface ViewGrant {
  /** Who it is, as the token says. */
  readonly subject: string | undefined;
  /** Unix milliseconds; undefined: no end of its own. */
  readonly untilMs: number | undefined;
  /** Greatest bitrate of the stream in bit/s that this viewer may be sent. */
  readonly bitrateMax: number | undefined;
  /** The token of ours that it comes from. */
  readonly minted: Pick<MintedToken, "id" | "viewersMax"> | undefined;
}

export const OPEN_GRANT: ViewGrant = {
  subject: undefined,
  untilMs: undefined,
  bitrateMax: undefined,
  minted: undefined,
};

export type Verdict =
  | { readonly grant: ViewGrant }
  | { readonly why: Refusal; readonly refusal: string };

export interface ViewerTokensOptions {
  /** Signs the tokens that are made here. */
  readonly ownSecret: string;
  /** Shared with whoever else signs tokens by HS256; "" where nobody does. */
  readonly sharedSecret: string;
  /** Public keys of whoever signs by RS256 or EdDSA; undefined where nobody does. */
  readonly keySet: KeySet | undefined;
  /** What `aud` of others' tokens must name; "" where it does not matter. */
  readonly audience: string;
  readonly store: Pick<TokenStore, "get">;
  /** Unix milliseconds. */
  readonly unixMs: () => number;
}

const OWN_KEY_ID = "dragonfork";
const OWN_ISSUER = "dragonfork";
/** Longer than any token with a 4096-bit signature and our claims. */
const TOKEN_LENGTH_MAX = 4096;
const SUBJECT_LENGTH_MAX = 256;
/** Between the clock of another machine and ours. */
const OTHERS_TOLERANCE_SECONDS = 5;

interface Expected {
  readonly alg: string;
  /** "" where it does not matter. */
  readonly audience: string;
  /** Seconds. */
  readonly tolerance: number;
}

const OWN: Expected = { alg: "HS256", audience: "", tolerance: 0 };

const REFUSALS = {
  malformed: "This is not a token that this server accepts.",
  algorithm: "The viewer token is signed in a way that this server does not accept.",
  signature: "The signature of the viewer token is wrong.",
  unknownKey: "No key in this server's key set matches the viewer token.",
  expired: "The viewer token has expired.",
  claims: "The viewer token needs the claims sub, exp and stream, and they must be right.",
  stream: "The viewer token is for another stream.",
  revoked: "The viewer token was revoked.",
} as const;

export type Refusal = keyof typeof REFUSALS;

export class ViewerTokens {
  private readonly options: ViewerTokensOptions;
  private readonly ownKey: Uint8Array;
  private readonly sharedKey: Uint8Array | undefined;

  constructor(options: ViewerTokensOptions) {
    this.options = options;
    const bytes = (secret: string) => new TextEncoder().encode(secret);
    this.ownKey = bytes(options.ownSecret);
    this.sharedKey = options.sharedSecret === "" ? undefined : bytes(options.sharedSecret);
  }

  /** The text of a token of ours. */
  sign(token: MintedToken): Promise<string> {
    const { bitrateMax: max_bitrate, streamId: stream } = token;
    return new SignJWT({ stream, ...(max_bitrate !== undefined && { max_bitrate }) })
      .setProtectedHeader({ alg: "HS256", typ: "JWT", kid: OWN_KEY_ID })
      .setIssuer(OWN_ISSUER)
      .setSubject(token.label || token.id)
      .setJti(token.id)
      .setIssuedAt(token.createdAt)
      .setExpirationTime(token.expiresAt)
      .sign(this.ownKey);
  }

  /** Whether a token lets its bearer watch a stream. Rejects with KeysUnavailable where the key set cannot be had. */
  async verify(token: string, streamId: string): Promise<Verdict> {
    if (token.length > TOKEN_LENGTH_MAX) return refused("malformed");
    try {
      const { alg, kid } = decodeProtectedHeader(token);
      if (alg === "HS256" && kid === OWN_KEY_ID) {
        return this.ofOwn(await this.checked(token, this.ownKey, OWN), streamId);
      }
      const payload = await this.ofOthers(token, alg);
      return payload === undefined
        ? refused("algorithm")
        : grantOf(payload, streamId, OTHERS_TOLERANCE_SECONDS);
    } catch (error) {
      return refusalOf(error);
    }
  }

  private async ofOthers(token: string, alg: string | undefined): Promise<JWTPayload | undefined> {
    const { audience, keySet } = this.options;
    const others = { audience, tolerance: OTHERS_TOLERANCE_SECONDS };
    if (alg === "HS256" && this.sharedKey !== undefined) {
      return this.checked(token, this.sharedKey, { alg, ...others });
    }
    if ((alg === "RS256" || alg === "EdDSA") && keySet !== undefined) {
      return this.checked(token, keySet, { alg, ...others });
    }
    return undefined;
  }

  private async checked(token: string, key: Uint8Array | KeySet, expected: Expected) {
    const { alg, audience, tolerance } = expected;
    const options = {
      algorithms: [alg],
      requiredClaims: ["sub", "exp", "stream"],
      currentDate: new Date(this.options.unixMs()),
      clockTolerance: tolerance,
      ...(audience !== "" && { audience }),
    };
    if (key instanceof Uint8Array) return (await jwtVerify(token, key, options)).payload;
    return (await jwtVerify(token, key, options)).payload;
  }

  private ofOwn(payload: JWTPayload, streamId: string): Verdict {
    const verdict = grantOf(payload, streamId, 0);
    if (!("grant" in verdict)) return verdict;
    const minted = this.options.store.get(payload.jti ?? "");
    return minted?.streamId === streamId
      ? { grant: { ...verdict.grant, minted } }
      : refused("revoked");
  }
}

function grantOf(payload: JWTPayload, streamId: string, tolerance: number): Verdict {
  const { sub, exp, stream, max_bitrate: rate } = payload;
  const named = typeof sub === "string" && sub !== "" && sub.length <= SUBJECT_LENGTH_MAX;
  const rated = rate === undefined || (typeof rate === "number" && rate > 0);
  if (!named || !rated || exp === undefined || typeof stream !== "string") return refused("claims");
  if (stream !== streamId) return refused("stream");
  return {
    grant: { subject: sub, untilMs: (exp + tolerance) * 1000, bitrateMax: rate, minted: undefined },
  };
}

function refused(why: Refusal): Verdict {
  return { why, refusal: REFUSALS[why] };
}

function refusalOf(error: unknown): Verdict {
  if (error instanceof errors.JWSSignatureVerificationFailed) return refused("signature");
  if (error instanceof errors.JWTExpired) return refused("expired");
  if (error instanceof errors.JWTClaimValidationFailed) return refused("claims");
  if (error instanceof errors.JWKSNoMatchingKey) return refused("unknownKey");
  if (error instanceof errors.JWKSMultipleMatchingKeys) return refused("unknownKey");
  if (error instanceof errors.JOSEError || error instanceof TypeError) return refused("malformed");
  throw error;
}
