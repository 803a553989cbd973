/**
 * An Elysia lifecycle hook that counts and times every request to the instance it is used in.
 * To be used in the WHEP instance only: other routes must not become label values.
 */
import { Elysia } from "elysia";
import { CodecMismatch, PeerLimitReached } from "../errors/viewer.ts";
import { DomainError, type DomainErrorKind } from "../errors.ts";
import type { Instruments } from "./instruments.ts";
import { UNKNOWN_STREAM, WHEP_ROUTES, type WhepRoute } from "./names.ts";

export interface HttpHookOptions {
  readonly instruments: Instruments;
  /** Told of each offer that was refused. */
  readonly joinRefused: (
    streamId: string,
    kind: DomainErrorKind | "internal-error",
    request: Request,
  ) => void;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/** Counts also what was thrown: the error handler has set the status by the time the hook runs. */
export function whepHttpHook({ instruments, joinRefused, nowMs }: HttpHookOptions) {
  const startedMs = new WeakMap<Request, number>();
  return new Elysia({ name: "whep-http-hook" })
    .onTransform({ as: "scoped" }, ({ request }) => {
      startedMs.set(request, nowMs());
    })
    .onAfterResponse({ as: "scoped" }, (context) => {
      const now = nowMs();
      const seconds = (now - (startedMs.get(context.request) ?? now)) / 1000;
      const streamId = idOf(context.params);
      const code = typeof context.set.status === "number" ? context.set.status : 200;
      instruments.whepRequest(routeOf(context.request.method), code, streamId, seconds);
      const error: unknown = Reflect.get(context, "error");
      countCause(instruments, streamId, error);
      if (context.request.method !== "POST" || code < 400) return;
      const kind = error instanceof DomainError ? error.kind : "internal-error";
      joinRefused(streamId, kind, context.request);
    });
}

/** A route without parameters has none at all, whatever the type says. */
function idOf(params: Readonly<Record<string, unknown>> | undefined): string {
  const id = params?.["id"];
  return typeof id === "string" ? id : UNKNOWN_STREAM;
}

function routeOf(method: string): WhepRoute {
  return WHEP_ROUTES.find((route) => route === method.toLowerCase()) ?? "other";
}

/** The labels beyond the status come from the facts of the error itself. */
function countCause(instruments: Instruments, streamId: string, error: unknown): void {
  if (error instanceof CodecMismatch) instruments.codecMismatch(streamId, error.media);
  if (error instanceof PeerLimitReached) instruments.capRejected(streamId, error.scope);
}
