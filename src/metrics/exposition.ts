/**
 * What a scrape answers: the gauges are brought up to date, then every family is written. Done in short turns, so that
 * media is not held up, within a bound of time and bytes, and once for all who ask at the same time.
 */
import { collectDefaultMetrics } from "prom-client";
import { gauge } from "./create.ts";
import type { Instruments } from "./instruments.ts";
import {
  CONTENT_TYPES,
  createRegistry,
  type Format,
  type MetricsRegistry,
  writeFamily,
} from "./registry.ts";
import { SCRAPE_METRICS } from "./scrape-names.ts";
import type { Snapshot } from "./snapshot.ts";

export interface Scrape {
  readonly contentType: string;
  readonly body: string;
}

export interface Exposition {
  /** The plain text format, or OpenMetrics where the header Accept prefers it. */
  scrape(accept?: string): Promise<Scrape>;
}

export interface ExpositionOptions {
  readonly core: string;
  readonly registry: MetricsRegistry;
  readonly instruments: Pick<Instruments, "syncStreams">;
  readonly snapshot: Snapshot;
  /** What else has to be brought up to date before a scrape, with the ids of the streams there are. */
  readonly refresh?: (streamIds: readonly string[]) => Promise<void>;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Those who ask within this time get the same answer. */
  readonly reuseMs: number;
  readonly limits?: Partial<ScrapeLimits>;
}

export interface ScrapeLimits {
  readonly msMax: number;
  readonly bytesMax: number;
}

/** Prometheus gives up after 10 s, and by default takes any size. */
const LIMITS: ScrapeLimits = { msMax: 5000, bytesMax: 8 * 1024 * 1024 };
/** After this the event loop has its turn. */
const TURN_MS = 0.25;

export function createExposition(options: ExpositionOptions): Exposition {
  return new TurnByTurn(options);
}

interface Kept {
  readonly format: Format;
  readonly atMs: number;
  readonly scrape: Promise<Scrape>;
}

class TurnByTurn implements Exposition {
  private readonly options: ExpositionOptions;
  private readonly limits: ScrapeLimits;
  private readonly own: MetricsRegistry;
  private readonly duration;
  private readonly busy;
  private readonly longestTurn;
  private readonly series;
  private readonly leftOut;
  private last: Promise<unknown> = Promise.resolve();
  private kept: Kept | undefined;

  constructor(options: ExpositionOptions) {
    this.options = options;
    this.limits = { ...LIMITS, ...options.limits };
    this.own = createRegistry(options.core);
    this.duration = gauge(this.own, SCRAPE_METRICS.duration);
    this.busy = gauge(this.own, SCRAPE_METRICS.busy);
    this.longestTurn = gauge(this.own, SCRAPE_METRICS.longestTurn);
    this.series = gauge(this.own, SCRAPE_METRICS.series);
    this.leftOut = gauge(this.own, SCRAPE_METRICS.leftOut);
  }

  scrape(accept = ""): Promise<Scrape> {
    const { nowMs, reuseMs } = this.options;
    const format = formatFor(accept);
    const { kept } = this;
    if (kept?.format === format && nowMs() - kept.atMs <= reuseMs) return kept.scrape;
    // One after the other: the gauges are shared.
    const scrape = this.last.then(() => this.write(format));
    this.last = scrape.catch(() => {});
    this.kept = { format, atMs: nowMs(), scrape };
    return scrape;
  }

  private async write(format: Format): Promise<Scrape> {
    const { instruments, nowMs, refresh, registry, snapshot } = this.options;
    const startedMs = nowMs();
    const turns = new Turns(nowMs);
    const stats = snapshot.refresh();
    instruments.syncStreams(stats.peersByStream.keys());
    await refresh?.([...stats.peersByStream.keys()]);
    const families: string[] = [];
    let [bytes, series, leftOut] = [0, 0, 0];
    for (const metric of registry.getMetricsAsArray()) {
      if (bytes > this.limits.bytesMax || nowMs() - startedMs > this.limits.msMax) {
        leftOut += 1;
        continue;
      }
      const family = await writeFamily(registry, metric, format);
      families.push(family);
      bytes += family.length;
      series += samplesIn(family);
      await turns.yieldWhenLong();
    }
    turns.end();
    this.duration.set((nowMs() - startedMs) / 1000);
    this.busy.set(turns.busyMs / 1000);
    this.longestTurn.set(turns.longestMs / 1000);
    this.leftOut.set(leftOut);
    const own = this.own.getMetricsAsArray();
    this.series.set(series + own.length);
    for (const metric of own) families.push(await writeFamily(this.own, metric, format));
    const body = families.join(format === "text" ? "\n" : "");
    return {
      contentType: CONTENT_TYPES[format],
      body: format === "text" ? body : `${body}# EOF\n`,
    };
  }
}

/** The turns of the event loop that a scrape takes. */
class Turns {
  busyMs = 0;
  longestMs = 0;
  private readonly nowMs: () => number;
  private startedMs: number;

  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
    this.startedMs = nowMs();
  }

  async yieldWhenLong(): Promise<void> {
    if (this.nowMs() - this.startedMs < TURN_MS) return;
    this.end();
    await new Promise((resolve) => setImmediate(resolve));
    this.startedMs = this.nowMs();
  }

  end(): void {
    const ms = this.nowMs() - this.startedMs;
    this.busyMs += ms;
    this.longestMs = Math.max(this.longestMs, ms);
  }
}

/** Lines that are no comment: the first two are. */
function samplesIn(family: string): number {
  let count = -2;
  for (let at = family.indexOf("\n"); at >= 0; at = family.indexOf("\n", at + 1)) count += 1;
  return count;
}

/** RFC 9110 §12.5.1, as far as two formats need it. */
function formatFor(accept: string): Format {
  const weight = (type: string) => {
    const found = accept.split(",").find((one) => one.trim().startsWith(type));
    if (found === undefined) return 0;
    return Number(/;\s*q=([\d.]+)/.exec(found)?.[1] ?? 1);
  };
  const open = weight("application/openmetrics-text");
  return open > 0 && open >= weight("text/plain") ? "openmetrics" : "text";
}

/** Gauges with a counter's suffix, which promtool refuses; Bun does not fill them anyway. */
const BADLY_NAMED = [
  "nodejs_active_resources_total",
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
];

/**
 * The event loop's lag is sampled by a timer; prom-client's default of 10 ms costs an idle server most of its CPU time
 * and one with 100 viewers a fourteenth.
 */
const LAG_SAMPLE_MS = 100;

/** Bun walks the whole heap for these: tens of milliseconds in which no packet is sent. */
const EXPENSIVE = ["total", "used", "available"].map(
  (size) => `nodejs_heap_space_size_${size}_bytes`,
);

/** Adds prom-client's metrics of the process and its runtime. */
export function addDefaultMetrics(registry: MetricsRegistry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_SAMPLE_MS });
  for (const name of [...BADLY_NAMED, ...EXPENSIVE]) registry.removeSingleMetric(name);
}
