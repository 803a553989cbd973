/** One failure of each kind, for the examples of the API documentation: what a client gets, word for word. */
import {
  BitrateNotAllowed,
  Forbidden,
  KeysUnavailable,
  LoginInvalid,
  RateLimited,
  TokenInUse,
  TokenLimitReached,
  TokenNotFound,
  TokenRequestInvalid,
  Unauthorized,
} from "../errors/access.ts";
import {
  CommandFailed,
  FfmpegUnavailable,
  FileNotFound,
  MediaSocketFailed,
  MetadataNotFound,
  NoLegPort,
  ProcessInvalid,
  ProcessNotFound,
  StorageFull,
  StorageRefused,
  StoreFailed,
} from "../errors/process.ts";
import {
  CodecMismatch,
  FragmentInvalid,
  IceTimeout,
  OfferInvalid,
  PatchUnsupported,
  PeerLimitReached,
  PeerNotFound,
  PreconditionFailed,
  PreconditionRequired,
  ServerDraining,
  SessionNotFound,
  SourceTimeout,
  StreamNotFound,
  StreamNotLive,
} from "../errors/viewer.ts";
import {
  AlertTestInvalid,
  BodyTooLarge,
  FieldInvalid,
  JournalUnavailable,
  ListenerLimitReached,
  MethodNotAllowed,
  NotReady,
  ParameterInvalid,
  ProfileRunning,
  RouteNotFound,
  UnsupportedMediaType,
} from "../errors.ts";
import { type ProblemKind, toProblem } from "./problem.ts";

const FAILURES: Readonly<Record<ProblemKind, Error>> = {
  "stream-not-found": new StreamNotFound(),
  "stream-not-live": new StreamNotLive("test", 5),
  "source-timeout": new SourceTimeout("test", 5),
  "codec-mismatch": new CodecMismatch("video", ["VP8", "VP9"], "H264"),
  "peer-limit-reached": new PeerLimitReached("stream", 200, 30),
  "server-draining": new ServerDraining(),
  "not-ready": new NotReady(["the media port of media-0 is not served"]),
  "parameter-invalid": new ParameterInvalid("seconds", "a whole number from 1 to 300"),
  "profile-running": new ProfileRunning(12),
  "rate-limited": new RateLimited(1),
  "unsupported-media-type": new UnsupportedMediaType("application/sdp"),
  "body-too-large": new BodyTooLarge(262_144),
  "offer-invalid": new OfferInvalid("it has no a=ice-ufrag."),
  "fragment-invalid": new FragmentInvalid("it has no a=ice-ufrag."),
  "session-not-found": new SessionNotFound(),
  "peer-not-found": new PeerNotFound(),
  "ice-timeout": new IceTimeout(),
  "precondition-required": new PreconditionRequired(),
  "precondition-failed": new PreconditionFailed(),
  "patch-unsupported": new PatchUnsupported(),
  unauthorized: new Unauthorized(),
  "keys-unavailable": new KeysUnavailable("its server does not answer.", 5),
  "token-in-use": new TokenInUse(20, 30),
  "bitrate-not-allowed": new BitrateNotAllowed(2_000_000),
  "token-request-invalid": new TokenRequestInvalid([
    "ttl_seconds: found 1; allowed: a whole number from 10 to 31536000",
  ]),
  "alert-test-invalid": new AlertTestInvalid([
    'severity: found "bad"; allowed: critical, warning, info',
  ]),
  "token-limit-reached": new TokenLimitReached("stream", 1000),
  "token-not-found": new TokenNotFound(),
  "login-invalid": new LoginInvalid(),
  forbidden: new Forbidden("Pages of this origin may not use the API (CORE_API_ALLOWED_ORIGINS)."),
  "route-not-found": new RouteNotFound(),
  "method-not-allowed": new MethodNotAllowed(["POST", "OPTIONS"]),
  "process-not-found": new ProcessNotFound(),
  "metadata-not-found": new MetadataNotFound(),
  "process-invalid": new ProcessInvalid("Invalid JSON", [
    'reconnect: found "yes"; allowed: true or false',
  ]),
  "command-failed": new CommandFailed("Command failed", [
    "max. number of running processes (8) reached",
  ]),
  "store-failed": new StoreFailed("not shown"),
  "file-not-found": new FileNotFound("/recordings/a.ts"),
  "storage-refused": new StorageRefused("/recordings", "there is a folder of this name"),
  "storage-full": new StorageFull("no space is left on the disk"),
  "ffmpeg-unavailable": new FfmpegUnavailable("ENOENT: no such file or directory"),
  "field-invalid": new FieldInvalid("limit", "expected a whole number from 1 to 1000"),
  "journal-unavailable": new JournalUnavailable("it is being opened."),
  "listener-limit-reached": new ListenerLimitReached(16),
  "no-leg-port": new NoLegPort("19000-19599"),
  "media-socket-failed": new MediaSocketFailed(8189, "not shown"),
  "request-invalid": new Error("not shown"),
  internal: new Error("not shown"),
};

/** The body of an answer with a failure of this kind. */
export function problemExample(kind: ProblemKind): unknown {
  const code = kind === "request-invalid" ? "VALIDATION" : "UNKNOWN";
  const options = { newId: () => "c53dee8b377def08", log: () => undefined };
  return JSON.parse(toProblem(FAILURES[kind], code, options).body);
}
