/**
 * What a scrape costs at 5 streams with 100 viewers each: CPU time, and the longest turn in which nothing else runs.
 * `bun run bench:scrape`.
 */
import { collector } from "../support/metrics-collector.ts";

const ROUNDS = 200;

const sizes = { streams: 5, peersPerStream: 100 };
const { exposition } = collector({ ...sizes, defaults: true, nowMs: () => performance.now() });

/** Each turn of the event loop while a scrape runs, in ms. */
async function turns(work: () => Promise<unknown>): Promise<number[]> {
  const lengths: number[] = [];
  let over = false;
  let last = performance.now();
  const turn = () => {
    const now = performance.now();
    lengths.push(now - last);
    last = now;
    if (!over) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  over = true;
  return lengths;
}

function percentile(values: readonly number[], share: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(2);
}

for (const accept of ["text/plain", "application/openmetrics-text"]) {
  for (let i = 0; i < 50; i++) await exposition.scrape(accept);
  const longest: number[] = [];
  const cpu: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const before = process.cpuUsage();
    await exposition.scrape(accept);
    const { user, system } = process.cpuUsage(before);
    cpu.push((user + system) / 1000);
    longest.push(Math.max(...(await turns(() => exposition.scrape(accept)))));
  }
  const { body } = await exposition.scrape(accept);
  const series = body.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;
  console.log(
    `${accept}: ${series} series, ${body.length} bytes; CPU per scrape p50 ${percentile(cpu, 0.5)} ms, p99 ${percentile(cpu, 0.99)} ms; longest turn p50 ${percentile(longest, 0.5)} ms, p95 ${percentile(longest, 0.95)} ms, p99 ${percentile(longest, 0.99)} ms`,
  );
}
process.exit(0);
