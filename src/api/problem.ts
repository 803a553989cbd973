/**
 * The one table from a kind of failure to its HTTP status, and the one place that writes error answers:
 * RFC 9457 problem details with datarhei Core's code, message and details as further members.
 */
import { Type } from "@sinclair/typebox";
import { Unauthorized } from "../errors/access.ts";
import {
  CommandFailed,
  FileNotFound,
  MetadataNotFound,
  ProcessInvalid,
  ProcessNotFound,
  StorageRefused,
} from "../errors/process.ts";
import { CodecMismatch, PeerLimitReached } from "../errors/viewer.ts";
import {
  DomainError,
  type DomainErrorKind,
  FieldInvalid,
  MethodNotAllowed,
  NotReady,
  RouteNotFound,
  UnsupportedMediaType,
} from "../errors.ts";

/** A request that does not fit the route's schema; the framework finds it, not a room of ours. */
const REQUEST_INVALID = "request-invalid";
const INTERNAL = "internal";

export type ProblemKind = DomainErrorKind | typeof REQUEST_INVALID | typeof INTERNAL;

export const PROBLEMS: Readonly<Record<ProblemKind, { status: number; title: string }>> = {
  "stream-not-found": { status: 404, title: "Unknown stream" },
  "stream-not-live": { status: 409, title: "Stream not live" },
  "source-timeout": { status: 504, title: "Source not ready in time" },
  "codec-mismatch": { status: 406, title: "No common codec" },
  "peer-limit-reached": { status: 503, title: "Viewer limit reached" },
  "server-draining": { status: 503, title: "Server shutting down" },
  "not-ready": { status: 503, title: "Not ready" },
  "parameter-invalid": { status: 400, title: "Invalid parameter" },
  "profile-running": { status: 409, title: "Profile being taken" },
  "rate-limited": { status: 429, title: "Too many requests" },
  "unsupported-media-type": { status: 415, title: "Unsupported media type" },
  "body-too-large": { status: 413, title: "Body too large" },
  "offer-invalid": { status: 400, title: "Invalid SDP offer" },
  "fragment-invalid": { status: 400, title: "Invalid SDP fragment" },
  "session-not-found": { status: 404, title: "Unknown session" },
  "peer-not-found": { status: 404, title: "Unknown viewer" },
  "ice-timeout": { status: 504, title: "No network path in time" },
  "precondition-required": { status: 428, title: "If-Match required" },
  "precondition-failed": { status: 412, title: "If-Match is stale" },
  "patch-unsupported": { status: 422, title: "No counter-offer to answer" },
  unauthorized: { status: 401, title: "Unauthorized" },
  "keys-unavailable": { status: 503, title: "Keys not available" },
  "token-in-use": { status: 503, title: "Viewer token in use" },
  "bitrate-not-allowed": { status: 403, title: "Bitrate not allowed" },
  "token-request-invalid": { status: 400, title: "Invalid token request" },
  "alert-test-invalid": { status: 400, title: "Invalid test alert" },
  "token-limit-reached": { status: 422, title: "Too many viewer tokens" },
  "token-not-found": { status: 404, title: "Unknown viewer token" },
  "login-invalid": { status: 400, title: "Bad Request" },
  forbidden: { status: 403, title: "Forbidden" },
  "route-not-found": { status: 404, title: "Not Found" },
  "method-not-allowed": { status: 405, title: "Method not allowed" },
  "process-not-found": { status: 404, title: "Unknown process" },
  "metadata-not-found": { status: 404, title: "Metadata not found" },
  "process-invalid": { status: 400, title: "Invalid data" },
  "command-failed": { status: 400, title: "Command failed" },
  "store-failed": { status: 500, title: "Not stored" },
  "file-not-found": { status: 404, title: "File not found" },
  "storage-refused": { status: 400, title: "Bad request" },
  "storage-full": { status: 507, title: "Storage full" },
  "ffmpeg-unavailable": { status: 503, title: "FFmpeg not available" },
  "field-invalid": { status: 400, title: "Invalid field" },
  "journal-unavailable": { status: 503, title: "Journal unavailable" },
  "listener-limit-reached": { status: 503, title: "Too many listeners" },
  "no-leg-port": { status: 503, title: "No free leg port" },
  "media-socket-failed": { status: 500, title: "Media socket failed" },
  [REQUEST_INVALID]: { status: 400, title: "Invalid request" },
  [INTERNAL]: { status: 500, title: "Internal error" },
};

/** RFC 6750 §3 and RFC 7617 §2. */
const CHALLENGES = {
  bearer: "Bearer",
  "bearer-refused": 'Bearer error="invalid_token"',
  basic: 'Basic realm="metrics", charset="UTF-8"',
} as const;

export const PROBLEM_TYPE = "application/problem+json";

export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: "What went wrong, as a relative URI: /problems/<kind>." }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: "What was found, what is expected, what to do." }),
    code: Type.Integer({ description: "The status again, for datarhei Core's clients." }),
    message: Type.String(),
    details: Type.Array(Type.String()),
    scope: Type.Optional(
      Type.Union([Type.Literal("global"), Type.Literal("stream")], {
        description: "Which viewer limit was reached.",
      }),
    ),
    media: Type.Optional(Type.Union([Type.Literal("video"), Type.Literal("audio")])),
    offered: Type.Optional(Type.Array(Type.String())),
    field: Type.Optional(Type.String({ description: "The member of the request that is wrong." })),
    produced: Type.Optional(Type.String({ description: "The codec of the stream." })),
    id: Type.Optional(Type.String({ description: "Id of an internal failure, as in the log." })),
  },
  { $id: "Problem", description: "RFC 9457 problem details with datarhei Core's members." },
);

export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ProblemOptions {
  /** An id that an operator can find in the log. */
  readonly newId: () => string;
  /** Told of every failure on our side, with what the client is not shown. */
  readonly log: (id: string, error: unknown) => void;
}

/** The answer to anything thrown on the way of a request. `code` is Elysia's name for its own errors. */
export function toProblem(error: unknown, code: unknown, options: ProblemOptions): ProblemAnswer {
  if (code === "NOT_FOUND") return toProblem(new RouteNotFound(), undefined, options);
  if (code === "VALIDATION" || code === "PARSE" || code === "INVALID_FILE_TYPE") {
    return answer(REQUEST_INVALID, "The request does not fit the description of this route.", {});
  }
  if (!(error instanceof DomainError)) return failure(INTERNAL, error, options);
  if (PROBLEMS[error.kind].status === 500) return failure(error.kind, error, options);
  const members = { ...coreText(error), ...factsOf(error) };
  return answer(error.kind, detailOf(error), members, headersOf(error));
}

/** The text is fixed: what happened in here is not for the client. */
function failure(kind: ProblemKind, error: unknown, options: ProblemOptions): ProblemAnswer {
  const id = options.newId();
  options.log(id, error);
  return answer(kind, `The server failed. Its log has the cause under the id ${id}.`, { id });
}

function answer(
  kind: ProblemKind,
  detail: string,
  members: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): ProblemAnswer {
  const { status, title } = PROBLEMS[kind];
  const body = {
    type: `/problems/${kind}`,
    title,
    status,
    detail,
    code: status,
    message: title,
    details: [detail],
    ...members,
  };
  return {
    status,
    headers: { "content-type": PROBLEM_TYPE, ...headers },
    body: `${JSON.stringify(body)}\n`,
  };
}

/** A failure with Core's own words. */
type CoreFailure =
  | ProcessNotFound
  | ProcessInvalid
  | CommandFailed
  | MetadataNotFound
  | FileNotFound
  | StorageRefused;

function hasCoreText(error: DomainError): error is CoreFailure {
  return (
    error instanceof ProcessNotFound ||
    error instanceof MetadataNotFound ||
    error instanceof FileNotFound ||
    error instanceof StorageRefused ||
    error instanceof ProcessInvalid ||
    error instanceof CommandFailed
  );
}

function detailOf(error: DomainError): string {
  if (!hasCoreText(error) || error.details.length === 0) return error.message;
  return `${error.message}: ${error.details.join("; ")}`;
}

/** Process failures have Core's own words; of all others the title is the message. */
function coreText(error: DomainError): { message?: string; details?: readonly string[] } {
  return hasCoreText(error) ? { message: error.message, details: error.details } : {};
}

function factsOf(error: DomainError): Record<string, unknown> {
  if (error instanceof RouteNotFound) return { details: [PROBLEMS[error.kind].title] };
  if (error instanceof NotReady) return { details: error.details };
  if (error instanceof PeerLimitReached) return { scope: error.scope };
  if (error instanceof FieldInvalid) return { field: error.field };
  if (error instanceof CodecMismatch) {
    return { media: error.media, offered: error.offered, produced: error.produced };
  }
  return {};
}

function headersOf(error: DomainError): Record<string, string> {
  const { retryAfterSeconds } = error;
  return {
    ...(retryAfterSeconds !== undefined && {
      "retry-after": String(Math.max(1, Math.ceil(retryAfterSeconds))),
    }),
    ...(error instanceof Unauthorized && {
      "www-authenticate": error.schemes.map((scheme) => CHALLENGES[scheme]).join(", "),
    }),
    // RFC 9110 §15.5.6.
    ...(error instanceof MethodNotAllowed && { allow: error.allowed.join(", ") }),
    // RFC 9110 §15.5.16 lets a 415 say what would have been taken.
    ...(error instanceof UnsupportedMediaType && acceptHeader(error.expected)),
  };
}

function acceptHeader(expected: string): Record<string, string> {
  return { [expected === "application/sdp" ? "accept-post" : "accept-patch"]: expected };
}
