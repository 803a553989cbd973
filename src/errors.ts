/**
 * One class per way a request can fail, with the facts as fields.
 * Nothing here knows HTTP: api/problem.ts gives each kind its status.
 */

import type { SecurityEvent } from "./security-events.ts";

export type MediaKind = "video" | "audio";

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

export class StreamNotFound extends DomainError {
  readonly kind = "stream-not-found";
  constructor() {
    super("No stream has this id. GET /api/v3/webrtc/streams lists the ids.");
  }
}

export class StreamNotLive extends DomainError {
  readonly kind = "stream-not-live";
  readonly streamId: string;
  constructor(streamId: string, retryAfterSeconds: number) {
    super(
      "The stream is configured but its source is not sending. Try again later.",
      retryAfterSeconds,
    );
    this.streamId = streamId;
  }
}

/** The source was starting and did not deliver media within the time a POST may wait. */
export class SourceTimeout extends DomainError {
  readonly kind = "source-timeout";
  readonly streamId: string;
  constructor(streamId: string, retryAfterSeconds: number) {
    super("The source is starting but sent no media in time. Try again later.", retryAfterSeconds);
    this.streamId = streamId;
  }
}

export class CodecMismatch extends DomainError {
  readonly kind = "codec-mismatch";
  readonly media: MediaKind;
  readonly offered: readonly string[];
  readonly produced: string;
  constructor(media: MediaKind, offered: readonly string[], produced: string) {
    super(
      `No common ${media} codec: the stream is ${produced}, the offer has ${offered.length > 0 ? offered.join(", ") : `no ${media} codec`}.`,
    );
    this.media = media;
    this.offered = offered;
    this.produced = produced;
  }
}

export class PeerLimitReached extends DomainError {
  readonly kind = "peer-limit-reached";
  readonly scope: "global" | "stream";
  readonly limit: number;
  constructor(scope: "global" | "stream", limit: number, retryAfterSeconds: number) {
    super(
      scope === "global"
        ? `The server is at its limit of ${limit} viewers.`
        : `The stream is at its limit of ${limit} viewers.`,
      retryAfterSeconds,
    );
    this.scope = scope;
    this.limit = limit;
  }
}

export class ServerDraining extends DomainError {
  readonly kind = "server-draining";
  constructor() {
    super("The server is shutting down and takes no new viewers.", 10);
  }
}

/** The server runs but cannot serve viewers; `details` say what is missing. */
export class NotReady extends DomainError {
  readonly kind = "not-ready";
  readonly details: readonly string[];
  constructor(details: readonly string[]) {
    super(`The server is not ready: ${details.join("; ")}.`);
    this.details = details;
  }
}

/** A query parameter with a value that it cannot have. */
export class ParameterInvalid extends DomainError {
  readonly kind = "parameter-invalid";
  constructor(name: string, allowed: string) {
    super(`${name} may be ${allowed}.`);
  }
}

export class ProfileRunning extends DomainError {
  readonly kind = "profile-running";
  constructor(retryAfterSeconds: number) {
    super("Another CPU profile is being taken. Try again when it is over.", retryAfterSeconds);
  }
}

export class RateLimited extends DomainError {
  readonly kind = "rate-limited";
  override readonly securityEvent = "rate_limited";
  constructor(retryAfterSeconds: number) {
    super("Too many requests from this address.", retryAfterSeconds);
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

/** An SDP offer that cannot be answered: which line or attribute, and what was expected. */
export class OfferInvalid extends DomainError {
  readonly kind = "offer-invalid";
  constructor(what: string) {
    super(`The SDP offer is not usable: ${what}`);
  }
}

/** An SDP fragment (RFC 8840 §9) that cannot be applied. */
export class FragmentInvalid extends DomainError {
  readonly kind = "fragment-invalid";
  constructor(what: string) {
    super(`The SDP fragment is not usable: ${what}`);
  }
}

export class SessionNotFound extends DomainError {
  readonly kind = "session-not-found";
  constructor() {
    super(
      "No WHEP session has this URL. It has ended or never existed; POST a new offer to the endpoint.",
    );
  }
}

/** None of the last viewers has this id. */
export class RecentSessionNotFound extends DomainError {
  readonly kind = "session-not-found";
  constructor() {
    super("None of the last viewers has this id. GET /api/v3/webrtc/sessions lists them.");
  }
}

export class PeerNotFound extends DomainError {
  readonly kind = "peer-not-found";
  constructor() {
    super("The stream has no viewer with this id. The list of its peers has the ids.");
  }
}

/** The session's ICE or DTLS never completed; kept as a tombstone so that the player can learn why. */
export class IceTimeout extends DomainError {
  readonly kind = "ice-timeout";
  constructor() {
    super(
      "The session got no working network path in time. Check that UDP reaches the server's media port.",
    );
  }
}

export class PreconditionRequired extends DomainError {
  readonly kind = "precondition-required";
  constructor() {
    super("Send If-Match with the entity-tag of the session (the ETag header of the 201 answer).");
  }
}

export class PreconditionFailed extends DomainError {
  readonly kind = "precondition-failed";
  constructor() {
    super("If-Match does not name the current ICE session of this WHEP session.");
  }
}

export class PatchUnsupported extends DomainError {
  readonly kind = "patch-unsupported";
  constructor() {
    super("This server sends no counter-offers, so a session takes no SDP answer by PATCH.");
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
      `This viewer token is good for ${viewersMax} viewers at once, and they are here.`,
      retryAfterSeconds,
    );
  }
}

/** The stream has more bits per second than the viewer's token allows. */
export class BitrateNotAllowed extends DomainError {
  readonly kind = "bitrate-not-allowed";
  constructor(bitrateMax: number) {
    super(`The stream has more than the ${bitrateMax} bit/s that this viewer token allows.`);
  }
}

/** A request for a viewer token that breaks a rule; each detail names the member. */
export class TokenRequestInvalid extends DomainError {
  readonly kind = "token-request-invalid";
  constructor(details: readonly string[]) {
    super(details.join("; "));
  }
}

/** A request for a test alert that breaks a rule; each detail names the member. */
export class AlertTestInvalid extends DomainError {
  readonly kind = "alert-test-invalid";
  constructor(details: readonly string[]) {
    super(details.join("; "));
  }
}

export class TokenLimitReached extends DomainError {
  readonly kind = "token-limit-reached";
  constructor(scope: "server" | "stream", limit: number) {
    super(`The ${scope} has ${limit} viewer tokens, and may have no more. Revoke some of them.`);
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

export class RouteNotFound extends DomainError {
  readonly kind = "route-not-found";
  constructor() {
    super("Not Found");
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

export class ProcessNotFound extends DomainError {
  readonly kind = "process-not-found";
  readonly details: readonly string[];
  constructor(details: readonly string[] = ["unknown process"], message = "Unknown process ID") {
    super(message);
    this.details = details;
  }
}

export class MetadataNotFound extends DomainError {
  readonly kind = "metadata-not-found";
  readonly details = ["unknown key"] as const;
  constructor() {
    super("Metadata not found");
  }
}

/** A process record that breaks a rule; `details` name the field, what was found and what is allowed. */
export class ProcessInvalid extends DomainError {
  readonly kind = "process-invalid";
  readonly details: readonly string[];
  override readonly securityEvent: SecurityEvent | undefined;
  constructor(message: string, details: readonly string[], securityEvent?: SecurityEvent) {
    super(message);
    this.details = details;
    this.securityEvent = securityEvent;
  }
}

export class CommandFailed extends DomainError {
  readonly kind = "command-failed";
  readonly details: readonly string[];
  constructor(message: string, details: readonly string[]) {
    super(message);
    this.details = details;
  }
}

/** The store can't be read, or a change not written to it. Nothing was changed. */
export class StoreFailed extends DomainError {
  readonly kind = "store-failed";
  constructor(what: string) {
    super(`The store can't be used: ${what}`);
  }
}

export class FileNotFound extends DomainError {
  readonly kind = "file-not-found";
  readonly details: readonly string[];
  constructor(what: string) {
    super("File not found");
    this.details = [what];
  }
}

/** A file that can't be put where it was sent to. */
export class StorageRefused extends DomainError {
  readonly kind = "storage-refused";
  readonly details: readonly string[];
  constructor(path: string, reason: string) {
    super("Bad request");
    this.details = [`${path}: ${reason}`];
  }
}

export class StorageFull extends DomainError {
  readonly kind = "storage-full";
  constructor(bytesMax: number) {
    super(
      `The storage is full (${bytesMax} bytes, CORE_STORAGE_DISK_MAX_SIZE_MBYTES). Delete files.`,
    );
  }
}

/** FFmpeg itself can't be started. */
export class FfmpegUnavailable extends DomainError {
  readonly kind = "ffmpeg-unavailable";
  constructor(reason: string) {
    super(`FFmpeg can't be started: ${reason}. Set CORE_FFMPEG_BINARY, or install it.`, 30);
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
    super(`${listenersMax} clients follow the events already; that is the limit.`, 10);
  }
}

export class NoLegPort extends DomainError {
  readonly kind = "no-leg-port";
  constructor(range: string) {
    super(
      `No free UDP port for an FFmpeg leg in ${range}. Widen CORE_WEBRTC_LEG_PORTS or stop a stream.`,
    );
  }
}

export class MediaSocketFailed extends DomainError {
  readonly kind = "media-socket-failed";
  constructor(port: number, reason: string) {
    super(
      `The media socket cannot be bound to UDP port ${port}: ${reason}. Choose another CORE_WEBRTC_UDP_PORT.`,
    );
  }
}
