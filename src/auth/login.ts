/**
 * Login as datarhei Core's clients know it: a name and a password buy an access and a refresh token, JWTs with Core's
 * claims. Knows no HTTP.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { jwtVerify, SignJWT } from "jose";

export interface LoginOptions {
  readonly username: string;
  readonly password: string;
  /** Goes into the signing key. With another one, every token that was handed out is void. */
  readonly secret: string;
  /** Unix milliseconds. */
  readonly unixMs: () => number;
  readonly randomBytes: (size: number) => Buffer;
}

/** Also the value of the claim `usefor`. */
export type TokenUse = "access" | "refresh";

const ISSUER = "datarhei-core";
const ALGORITHM = "HS256";
const SECONDS: Readonly<Record<TokenUse, number>> = { access: 600, refresh: 86_400 };
const TOKEN_ID_BYTES = 16;

export class Login {
  private readonly options: LoginOptions;
  private readonly key: Uint8Array;

  constructor(options: LoginOptions) {
    this.options = options;
    // Core's own way, so that its tokens stay valid where the same secret is configured.
    this.key = new TextEncoder().encode(options.username + options.password + options.secret);
  }

  /** Takes as long for a wrong name as for a wrong password. */
  matches(username: string, password: string): boolean {
    const name = timingSafeEqual(digest(username), digest(this.options.username));
    const word = timingSafeEqual(digest(password), digest(this.options.password));
    return name && word;
  }

  /** A new token. Core's UI reads its lifetime in seconds from `exi`. */
  issue(usefor: TokenUse): Promise<string> {
    const { username, unixMs, randomBytes } = this.options;
    const now = Math.floor(unixMs() / 1000);
    const exi = SECONDS[usefor];
    return new SignJWT({ usefor, exi })
      .setProtectedHeader({ alg: ALGORITHM, typ: "JWT" })
      .setIssuer(ISSUER)
      .setSubject(username)
      .setIssuedAt(now)
      .setExpirationTime(now + exi)
      .setJti(randomBytes(TOKEN_ID_BYTES).toString("hex"))
      .sign(this.key);
  }

  /** Whether a token is one of ours, for this use, and not expired. */
  async accepts(token: string, usefor: TokenUse): Promise<boolean> {
    try {
      const { payload } = await jwtVerify(token, this.key, {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        subject: this.options.username,
        requiredClaims: ["exp"],
        currentDate: new Date(this.options.unixMs()),
      });
      return payload["usefor"] === usefor;
    } catch {
      return false;
    }
  }
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
