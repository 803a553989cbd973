/** How processes, their store, the storage and the ports of media can fail. */

import { DomainError } from "../errors.ts";
import type { SecurityEvent } from "../security-events.ts";

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
  /** `why` goes into brackets. */
  constructor(why: string) {
    super(`The storage is full (${why}). Delete files.`);
  }
}

/** FFmpeg itself can't be started. */
export class FfmpegUnavailable extends DomainError {
  readonly kind = "ffmpeg-unavailable";
  constructor(reason: string) {
    super(`FFmpeg can't be started: ${reason}. Set CORE_FFMPEG_BINARY, or install it.`, 30);
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
