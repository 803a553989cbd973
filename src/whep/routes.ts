/**
 * The WHEP resources: POST on the endpoint, PATCH and DELETE on the session, and what HTTP and CORS ask for
 * around them. Headers and statuses of success only; errors are thrown.
 */

import type { DocumentDecoration } from "elysia";
import { Elysia } from "elysia";
import { MethodNotAllowed, RouteNotFound } from "../errors.ts";
import { type EndpointOptions, WhepEndpoint, type WhepStream } from "./endpoint.ts";
import {
  corsHeaders,
  ENDPOINT_METHODS,
  FRAGMENT,
  type IceServer,
  iceServerLinks,
  optionsHeaders,
  SDP,
  SESSION_METHODS,
} from "./headers.ts";
import type { Session, WhepPeer } from "./sessions.ts";

const ENDPOINT = "/api/v3/whep/:id";
const SESSION = "/api/v3/whep/:id/:session";

export type WhepOperation =
  | "post"
  | "getEndpoint"
  | "headEndpoint"
  | "optionsEndpoint"
  | "patch"
  | "delete"
  | "getSession"
  | "headSession"
  | "optionsSession";

export interface WhepRoutesOptions<S extends WhepStream, P extends WhepPeer>
  extends EndpointOptions<S, P> {
  readonly corsOrigins: readonly string[];
  readonly iceServers: readonly IceServer[];
  /** Whether answers name an address for what the player saw. */
  readonly playerReports: boolean;
  /** What the API documentation says of each operation. */
  readonly details: Readonly<Record<WhepOperation, DocumentDecoration>>;
}

export function whepRoutes<S extends WhepStream, P extends WhepPeer>(
  options: WhepRoutesOptions<S, P>,
) {
  return new Elysia({ name: "whep" })
    .onTransform({ as: "local" }, ({ request, set }) => {
      // Before anything can fail: without these a page cannot even read the error.
      Object.assign(set.headers, corsHeaders(request, options.corsOrigins));
      set.headers["cache-control"] = "no-store";
    })
    .use(endpointRoutes(options))
    .use(sessionRoutes(options))
    .all("/api/v3/whep", notFound, { detail: { hide: true } })
    .all("/api/v3/whep/*", notFound, { detail: { hide: true } });
}

function notFound(): never {
  throw new RouteNotFound();
}

function endpointRoutes<S extends WhepStream, P extends WhepPeer>(
  options: WhepRoutesOptions<S, P>,
) {
  const { details } = options;
  const endpoint = new WhepEndpoint(options);
  const links = [iceServerLinks(options.iceServers) ?? []].flat();
  /** Also HEAD: Elysia leads it to the handler of GET in some ways in, to its own in others. */
  const look = async ({ request, params, set }: LookContext) => {
    await endpoint.look(request, params.id);
    set.status = request.method === "HEAD" ? 200 : 204;
    if (request.method === "HEAD") set.headers["content-type"] = SDP;
    return "";
  };
  return new Elysia({ name: "whep-endpoint" })
    .post(
      ENDPOINT,
      async ({ request, params, set }) => {
        const session = await endpoint.post(request, params.id);
        set.status = 201;
        Object.assign(set.headers, createdHeaders(session));
        const reports = options.playerReports ? [reportLink(session)] : [];
        const all = [...links, ...reports];
        if (all.length > 0) set.headers.link = all.join(", ");
        return session.peer.answer;
      },
      { parse: "none", detail: details.post },
    )
    .get(ENDPOINT, look, { detail: details.getEndpoint })
    .head(ENDPOINT, look, { detail: details.headEndpoint })
    .options(
      ENDPOINT,
      ({ set }) => {
        set.status = 200;
        Object.assign(set.headers, optionsHeaders(ENDPOINT_METHODS), { "accept-post": SDP });
        return "";
      },
      { detail: details.optionsEndpoint },
    )
    .all(
      ENDPOINT,
      () => {
        throw new MethodNotAllowed(ENDPOINT_METHODS);
      },
      { parse: "none", detail: { hide: true } },
    );
}

function sessionRoutes<S extends WhepStream, P extends WhepPeer>(options: WhepRoutesOptions<S, P>) {
  const { details } = options;
  const endpoint = new WhepEndpoint(options);
  const look = async ({ request, params, set }: LookContext) => {
    await endpoint.lookAtSession(request, params.id, params.session ?? "");
    set.status = 204;
    return "";
  };
  return new Elysia({ name: "whep-session" })
    .patch(
      SESSION,
      async ({ request, params, set }) => {
        const { session, fragment } = await endpoint.patch(request, params.id, params.session);
        set.status = fragment === undefined ? 204 : 200;
        // WHEP §4.5.1: no ETag on the answer to a trickle.
        if (fragment === undefined) return "";
        set.headers["content-type"] = FRAGMENT;
        set.headers.etag = session.etag;
        return fragment;
      },
      { parse: "none", detail: details.patch },
    )
    .delete(
      SESSION,
      async ({ request, params, set }) => {
        await endpoint.delete(request, params.id, params.session);
        set.status = 204;
        return "";
      },
      { parse: "none", detail: details.delete },
    )
    .get(SESSION, look, { detail: details.getSession })
    .head(SESSION, look, { detail: details.headSession })
    .options(
      SESSION,
      ({ set }) => {
        set.status = 200;
        Object.assign(set.headers, optionsHeaders(SESSION_METHODS), { "accept-patch": FRAGMENT });
        return "";
      },
      { detail: details.optionsSession },
    )
    .all(
      SESSION,
      () => {
        throw new MethodNotAllowed(SESSION_METHODS);
      },
      { parse: "none", detail: { hide: true } },
    );
}

interface LookContext {
  readonly request: Request;
  readonly params: { readonly id: string; readonly session?: string };
  readonly set: { status?: number | string; headers: Record<string, string | number> };
}

/** Where our own player may tell what it saw. */
function reportLink<P extends WhepPeer>(session: Session<P>): string {
  return `<${sessionPath(session)}/report>; rel="player-report"`;
}

function sessionPath<P extends WhepPeer>({ streamId, secret }: Session<P>): string {
  return `/api/v3/whep/${encodeURIComponent(streamId)}/${secret}`;
}

function createdHeaders<P extends WhepPeer>(session: Session<P>): Record<string, string> {
  return {
    "content-type": SDP,
    location: sessionPath(session),
    etag: session.etag,
    "accept-patch": FRAGMENT,
  };
}
