/** The HTTP application: which routes there are, in whose instance, behind which guard. Plug-in order only. */
import { Elysia } from "elysia";
import type { Login } from "../auth/login.ts";
import { Minting } from "../auth/minting.ts";
import type { TokenStore, ViewerTokens } from "../auth/viewer-token.ts";
import { DomainError, type DomainErrorKind } from "../errors.ts";
import type { Exposition } from "../metrics/exposition.ts";
import { type HttpHookOptions, whepHttpHook } from "../metrics/http-hook.ts";
import type { HttpMetrics } from "../metrics/http-metrics.ts";
import type { Instruments } from "../metrics/instruments.ts";
import type { SecurityEvent } from "../security-events.ts";
import type { Logger } from "../telemetry/logger.ts";
import { pageRoutes } from "../web/pages.ts";
import {
  ID_LENGTH_MAX,
  type JoinObserver,
  type WhepPeers,
  type WhepStream,
} from "../whep/endpoint.ts";
import type { IceServer } from "../whep/headers.ts";
import { type PlayerReport, PlayerReports } from "../whep/player-reports.ts";
import { whepRoutes } from "../whep/routes.ts";
import { Sessions, type WhepPeer } from "../whep/sessions.ts";
import { type ViewingEnd, Viewings } from "../whep/viewings.ts";
import {
  type AdminGuardOptions,
  adminGuard,
  type Guard,
  type MetricsAccess,
  metricsGuard,
  routeGuard,
} from "./auth.ts";
import { cors } from "./cors.ts";
import { refuseForeignPage } from "./foreign-page.ts";
import { LoginBackoff } from "./login-backoff.ts";
import { openApi } from "./openapi.ts";
import { toProblem } from "./problem.ts";
import type { ProcessApi } from "./process-api.ts";
import { RateLimit } from "./rate-limit.ts";
import { refuseWrite } from "./read-only.ts";
import { RequestContext, type RequestIds, type RequestTracing } from "./request-context.ts";
import { type AboutOptions, aboutRoutes } from "./routes/about.ts";
import { type AlertsOptions, alertsRoutes } from "./routes/alerts.ts";
import { type CoreRoutesOptions, coreRoutes } from "./routes/core.ts";
import { type EventsApi, eventsRoutes } from "./routes/events.ts";
import { FS_PATHS } from "./routes/fs-documentation.ts";
import { healthRoutes } from "./routes/health.ts";
import { type HistoryOptions, historyRoutes } from "./routes/history.ts";
import { loginRoutes } from "./routes/login.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { type KickablePeer, peersRoutes } from "./routes/peers.ts";
import { playerReportRoutes } from "./routes/player-reports.ts";
import { processRoutes } from "./routes/process.ts";
import { type Profiling, profilingRoutes } from "./routes/profiling.ts";
import { widgetRoutes } from "./routes/session.ts";
import { type SessionsApi, sessionsRoutes } from "./routes/sessions.ts";
import { type StreamFacts, streamsRoutes } from "./routes/streams.ts";
import { tokensRoutes } from "./routes/tokens.ts";
import { viewerAccess } from "./viewer-access.ts";
import { WHEP_DETAILS } from "./whep-documentation.ts";

export type AppPeer = WhepPeer &
  KickablePeer & { close(reason: "kicked" | "client_gone" | ViewingEnd): void };
export type AppStream = WhepStream & StreamFacts;

export interface AppStreams<S extends AppStream> {
  get(id: string): S | undefined;
  list(): readonly S[];
}

export interface AppPeers<S extends AppStream, P extends AppPeer> extends WhepPeers<S, P> {
  list(streamId: string): readonly P[];
  get(peerId: string): P | undefined;
  count(streamId?: string): number;
}

export interface WhepSettings {
  /** "" lets everyone watch. */
  readonly token: string;
  readonly corsOrigins: readonly string[];
  readonly iceServers: readonly IceServer[];
  /** Whether our own player may tell what it saw. */
  readonly playerReports: boolean;
  readonly sourceWaitSeconds: number;
  /** Greatest age of a session; 0 = no limit. */
  readonly sessionSecondsMax: number;
  /** 0 = no limit. */
  readonly ratePerSecond: number;
  readonly rateBurst: number;
  /** Viewers of a stream that has no limit of its own. */
  readonly peersMaxPerStream: number;
}

/** Told what becomes of each offer, with the ids that tie log, trace and journal together. */
export interface JoinSink {
  /** The answer took `tookMs` milliseconds. */
  answered(streamId: string, peerId: string, ids: RequestIds, tookMs: number): void;
  refused(streamId: string, kind: DomainErrorKind | "internal-error", ids: RequestIds): void;
}

/** A request failed in a way that security watches. */
export interface RequestRefusal {
  readonly event: SecurityEvent;
  readonly method: string;
  readonly url: string;
  readonly clientAddress: string;
  readonly ids: RequestIds;
}

export interface AppDeps<S extends AppStream, P extends AppPeer> {
  readonly about: Omit<AboutOptions, "isAdmin" | "nowMs" | "unixMs" | "login">;
  readonly admin: Omit<AdminGuardOptions, "login">;
  /** Nothing can be changed by the API. */
  readonly readOnly: boolean;
  readonly metricsAccess: MetricsAccess;
  readonly viewerTokens: ViewerTokens;
  readonly tokenStore: TokenStore;
  /** undefined where nobody logs in by name and password. */
  readonly login: Login | undefined;
  readonly whep: WhepSettings;
  readonly streams: AppStreams<S>;
  readonly peers: AppPeers<S, P>;
  readonly processes: ProcessApi;
  readonly core: CoreRoutesOptions;
  readonly instruments: Instruments;
  readonly httpMetrics: HttpMetrics;
  readonly joins: JoinSink;
  readonly onRefusal: (refusal: RequestRefusal) => void;
  readonly events: EventsApi;
  readonly sessions: SessionsApi;
  readonly history: HistoryOptions["history"];
  readonly exposition: Exposition;
  readonly testAlerts: AlertsOptions["testAlerts"];
  readonly logger: Pick<Logger, "debug" | "info" | "warn" | "error">;
  /** undefined where tracing is off. */
  readonly tracing: RequestTracing | undefined;
  /** undefined where nobody may take profiles. */
  readonly profiling: Profiling | undefined;
  /** Told of what our own player saw. */
  readonly playerReported: (streamId: string, report: PlayerReport) => void;
  readonly isDraining: () => boolean;
  /** What keeps the server from serving viewers, one sentence each. */
  readonly missing: () => readonly string[];
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Unix milliseconds. */
  readonly unixMs: () => number;
  readonly randomBytes: (size: number) => Buffer;
  /** The address that the rate limit counts by; the other end of the connection unless given. */
  readonly clientAddress?: (request: Request) => string;
}

/**
 * Builds the application. It does not listen yet: app.handle(request) works as it is.
 * Without Bun's own router: it would decode paths and lead HEAD in other ways than app.handle does.
 */
export function createApp<S extends AppStream, P extends AppPeer>(deps: AppDeps<S, P>): Elysia {
  const guard = adminGuard({ ...deps.admin, login: deps.login });
  const app = new Elysia({
    systemRouter: false,
    nativeStaticResponse: false,
    // Else Elysia finds no path behind a host name of three letters.
    handler: { standardHostname: false },
  });
  const clientAddress =
    deps.clientAddress ?? ((request) => app.server?.requestIP(request)?.address ?? "");
  const requests = new RequestContext({
    tracing: deps.tracing,
    randomBytes: deps.randomBytes,
    log: (fields) => deps.logger.debug("request", fields),
  });
  app.use(requests.hook());
  app.use(deps.httpMetrics.hook());
  app.use(cors({ all: deps.login !== undefined, origins: deps.admin.allowedOrigins }));
  const refusal = routeGuard(deps.login === undefined ? undefined : guard);
  app.onError(async ({ error, code, path, request, set }) => {
    const refused = code === "NOT_FOUND" ? await refusal(request, path) : undefined;
    const problem = toProblem(refused ?? error, refused === undefined ? code : refused.kind, {
      newId: () => requests.of(request).request,
      log: (id, cause) => {
        const { trace } = requests.of(request);
        deps.logger.error("request failed", { id, request: id, trace, ...causeFields(cause) });
      },
    });
    tellSecurityEvent(deps, refused ?? error, {
      method: request.method,
      url: request.url,
      clientAddress: clientAddress(request),
      ids: requests.of(request),
    });
    set.status = problem.status;
    Object.assign(set.headers, problem.headers);
    return problem.body;
  });
  const { nowMs, unixMs, whep } = deps;
  const viewings = new Viewings({ nowMs, unixMs, sessionSecondsMax: whep.sessionSecondsMax });
  const whepSessions = new Sessions<P>({ randomBytes: deps.randomBytes, nowMs });
  app.use(whepInstance({ ...deps, clientAddress, whepSessions }, viewings, requests));
  app.use(playerReportInstance({ ...deps, whepSessions }));
  app.use(adminInstance(deps, viewings, guard));
  app.use(loginInstance(deps, clientAddress));
  app.use(aboutInstance(deps, guard));
  app.use(widgetRoutes({ viewing: deps.core.viewing, processes: deps.processes }));
  app.use(healthRoutes(deps.missing));
  app.use(metricsRoutes(deps.exposition, metricsGuard(deps.metricsAccess)));
  app.use(pageRoutes({ embedders: whep.corsOrigins }));
  app.use(openApi({ version: deps.about.version, paths: FS_PATHS }));
  return app;
}

function whepInstance<S extends AppStream, P extends AppPeer>(
  deps: AppDeps<S, P> & {
    readonly clientAddress: (request: Request) => string;
    readonly whepSessions: Sessions<P>;
  },
  viewings: Viewings,
  requests: RequestContext,
) {
  const { clientAddress, whep, nowMs, viewerTokens: tokens } = deps;
  const rate = new RateLimit({ perSecond: whep.ratePerSecond, burst: whep.rateBurst, nowMs });
  const joinRefused: HttpHookOptions["joinRefused"] = (stream, kind, request) => {
    const ids = requests.of(request);
    deps.joins.refused(stream, kind, ids);
    // What a client made up must not make a cause of its own.
    const known = stream.length <= ID_LENGTH_MAX && deps.streams.get(stream) !== undefined;
    const id = known ? { stream } : { asked: stream };
    deps.logger.warn("viewer refused", { ...id, reason: kind.replaceAll("-", "_"), ...ids });
  };
  return new Elysia({ name: "whep-instance" })
    .use(whepHttpHook({ instruments: deps.instruments, joinRefused, nowMs }))
    .use(
      whepRoutes<S, P>({
        streams: deps.streams,
        peers: deps.peers,
        sessions: deps.whepSessions,
        playerReports: whep.playerReports,
        isDraining: deps.isDraining,
        limitRate: (request) => rate.take(clientAddress(request)),
        authorize: viewerAccess({ token: whep.token, tokens }),
        viewings,
        sourceWaitSeconds: whep.sourceWaitSeconds,
        corsOrigins: whep.corsOrigins,
        iceServers: whep.iceServers,
        joins: joinObserver(deps, requests),
        details: WHEP_DETAILS,
      }),
    );
}

/** A player tells of its first picture, then every ten seconds at most. */
const REPORT_RATE = { perSecond: 0.2, burst: 3 };

function playerReportInstance<S extends AppStream, P extends AppPeer>({
  whep,
  nowMs,
  whepSessions: sessions,
  playerReported: onReport,
}: AppDeps<S, P> & { readonly whepSessions: Sessions<P> }) {
  if (!whep.playerReports) return new Elysia({ name: "no-player-reports" });
  const rate = new RateLimit({ ...REPORT_RATE, nowMs });
  return playerReportRoutes({
    ...{ sessions, onReport, reports: new PlayerReports<P>(nowMs) },
    limitRate: ({ peer }) => rate.take(peer.id),
  });
}

/** One log line ties the session, the request and the trace together. */
function joinObserver(
  deps: Pick<AppDeps<AppStream, AppPeer>, "tracing" | "logger" | "joins" | "nowMs">,
  requests: RequestContext,
): JoinObserver {
  const { tracing, logger, joins, nowMs } = deps;
  const offeredMs = new WeakMap<Request, number>();
  return {
    offered: (request, stream, bytes) => {
      offeredMs.set(request, nowMs());
      tracing?.offered(request, stream, bytes);
    },
    answered: (request, stream, peer) => {
      tracing?.answered(request, peer);
      const ids = requests.of(request);
      joins.answered(stream, peer, ids, nowMs() - (offeredMs.get(request) ?? nowMs()));
      logger.info("viewer joins", { stream, peer, ...ids });
    },
  };
}

function adminInstance<S extends AppStream, P extends AppPeer>(
  deps: AppDeps<S, P>,
  viewings: Viewings,
  guard: Guard,
) {
  const { streams, peers, processes, tokenStore, unixMs, randomBytes } = deps;
  const minting = new Minting({
    tokens: deps.viewerTokens,
    store: tokenStore,
    unixMs,
    randomBytes,
  });
  return new Elysia({ name: "admin" })
    .onTransform(async ({ request, path, set }) => {
      set.headers["cache-control"] = "no-store";
      await guard(request);
      refuseForeignPage(request);
      if (deps.readOnly) refuseWrite(request.method, path);
    })
    .use(streamsRoutes({ streams, peers, processes, peersMaxDefault: deps.whep.peersMaxPerStream }))
    .use(peersRoutes({ streams, peers, viewings }))
    .use(historyRoutes({ streams, history: deps.history }))
    .use(sessionsRoutes(deps.sessions))
    .use(eventsRoutes({ events: deps.events, unixMs: deps.unixMs }))
    .use(tokensRoutes({ streams, minting, viewings, log: deps.logger }))
    .use(processRoutes(processes))
    .use(
      alertsRoutes({
        testAlerts: deps.testAlerts,
        unixMs,
        log: (message, fields) => deps.logger.info(message, fields),
      }),
    )
    .use(coreRoutes(deps.core, processes))
    .use(deps.profiling === undefined ? new Elysia() : profilingRoutes(deps.profiling));
}

function loginInstance(
  { login, nowMs }: Pick<AppDeps<AppStream, AppPeer>, "login" | "nowMs">,
  clientAddress: (request: Request) => string,
) {
  if (login === undefined) return new Elysia({ name: "no-login" });
  return loginRoutes({ login, backoff: new LoginBackoff(nowMs), clientAddress });
}

function aboutInstance(
  deps: Pick<AppDeps<AppStream, AppPeer>, "about" | "login" | "nowMs" | "unixMs">,
  guard: Guard,
) {
  const { about, login, nowMs, unixMs } = deps;
  const isAdmin = (request: Request) =>
    guard(request).then(
      () => true,
      () => false,
    );
  return aboutRoutes({ ...about, nowMs, unixMs, isAdmin, login: login !== undefined });
}

function tellSecurityEvent(
  { logger, onRefusal }: Pick<AppDeps<AppStream, AppPeer>, "logger" | "onRefusal">,
  error: unknown,
  facts: Omit<RequestRefusal, "event">,
): void {
  const event = error instanceof DomainError ? error.securityEvent : undefined;
  if (event === undefined) return;
  const { request, trace } = facts.ids;
  logger.warn("request refused", { event, request, trace });
  onRefusal({ ...facts, event });
}

function causeFields(cause: unknown): Record<string, string> {
  if (!(cause instanceof Error)) return { error: String(cause) };
  return { error: cause.message, stack: cause.stack ?? "" };
}
