/** One FFmpeg run as seen through its output: log, progress, what inputs and outputs it opened. */
import { redact } from "../../telemetry/redact.ts";
import type { Clock } from "../clock.ts";
import { LineSplitter } from "../line-splitter.ts";
import {
  type FileLine,
  type LogLevel,
  parseLogLine,
  type StreamLine,
  splitLevel,
} from "../log-lines.ts";
import { ProgressBlocks, type ProgressFields, ProgressMeter, parseStatsLine } from "../progress.ts";
import { RunLog } from "../run-log.ts";

export interface OpenedStream {
  readonly file: FileLine;
  readonly stream: StreamLine;
}

export interface RunOptions {
  readonly clock: Clock;
  /** The level prefixes are ours, so the reader of the log needn't see them. */
  readonly hideLevels: boolean;
  /** FFmpeg counted on: more frames or more media time. */
  readonly onProgress: () => void;
}

/** A line is cut here before it is kept: 200 of them per run, four runs per process. */
const lineLengthMax = 2048;
/** More streams than any sensible file has. */
const streamsMax = 64;

const errorLevels: readonly LogLevel[] = ["error", "fatal", "panic"];

const shown = (line: string) => redact(line.slice(0, lineLengthMax));

export class Run {
  readonly log: RunLog;
  readonly meter = new ProgressMeter();
  readonly opened: OpenedStream[] = [];
  readonly #options: RunOptions;
  readonly #stderr = new LineSplitter((line) => this.#readLog(line));
  readonly #blocks = new ProgressBlocks((fields) => this.#count(fields));
  readonly #stdout = new LineSplitter((line) => this.#blocks.push(line));
  #file: FileLine | undefined;

  constructor(options: RunOptions) {
    this.#options = options;
    this.log = new RunLog(this.#seconds());
  }

  /** False: FFmpeg opened no input, so that the run says nothing of the source. Where the record hides the log nobody knows. */
  get reachedSource(): boolean {
    return this.#file !== undefined || !this.#options.hideLevels;
  }

  stdout(chunk: Uint8Array): void {
    this.#stdout.push(chunk);
  }

  stderr(chunk: Uint8Array): void {
    this.#stderr.push(chunk);
  }

  /** The child ended: what came without a line end counts too. */
  end(): void {
    this.#stdout.end();
    this.#stderr.end();
  }

  /** Adds a line of our own, in the words of the server. */
  note(line: string): void {
    this.log.add(this.#seconds(), shown(line));
  }

  /** The same for why the run ends. */
  judge(line: string): void {
    this.log.addVerdict(this.#seconds(), shown(line));
  }

  #readLog(line: string): void {
    const { level, text } = splitLevel(line);
    const stats = parseStatsLine(text);
    if (stats !== undefined) {
      this.#count(stats);
      return;
    }
    const kept = shown(this.#options.hideLevels ? text : line);
    if (level !== undefined && errorLevels.includes(level)) {
      this.log.addError(this.#seconds(), kept);
    } else this.log.add(this.#seconds(), kept);
    const known = parseLogLine(text);
    if (known?.kind === "input" || known?.kind === "output") this.#file = known;
    else if (known?.kind === "stream") this.#open(known);
  }

  #open(stream: StreamLine): void {
    if (this.#file === undefined || this.opened.length >= streamsMax) return;
    this.opened.push({ file: this.#file, stream });
  }

  #count(fields: ProgressFields): void {
    if (!this.meter.update(this.#options.clock.monotonicMs(), fields)) return;
    this.log.closePrelude();
    this.#options.onProgress();
  }

  #seconds(): number {
    return Math.floor(this.#options.clock.unixMs() / 1000);
  }
}
