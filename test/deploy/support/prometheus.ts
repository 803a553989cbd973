/** Debian's Prometheus with the shipped configuration, quicker, against a server of this test. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../../support/free-ports.ts";
import { until } from "../../support/whep-player.ts";
import { BUNDLE, CORE } from "./bundle.ts";

/** How the shipped configuration finds Alertmanager. */
const DISCOVERY = /dns_sd_configs:[\s\S]*?(?=\n\n)/;

export interface PrometheusOptions {
  /** Files of rules besides those that are shipped as active. */
  readonly rules?: readonly string[];
  /** host:port. */
  readonly alertmanager?: string;
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  // biome-ignore lint/suspicious/noExplicitAny: Prometheus answers one shape per path.
  readonly data: any;
}

export class Prometheus {
  private readonly url: string;
  private readonly folder: string;
  private readonly child: Bun.Subprocess;

  private constructor(url: string, folder: string, child: Bun.Subprocess) {
    this.url = url;
    this.folder = folder;
    this.child = child;
  }

  /** `target` is host:port of the server. */
  static async start(target: string, options: PrometheusOptions = {}): Promise<Prometheus> {
    const { alertmanager, rules = [] } = options;
    const folder = mkdtempSync(join(tmpdir(), "dragonfork-prometheus-"));
    const [port] = await freePorts(1);
    const file = join(folder, "prometheus.yml");
    writeFileSync(
      file,
      readFileSync(join(BUNDLE, "prom/prometheus.yml"), "utf8")
        .replace("/etc/prometheus/rules/", `${BUNDLE}/prom/rules/`)
        .replace("rule_files:", ["rule_files:", ...rules].join("\n  - "))
        .replace("host.docker.internal:8080", target)
        .replace(
          DISCOVERY,
          alertmanager ? `static_configs: [{ targets: ["${alertmanager}"] }]` : "$&",
        )
        .replace("localhost:9090", `127.0.0.1:${port}`)
        .replaceAll(/(scrape_interval|evaluation_interval|scrape_timeout): \d+s/g, "$1: 500ms"),
    );
    const child = Bun.spawn(
      [
        "prometheus",
        `--config.file=${file}`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--enable-feature=expand-external-labels",
        "--log.level=error",
      ],
      {
        env: { ...process.env, CORE_ID: CORE },
        stdin: "ignore",
        stdout: "ignore",
        stderr: "inherit",
      },
    );
    const url = `http://127.0.0.1:${port}`;
    const isReady = async () => (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true;
    await until(isReady, 40_000, "Prometheus");
    return new Prometheus(url, folder, child);
  }

  /** GET /api/v1/{path}. */
  async get(path: string, parameters: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    return (await response.json()) as Answer;
  }

  /** Until it has two samples of the server that are newer than this call. */
  async nextScrapes(): Promise<void> {
    const from = Date.now() / 1000;
    const isNew = async () => {
      const { data } = await this.get("query", {
        query: 'timestamp(up{job="dragonfork-core"} == 1)',
      });
      return Number(data.result[0]?.value[1]) > from + 0.5;
    };
    await until(isNew, 30_000, "Prometheus to scrape");
  }

  /** The labels of the alerts of this name that fire. */
  async firing(alertname: string): Promise<readonly Record<string, string>[]> {
    const { data } = await this.get("alerts");
    return data.alerts
      .filter(({ state }: { state: string }) => state === "firing")
      .map(({ labels }: { labels: Record<string, string> }) => labels)
      .filter((labels: Record<string, string>) => labels["alertname"] === alertname);
  }

  async stop(): Promise<void> {
    this.child.kill();
    await this.child.exited;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
