/** The whole application over fakes, driven by app.handle: no socket, no clock, no source. */

import { createApp, type RequestRefusal, type WhepSettings } from "../../../src/api/app.ts";
import type { AdminGuardOptions, MetricsAccess } from "../../../src/api/auth.ts";
import type { ProcessApi } from "../../../src/api/process-api.ts";
import type { CoreRoutesOptions } from "../../../src/api/routes/core.ts";
import type { Profiling } from "../../../src/api/routes/profiling.ts";
import type { Login } from "../../../src/auth/login.ts";
import type { ViewerTokensOptions } from "../../../src/auth/viewer-token.ts";
import { createExposition } from "../../../src/metrics/exposition.ts";
import { HttpMetrics } from "../../../src/metrics/http-metrics.ts";
import { createInstruments } from "../../../src/metrics/instruments.ts";
import { createRegistry } from "../../../src/metrics/registry.ts";
import { createSnapshot } from "../../../src/metrics/snapshot.ts";
import { StreamLabels } from "../../../src/metrics/stream-labels.ts";
import { TestAlerts } from "../../../src/metrics/test-alerts.ts";
import { History } from "../../../src/recent/history.ts";
import { RecentSessions } from "../../../src/recent/sessions.ts";
import type { SecurityEvent } from "../../../src/security-events.ts";
import type { LogFields } from "../../../src/telemetry/logger.ts";
import { fakeCore } from "./fake-core.ts";
import { FakeEvents } from "./fake-events.ts";
import { type FakePeer, FakePeers, FakeProcesses, type FakeStream, FakeStreams } from "./fakes.ts";
import { MemoryTokenStore, testViewerTokens } from "./viewer-tokens.ts";

export interface HarnessOptions {
  /** In place of the fakes. */
  readonly processes?: ProcessApi;
  readonly profiling?: Profiling;
  readonly core?: Partial<CoreRoutesOptions>;
  readonly readOnly?: boolean;
  readonly admin?: Partial<Omit<AdminGuardOptions, "login">>;
  readonly login?: Login;
  readonly metricsAccess?: Partial<MetricsAccess>;
  readonly viewerTokens?: Partial<ViewerTokensOptions>;
  readonly whep?: Partial<WhepSettings>;
}

export interface LoggedError {
  readonly message: string;
  readonly fields: LogFields;
}

export class Harness {
  readonly streams = new FakeStreams();
  readonly peers = new FakePeers();
  readonly processes = new FakeProcesses();
  readonly events = new FakeEvents();
  readonly sessions = new RecentSessions();
  readonly refusals: RequestRefusal[] = [];
  readonly errors: LoggedError[] = [];
  readonly warnings: LoggedError[] = [];
  readonly security: SecurityEvent[] = [];
  readonly tokenStore = new MemoryTokenStore();
  nowMs = 1_000_000;
  readonly history = new History({
    streams: () => [...this.streams.streams.keys()].map((id) => ({ id, viewers: 2, bytesSent: 0 })),
    unixMs: () => this.unixMs(),
  });
  clientAddress = "198.51.100.7";
  /** Offers that were refused, and why. */
  readonly refused: string[] = [];
  readonly playerReports: unknown[] = [];
  /** What keeps the server from being ready. */
  missing: readonly string[] = [];
  private random = 0;
  private readonly registry = createRegistry("test");
  private readonly labels = new StreamLabels((id) => this.streams.streams.has(id), 10);
  private readonly instruments = createInstruments(this.registry, this.labels);
  readonly httpMetrics = new HttpMetrics({
    registry: this.registry,
    nowMs: () => this.nowMs,
    onSecurityEvent: (event) => this.security.push(event),
  });
  private readonly exposition = createExposition({
    core: "test",
    nowMs: () => this.nowMs,
    reuseMs: -1,
    registry: this.registry,
    instruments: this.instruments,
    refresh: async () => this.testAlerts.refresh(),
    snapshot: createSnapshot(this.registry, this.labels, {
      stats: () => ({
        streamCount: this.streams.streams.size,
        peersByStream: new Map(
          [...this.streams.streams.keys()].map((id) => [id, this.peers.count(id)]),
        ),
        udpPortsInUse: 4,
        udpPortsAvailable: 596,
      }),
    }),
  });
  readonly testAlerts = new TestAlerts({ registry: this.registry, nowMs: () => this.nowMs });
  readonly app;

  constructor(options: HarnessOptions = {}) {
    const admin = {
      token: "",
      boundHost: "127.0.0.1",
      allowedHosts: [],
      allowedOrigins: [],
      ...options.admin,
    };
    this.app = createApp<FakeStream, FakePeer>({
      about: { id: "test", name: "studio", version: "0.1.0", commit: "abc" },
      admin,
      login: options.login,
      viewerTokens: testViewerTokens(() => this.unixMs(), {
        store: this.tokenStore,
        ...options.viewerTokens,
      }),
      tokenStore: this.tokenStore,
      readOnly: options.readOnly ?? false,
      metricsAccess: { token: "", username: "", password: "", ...options.metricsAccess },
      whep: {
        token: "",
        corsOrigins: ["*"],
        iceServers: [],
        playerReports: false,
        sourceWaitSeconds: 5,
        sessionSecondsMax: 86_400,
        ratePerSecond: 0,
        rateBurst: 0,
        peersMaxPerStream: 200,
        ...options.whep,
      },
      streams: this.streams,
      peers: this.peers,
      processes: options.processes ?? this.processes,
      core: { ...fakeCore(), ...options.core },
      instruments: this.instruments,
      httpMetrics: this.httpMetrics,
      joins: {
        answered: (id, peer, ids, tookMs) => {
          const answeredMs = this.unixMs();
          this.sessions.joined(id, peer, ids, { offeredMs: answeredMs - tookMs, answeredMs });
        },
        refused: (id, kind, ids) => {
          this.refused.push(`${id}: ${kind}`);
          this.sessions.refused(id, kind, ids, this.unixMs());
        },
      },
      onRefusal: (refusal) => this.refusals.push(refusal),
      events: this.events,
      sessions: this.sessions,
      history: this.history,
      exposition: this.exposition,
      testAlerts: this.testAlerts,
      logger: {
        debug: () => {},
        info: () => {},
        warn: (message, fields) => this.warnings.push({ message, fields: fields ?? {} }),
        error: (message, fields) => this.errors.push({ message, fields: fields ?? {} }),
      },
      tracing: undefined,
      isDraining: () => this.peers.draining,
      missing: () => this.missing,
      profiling: options.profiling,
      playerReported: (stream, report) => this.playerReports.push({ stream, ...report }),
      nowMs: () => this.nowMs,
      unixMs: () => this.unixMs(),
      // Different bytes at every call, the same in every run.
      randomBytes: (size) => {
        this.random += 1;
        return new Bun.CryptoHasher("sha512")
          .update(String(this.random))
          .digest()
          .subarray(0, size);
      },
      clientAddress: () => this.clientAddress,
    });
  }

  unixMs(): number {
    return 1_795_208_703_000 + this.nowMs;
  }

  /** Sends a request and waits until the hooks after the answer have run. */
  async send(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
    const request = new Request(`http://localhost${path}`, { ...init, method });
    const response = await this.app.handle(request);
    // A stream of events has no end to wait for.
    const endless = response.headers.get("content-type") === "text/event-stream";
    const body = endless ? "" : await response.text();
    if (endless) await response.body?.cancel();
    await new Promise((resolve) => setImmediate(resolve));
    return { status: response.status, headers: response.headers, body };
  }

  /** A POST of this offer. */
  offer(id: string, sdp: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send("POST", `/api/v3/whep/${id}`, {
      body: sdp,
      headers: { "content-type": "application/sdp", ...headers },
    });
  }

  /** A session of this stream: where it is, and its entity-tag. */
  async session(
    id: string,
    sdp: string,
  ): Promise<{ location: string; etag: string; answer: string }> {
    const { status, headers, body } = await this.offer(id, sdp);
    if (status !== 201) throw new Error(`expected 201, got ${status}: ${body}`);
    return {
      location: headers.get("location") ?? "",
      etag: headers.get("etag") ?? "",
      answer: body,
    };
  }

  patch(location: string, fragment: string, headers: Record<string, string>): Promise<Answer> {
    return this.send("PATCH", location, {
      body: fragment,
      headers: { "content-type": "application/trickle-ice-sdpfrag", ...headers },
    });
  }

  /** The value of one series, undefined where there is no such series. */
  async metric(name: string, labels: Record<string, string> = {}): Promise<number | undefined> {
    const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
    const line = (await this.metrics())
      .split("\n")
      .find(
        (text) =>
          (text.startsWith(`${name}{`) || text.startsWith(`${name} `)) &&
          wanted.every((label) => text.includes(label)),
      );
    return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ") + 1));
  }

  requests(route: string, code: number, stream_id: string): Promise<number | undefined> {
    const labels = { route, code: String(code), stream_id };
    return this.metric("dragonfork_webrtc_whep_requests_total", labels);
  }

  /** What a scrape would answer. */
  async metrics(): Promise<string> {
    return (await this.exposition.scrape()).body;
  }

  /** All series, without their values. */
  async series(): Promise<readonly string[]> {
    const lines = (await this.metrics()).split("\n");
    return lines
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => line.slice(0, line.lastIndexOf(" ")));
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** The members of an error answer. */
export interface Problem {
  readonly type?: unknown;
  readonly title?: unknown;
  readonly status?: unknown;
  readonly detail?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly details?: unknown;
  readonly scope?: unknown;
  readonly media?: unknown;
  readonly offered?: unknown;
  readonly produced?: unknown;
  readonly id?: unknown;
}

export function problemOf(answer: Answer): Problem {
  const value: unknown = JSON.parse(answer.body);
  if (typeof value !== "object" || value === null) throw new Error(`no object: ${answer.body}`);
  return value;
}
