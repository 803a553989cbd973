/** Counts and times every HTTP request, and tells of those that failed in a way that security watches. */
import { Elysia } from "elysia";
import { DomainError } from "../errors.ts";
import type { SecurityEvent } from "../security-events.ts";
import { counter, gauge, histogram } from "./create.ts";
import {
  HTTP_APIS,
  HTTP_BUCKETS,
  HTTP_METHODS,
  HTTP_METRICS,
  type HttpApi,
  OTHER,
} from "./http-names.ts";
import type { MetricsRegistry } from "./registry.ts";

export interface HttpMetricsOptions {
  readonly registry: MetricsRegistry;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  readonly onSecurityEvent: (event: SecurityEvent, request: Request) => void;
}

interface Running {
  readonly api: HttpApi;
  readonly startedMs: number;
}

export class HttpMetrics {
  private readonly options: HttpMetricsOptions;
  private readonly running = new WeakMap<Request, Running>();
  private readonly inProgress;
  private readonly requests;
  private readonly duration;

  constructor(options: HttpMetricsOptions) {
    const { registry } = options;
    this.options = options;
    this.inProgress = gauge(registry, HTTP_METRICS.inProgress);
    this.requests = counter(registry, HTTP_METRICS.requests);
    this.duration = histogram(registry, HTTP_METRICS.duration, HTTP_BUCKETS);
    for (const api of HTTP_APIS) this.inProgress.set({ api }, 0);
  }

  /** To be used before the routes that it shall see. */
  hook() {
    return new Elysia({ name: "http-metrics" })
      .onRequest(({ request }) => this.started(request))
      .onAfterResponse({ as: "global" }, (context) => {
        const { request, route, set } = context;
        const answer: unknown = Reflect.get(context, "responseValue");
        const status = answer instanceof Response ? answer.status : set.status;
        this.ended(request, {
          // Undefined where no route matched, whatever the type says.
          route: (route as string | undefined) ?? OTHER,
          code: typeof status === "number" ? status : 200,
          error: Reflect.get(context, "error"),
        });
      });
  }

  private started(request: Request): void {
    const api = apiOf(request.url);
    this.running.set(request, { api, startedMs: this.options.nowMs() });
    this.inProgress.inc({ api });
  }

  private ended(request: Request, end: { route: string; code: number; error: unknown }): void {
    const running = this.running.get(request);
    if (running === undefined) return;
    this.running.delete(request);
    const { api, startedMs } = running;
    const { code, error, route } = end;
    const method = HTTP_METHODS.has(request.method) ? request.method : OTHER;
    this.inProgress.dec({ api });
    this.requests.inc({ api, method, route, code });
    this.duration.observe({ api, route }, (this.options.nowMs() - startedMs) / 1000);
    const event = error instanceof DomainError ? error.securityEvent : undefined;
    if (event !== undefined) this.options.onSecurityEvent(event, request);
  }
}

const MONITORING: ReadonlySet<string> = new Set(["metrics", "healthz", "readyz", "ping"]);

/** By its first words, before the router has looked at it. */
function apiOf(url: string): HttpApi {
  const [, , , first = "", , third = ""] = url.split(/[/?#]/, 6);
  if (first === "api") return third === "whep" ? "whep" : "admin";
  if (first === "debug") return "admin";
  return MONITORING.has(first) ? "monitoring" : "public";
}
