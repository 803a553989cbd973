/**
 * When the certificate ends that browsers see, which is that of the proxy in front: read from its file now and then, so
 * that an alert comes in time. A scrape reads a number only.
 */
import { X509Certificate } from "node:crypto";
import type { Gauge } from "prom-client";
import { CERTIFICATE_METRICS } from "../metrics/certificate-names.ts";
import { gauge } from "../metrics/create.ts";
import type { MetricsRegistry } from "../metrics/registry.ts";
import type { Logger } from "../telemetry/logger.ts";

/** A chain of certificates in PEM has a few kilobytes. */
const FILE_BYTES_MAX = 256 * 1024;

export interface CertificateWatchOptions {
  /** PEM; the first certificate counts, which is the server's own. */
  readonly file: string;
  readonly registry: MetricsRegistry;
  readonly intervalMs: number;
  /** Counts and times a run; rejects where that does. */
  readonly task: (work: () => Promise<void>) => Promise<void>;
  readonly logger: Pick<Logger, "warn">;
}

export class CertificateWatch {
  private readonly options: CertificateWatchOptions;
  private timer: ReturnType<typeof setInterval> | undefined;
  /** Made with the first time there is: a gauge of 0 would be a certificate that ended in 1970. */
  private notAfter: Gauge | undefined;

  constructor(options: CertificateWatchOptions) {
    this.options = options;
  }

  /** Reads the file, and again at each interval. */
  async start(): Promise<void> {
    this.timer = setInterval(() => void this.look(), this.options.intervalMs);
    this.timer.unref();
    await this.look();
  }

  close(): void {
    clearInterval(this.timer);
  }

  /** Never rejects: what cannot be read is logged and counted, and the time known before stays. */
  async look(): Promise<void> {
    const { file, logger, registry, task } = this.options;
    try {
      await task(async () => {
        const pem = await Bun.file(file).slice(0, FILE_BYTES_MAX).text();
        const endsMs = Date.parse(new X509Certificate(pem).validTo);
        this.notAfter ??= gauge(registry, CERTIFICATE_METRICS.notAfter);
        this.notAfter.set(endsMs / 1000);
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn("certificate cannot be read", { file, reason });
    }
  }
}
