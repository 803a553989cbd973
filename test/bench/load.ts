/** Runs the load client against one server. */
import { join } from "node:path";
import type { BenchServer } from "./servers.ts";

export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

/** What whepload prints. */
export interface Load {
  readonly peers: number;
  readonly ok: number;
  readonly lost: number;
  readonly packets_per_s: number;
  readonly answer_ms?: Quantiles | undefined;
  readonly connected_ms?: Quantiles | undefined;
  readonly first_keyframe_ms?: Quantiles | undefined;
  readonly us_per_packet_per_peer?: number | undefined;
  readonly server_core_share?: number | undefined;
  readonly server_rss_mb?: number | undefined;
}

export interface LoadOptions {
  readonly peers: number;
  /** To count after all have joined. */
  readonly seconds: number;
  /** Between two joins. */
  readonly gapMs?: number;
}

export async function output(command: readonly string[]): Promise<string> {
  return (await new Response(Bun.spawn([...command], { stderr: "ignore" }).stdout).text()).trim();
}

export async function load(
  tools: string,
  server: BenchServer,
  options: LoadOptions,
): Promise<Load> {
  const { peers, seconds, gapMs = 20 } = options;
  const text = await output([
    join(tools, "whepload"),
    ...["-url", server.url, "-pid", `${server.pid}`, "-n", `${peers}`],
    ...["-duration", `${seconds}s`, "-gap", `${gapMs}ms`],
  ]);
  return JSON.parse(text) as Load;
}
