/** Looks at one run each second: does media still flow, and is it within its limits? Pure. */
import type { Usage } from "../proc-stat.ts";
import type { ProcessLimits } from "../record.ts";

const bytesPerMegabyte = 1024 * 1024;
/** FFmpeg takes 3 s to give up a connection and 5 s to analyse a transport stream. A shorter timeout would never let it begin. */
const beginMs = 10_000;

/** Says when nothing grew for too long; before the first growth, no earlier than FFmpeg can begin. */
export class StaleWatch {
  readonly #timeoutMs: number;
  #grewAtMs: number;
  #packets = 0;
  #progressed = false;

  constructor(timeoutSeconds: number, nowMs: number) {
    this.#timeoutMs = timeoutSeconds * 1000;
    this.#grewAtMs = nowMs;
  }

  /** True once FFmpeg reported progress or RTP arrived. */
  get progressed(): boolean {
    return this.#progressed;
  }

  /** FFmpeg starts: the time to look at the source and the packets of earlier runs don't count. */
  started(nowMs: number, packetsBefore: number): void {
    this.#grewAtMs = nowMs;
    this.#packets = packetsBefore;
  }

  grew(nowMs: number): void {
    this.#grewAtMs = nowMs;
    this.#progressed = true;
  }

  /** RTP that arrives is the best sign of life of a live stream, whatever FFmpeg prints. */
  packets(nowMs: number, count: number): void {
    if (count > this.#packets) this.grew(nowMs);
    this.#packets = count;
  }

  isStale(nowMs: number): boolean {
    const timeoutMs = this.#progressed ? this.#timeoutMs : Math.max(this.#timeoutMs, beginMs);
    return this.#timeoutMs > 0 && nowMs - this.#grewAtMs > timeoutMs;
  }
}

/** CPU in percent of the whole machine, memory in bytes, and for how long they were too much. */
export class UsageWatch {
  readonly #limits: ProcessLimits;
  readonly #cores: number;
  #last: { atMs: number; cpuSeconds: number } | undefined;
  #overSinceMs: number | undefined;
  cpuPercent = 0;
  memoryBytes = 0;
  /** Since the run began. */
  cpuSeconds = 0;

  constructor(limits: ProcessLimits, cores: number) {
    this.#limits = limits;
    this.#cores = Math.max(1, cores);
  }

  sample(nowMs: number, usage: Usage | undefined): void {
    if (usage === undefined) return;
    const last = this.#last;
    if (last !== undefined && nowMs > last.atMs) {
      const share = (usage.cpuSeconds - last.cpuSeconds) / ((nowMs - last.atMs) / 1000);
      this.cpuPercent = Math.round((Math.max(0, share) / this.#cores) * 100_000) / 1000;
    }
    this.#last = { atMs: nowMs, cpuSeconds: usage.cpuSeconds };
    this.memoryBytes = usage.memoryBytes;
    this.cpuSeconds = usage.cpuSeconds;
    if (!this.#isOver()) this.#overSinceMs = undefined;
    else this.#overSinceMs ??= nowMs;
  }

  /** Names the limit that was exceeded for longer than the record allows. */
  exceeded(nowMs: number): string | undefined {
    const since = this.#overSinceMs;
    if (since === undefined || nowMs - since < this.#limits.waitfor_seconds * 1000) {
      return undefined;
    }
    const memory = Math.round(this.memoryBytes / bytesPerMegabyte);
    return `CPU ${this.cpuPercent.toFixed(1)} %, memory ${memory} MB; limits ${this.#limits.cpu_usage} %, ${this.#limits.memory_mbytes} MB`;
  }

  #isOver(): boolean {
    const { cpu_usage: cpu, memory_mbytes: memory } = this.#limits;
    return (
      (cpu > 0 && this.cpuPercent > cpu) ||
      (memory > 0 && this.memoryBytes > memory * bytesPerMegabyte)
    );
  }
}
