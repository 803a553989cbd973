/**
 * The server's spans: requests, joins with their ICE and DTLS, the life of streams and of FFmpeg processes.
 * Everything is told from outside; nothing in here waits or throws.
 */
import {
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import type { PeerEvent } from "../peer-events.ts";
import { Join } from "./join.ts";
import { timeOf } from "./span-time.ts";

export interface RequestEnd {
  /** The pattern of the route, "" where the path fits none. */
  readonly route: string;
  readonly status: number;
}

export interface TracingOptions {
  readonly tracer: Tracer;
  /** Unix milliseconds. */
  readonly unixMs: () => number;
}

interface OpenRequest {
  readonly span: Span;
  readonly context: Context;
  join?: Join;
}

/** Joins that are neither connected nor given up; each ends by the server's own timers long before. */
const JOINS_MAX = 4096;
/** RFC 9110 §9.3 and RFC 5789; a method is chosen by the client, a span's name must not be. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

const fromHeaders: TextMapGetter<Headers> = {
  keys: (headers) => [...headers.keys()],
  get: (headers, name) => headers.get(name) ?? undefined,
};

export class Tracing {
  readonly #tracer: Tracer;
  readonly #unixMs: () => number;
  readonly #propagator = new W3CTraceContextPropagator();
  readonly #requests = new WeakMap<Request, OpenRequest>();
  readonly #joins = new Map<string, Join>();
  readonly #rooms = new Map<string, Span>();

  constructor({ tracer, unixMs }: TracingOptions) {
    this.#tracer = tracer;
    this.#unixMs = unixMs;
  }

  /** The trace that a request belongs to, as `traceparent` writes it (W3C Trace Context §3.2). */
  requestStarted(request: Request): { readonly traceId: string; readonly traceparent: string } {
    const parent = this.#propagator.extract(ROOT_CONTEXT, request.headers, fromHeaders);
    const method = methodOf(request);
    const span = this.#tracer.startSpan(
      `HTTP ${method}`,
      {
        kind: SpanKind.SERVER,
        startTime: this.#now(),
        attributes: { "http.method": method, "http.request.method": method },
      },
      parent,
    );
    this.#requests.set(request, { span, context: trace.setSpan(ROOT_CONTEXT, span) });
    const { traceId, spanId, traceFlags } = span.spanContext();
    const flags = traceFlags.toString(16).padStart(2, "0");
    return { traceId, traceparent: `00-${traceId}-${spanId}-${flags}` };
  }

  requestEnded(request: Request, { route, status }: RequestEnd): void {
    const open = this.#requests.get(request);
    if (open === undefined) return;
    this.#requests.delete(request);
    open.join?.refused(this.#unixMs(), status);
    const { span } = open;
    if (route !== "") span.updateName(`HTTP ${methodOf(request)} ${route}`);
    span.setAttributes({
      ...(route !== "" && { "http.route": route }),
      "http.status_code": status,
      "http.response.status_code": status,
    });
    if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(this.#now());
  }

  /** An offer for a stream that exists was read. */
  offered(request: Request, streamId: string, sdpBytes: number): void {
    const open = this.#requests.get(request);
    if (open === undefined) return;
    const attributes = { room: streamId, "sdp.size": sdpBytes };
    const span = this.#tracer.startSpan(
      "whep.play",
      { startTime: this.#now(), attributes },
      open.context,
    );
    open.join = new Join(this.#tracer, span);
  }

  /** Its answer is on its way; from here on the events of that peer tell how it goes on. */
  answered(request: Request, peerId: string): void {
    const open = this.#requests.get(request);
    if (open?.join === undefined) return;
    const { join } = open;
    delete open.join;
    join.answered(peerId, this.#unixMs());
    if (this.#joins.size < JOINS_MAX) this.#joins.set(peerId, join);
    else join.forgotten(this.#unixMs());
  }

  peerEvent(event: PeerEvent): void {
    const join = this.#joins.get(event.peerId);
    if (join?.peerEvent(event) === "ended") this.#joins.delete(event.peerId);
  }

  /** A source starts for a stream: `room.create` lasts until its media flows. */
  streamStarting(streamId: string): void {
    this.#rooms.get(streamId)?.end(this.#now());
    this.#rooms.set(streamId, this.#roomSpan("room.create", streamId));
  }

  streamLive(streamId: string): void {
    this.#rooms.get(streamId)?.end(this.#now());
    this.#rooms.delete(streamId);
  }

  /** The source ended, after this many seconds of media; undefined where none had come. */
  streamStopped(streamId: string, liveSeconds: number | undefined): void {
    const starting = this.#rooms.get(streamId);
    this.#rooms.delete(streamId);
    starting?.setStatus({ code: SpanStatusCode.ERROR, message: "no media" }).end(this.#now());
    if (liveSeconds === undefined) return;
    this.#roomSpan("room.close", streamId)
      .setAttribute("room.live_seconds", liveSeconds)
      .end(this.#now());
  }

  /** A moment in the life of an FFmpeg process. */
  processEvent(
    name: "process.start" | "process.stop",
    processId: string,
    facts: Readonly<Record<string, string | number>>,
  ): void {
    const attributes = { "process.id": processId, room: processId, ...facts };
    const startTime = this.#now();
    this.#tracer.startSpan(name, { root: true, startTime, attributes }).end(startTime);
  }

  #roomSpan(name: string, room: string): Span {
    return this.#tracer.startSpan(name, {
      root: true,
      startTime: this.#now(),
      attributes: { room },
    });
  }

  #now(): [number, number] {
    return timeOf(this.#unixMs());
  }
}

function methodOf(request: Request): string {
  return METHODS.has(request.method) ? request.method : "_OTHER";
}
