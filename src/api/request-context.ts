/**
 * Gives each request an id, tells tracing of its start and end, and names both to the client: `x-request-id`, and
 * `traceresponse` (W3C Trace Context Level 3), so that a log line or a trace can be found from either end.
 */
import { Elysia } from "elysia";

export interface RequestTracing {
  requestStarted(request: Request): { readonly traceId: string; readonly traceparent: string };
  requestEnded(request: Request, end: { readonly route: string; readonly status: number }): void;
  /** An offer for a stream that exists was read. */
  offered(request: Request, streamId: string, sdpBytes: number): void;
  answered(request: Request, peerId: string): void;
}

export interface RequestIds {
  readonly request: string;
  /** Of our own trace, or of the client's where tracing is off. */
  readonly trace: string | undefined;
}

export interface RequestContextOptions {
  /** undefined where tracing is off. */
  readonly tracing: RequestTracing | undefined;
  readonly randomBytes: (size: number) => Buffer;
  /** Told of each request once it is answered, at level debug: players and scrapes ask often. */
  readonly log: (fields: Readonly<Record<string, string | number | undefined>>) => void;
}

const ID_BYTES = 8;
/** W3C Trace Context §3.2.2: version, trace id, parent id, flags. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}/;

export class RequestContext {
  private readonly options: RequestContextOptions;
  private readonly known = new WeakMap<Request, RequestIds>();

  constructor(options: RequestContextOptions) {
    this.options = options;
  }

  /** The ids of a request; made up at the first call for it. */
  of(request: Request): RequestIds {
    return this.known.get(request) ?? this.add(request, traceOf(request));
  }

  /** To be used before the routes that it shall see. */
  hook() {
    const { tracing, log } = this.options;
    return new Elysia({ name: "request-context" })
      .onRequest(({ request, set }) => {
        const trace = tracing?.requestStarted(request);
        const ids = this.add(request, trace?.traceId ?? traceOf(request));
        set.headers["x-request-id"] = ids.request;
        if (trace !== undefined) set.headers["traceresponse"] = trace.traceparent;
      })
      .onAfterResponse({ as: "global" }, ({ request, set, route }) => {
        const status = typeof set.status === "number" ? set.status : 200;
        const known = typeof route === "string" && !route.endsWith("*") ? route : "";
        tracing?.requestEnded(request, { route: known, status });
        const { request: id, trace } = this.of(request);
        log({ request: id, trace, method: request.method, route: known, status });
      });
  }

  private add(request: Request, trace: string | undefined): RequestIds {
    const ids = { request: this.options.randomBytes(ID_BYTES).toString("hex"), trace };
    this.known.set(request, ids);
    return ids;
  }
}

function traceOf(request: Request): string | undefined {
  return TRACEPARENT.exec(request.headers.get("traceparent") ?? "")?.[1];
}
