/** Who is not let in, and why: logins, tokens, rates. */

import { DomainError } from "../errors.ts";
import type { SecurityEvent } from "../security-events.ts";

export class RateLimited extends DomainError {
  readonly kind = "rate-limited";
  override readonly securityEvent = "rate_limited";
  constructor(retryAfterSeconds: number) {
    super("Too many requests from this address.", retryAfterSeconds);
  }
}

export class Unauthorized extends DomainError {
  readonly kind = "unauthorized";
  /** What to ask for: a token, another token than the one that was sent, or a password. */
  readonly schemes: readonly ("bearer" | "bearer-refused" | "basic")[];
  override readonly securityEvent: SecurityEvent | undefined;
  constructor(
    what = "Send a valid token as Authorization: Bearer.",
    facts: {
      schemes?: Unauthorized["schemes"] | undefined;
      securityEvent?: SecurityEvent | undefined;
    } = {},
  ) {
    super(what);
    this.schemes = facts.schemes ?? ["bearer"];
    this.securityEvent = facts.securityEvent;
  }
}

/** The keys that viewer tokens of others are checked with cannot be had. */
export class KeysUnavailable extends DomainError {
  readonly kind = "keys-unavailable";
  constructor(reason: string, retryAfterSeconds?: number) {
    super(`The key set for viewer tokens cannot be used: ${reason}`, retryAfterSeconds);
  }
}

/** As many viewers as a token may have are watching with it. */
export class TokenInUse extends DomainError {
  readonly kind = "token-in-use";
  constructor(viewersMax: number, retryAfterSeconds: number) {
    super(
      `This viewer token allows ${viewersMax} viewers at once, and as many are watching.`,
      retryAfterSeconds,
    );
  }
}

/** The stream has more bits per second than the viewer's token allows. */
export class BitrateNotAllowed extends DomainError {
  readonly kind = "bitrate-not-allowed";
  constructor(bitrateMax: number) {
    super(`The stream's bitrate is above the ${bitrateMax} bit/s that this viewer token allows.`);
  }
}

/** A request for a viewer token that breaks a rule; each detail names the member. */
export class TokenRequestInvalid extends DomainError {
  readonly kind = "token-request-invalid";
  constructor(details: readonly string[]) {
    super(details.join("; "));
  }
}

export class TokenLimitReached extends DomainError {
  readonly kind = "token-limit-reached";
  constructor(scope: "server" | "stream", limit: number) {
    super(`The ${scope} has ${limit} viewer tokens, which is the limit. Revoke some of them.`);
  }
}

export class TokenNotFound extends DomainError {
  readonly kind = "token-not-found";
  constructor() {
    super("The stream has no viewer token with this id. The list of its tokens has the ids.");
  }
}

/** A login without a name and a password; the words are datarhei Core's. */
export class LoginInvalid extends DomainError {
  readonly kind = "login-invalid";
  constructor() {
    super("Missing authorization credentials");
  }
}

export class Forbidden extends DomainError {
  readonly kind = "forbidden";
  constructor(what: string) {
    super(what);
  }
}
