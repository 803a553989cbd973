/** How watching can fail: streams, offers, sessions, limits. */
import { DomainError } from "../errors.ts";
import type { MediaKind } from "../media-kind.ts";

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
