/**
 * One class per way a request can fail, with the facts as fields.
 * Nothing here knows HTTP: api/problem.ts gives each kind its status.
 */

import type { SecurityEvent } from "./security-events.ts";

export type DomainErrorKind =
  | "stream-not-found"
  | "stream-not-live"
  | "source-timeout"
  | "codec-mismatch"
  | "peer-limit-reached"
  | "server-draining"
  | "not-ready"
  | "parameter-invalid"
  | "profile-running"
  | "rate-limited"
  | "unsupported-media-type"
  | "body-too-large"
  | "offer-invalid"
  | "fragment-invalid"
  | "session-not-found"
  | "peer-not-found"
  | "ice-timeout"
  | "precondition-required"
  | "precondition-failed"
  | "patch-unsupported"
  | "unauthorized"
  | "login-invalid"
  | "keys-unavailable"
  | "token-in-use"
  | "bitrate-not-allowed"
  | "token-request-invalid"
  | "alert-test-invalid"
  | "token-limit-reached"
  | "token-not-found"
  | "forbidden"
  | "route-not-found"
  | "method-not-allowed"
  | "process-not-found"
  | "metadata-not-found"
  | "process-invalid"
  | "command-failed"
  | "store-failed"
  | "ffmpeg-unavailable"
  | "field-invalid"
  | "journal-unavailable"
  | "listener-limit-reached"
  | "file-not-found"
  | "storage-refused"
  | "storage-full"
  | "no-leg-port"
  | "media-socket-failed";

/** The base of every expected failure. `message` is safe to show to a client. */
export abstract class DomainError extends Error {
  abstract readonly kind: DomainErrorKind;
  /** Seconds after which the same request may succeed, where that is known. */
  readonly retryAfterSeconds: number | undefined;
  /** Where this failure is one that security watches. */
  readonly securityEvent: SecurityEvent | undefined = undefined;

  constructor(message: string, retryAfterSeconds?: number) {
    super(message);
    this.name = new.target.name;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The server runs but cannot serve viewers; `details` say what is missing. */
export class NotReady extends DomainError {
  readonly kind = "not-ready";
  readonly details: readonly string[];
  constructor(details: readonly string[], retryAfterSeconds?: number) {
    super(`The server is not ready: ${details.join("; ")}.`, retryAfterSeconds);
    this.details = details;
  }
}

/** A query parameter with a value that it cannot have. */
export class ParameterInvalid extends DomainError {
  readonly kind = "parameter-invalid";
  constructor(name: string, allowed: string) {
    super(`${name} must be ${allowed}.`);
  }
}

export class ProfileRunning extends DomainError {
  readonly kind = "profile-running";
  constructor(retryAfterSeconds: number) {
    super("Another CPU profile is being taken. Try again when it is over.", retryAfterSeconds);
  }
}

export class UnsupportedMediaType extends DomainError {
  readonly kind = "unsupported-media-type";
  readonly expected: string;
  constructor(expected: string) {
    super(`Send the body as Content-Type: ${expected}.`);
    this.expected = expected;
  }
}

export class BodyTooLarge extends DomainError {
  readonly kind = "body-too-large";
  constructor(bytesMax: number) {
    super(`The body may have at most ${bytesMax} bytes.`);
  }
}

/** A request for a test alert that breaks a rule; each detail names the member. */
export class AlertTestInvalid extends DomainError {
  readonly kind = "alert-test-invalid";
  constructor(details: readonly string[]) {
    super(details.join("; "));
  }
}

export class RouteNotFound extends DomainError {
  readonly kind = "route-not-found";
  constructor() {
    super("No such route. /swagger lists them.");
  }
}

export class MethodNotAllowed extends DomainError {
  readonly kind = "method-not-allowed";
  readonly allowed: readonly string[];
  constructor(allowed: readonly string[]) {
    super(`This route answers ${allowed.join(", ")}.`);
    this.allowed = allowed;
  }
}

/** A member of a request that is wrong: which one, and what was expected. */
export class FieldInvalid extends DomainError {
  readonly kind = "field-invalid";
  readonly field: string;
  constructor(field: string, expected: string) {
    super(`${field}: ${expected}.`);
    this.field = field;
  }
}

/** The journal cannot be read now; everything else works. */
export class JournalUnavailable extends DomainError {
  readonly kind = "journal-unavailable";
  constructor(reason: string) {
    super(`The event journal cannot be read: ${reason}`, 10);
  }
}

/** As many clients follow the events as may. */
export class ListenerLimitReached extends DomainError {
  readonly kind = "listener-limit-reached";
  constructor(listenersMax: number) {
    super(`${listenersMax} clients already follow the events; that is the limit.`, 10);
  }
}
