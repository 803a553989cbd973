/**
 * FFmpeg's own counters: the `frame=` statistics line on stderr (FFmpeg 5 to 8 write it with small
 * differences) and the key=value blocks of `-progress`. Time is handed in.
 */

/** What one statistics line or one -progress block says; absent where it says N/A. */
export interface ProgressFields {
  frame?: number;
  q?: number;
  sizeKb?: number;
  timeSeconds?: number;
  speed?: number;
  dup?: number;
  drop?: number;
}

export interface ProgressTotals {
  readonly frame: number;
  readonly fps: number;
  readonly q: number;
  readonly size_kb: number;
  readonly time: number;
  readonly bitrate_kbit: number;
  readonly speed: number;
  readonly drop: number;
  readonly dup: number;
}

/** fps and bitrate are averages over this time, as in Core: long enough to be calm, short enough to show a stall. */
const windowMs = 30_000;
/** FFmpeg reports twice a second, so the window holds 60; the cap is for a child that floods. */
const samplesMax = 256;

/** Some 150 characters are usual. */
const statsLengthMax = 1024;

/** Reads a statistics line, with or without a level prefix stripped; `undefined` if it is none. */
export function parseStatsLine(text: string): ProgressFields | undefined {
  if (text.length > statsLengthMax || !/^(?:frame=|L?size=)/.test(text) || !text.includes("time="))
    return undefined;
  const fields: ProgressFields = {};
  for (const found of text.matchAll(/([A-Za-z_]+)=\s*(\S+)/g)) {
    assignStats(fields, found[1] ?? "", found[2] ?? "");
  }
  return fields;
}

function assignStats(fields: ProgressFields, key: string, value: string): void {
  if (key === "frame") assign(fields, "frame", count(value));
  else if (key === "q" && fields.q === undefined) assign(fields, "q", number(value));
  else if (key === "size" || key === "Lsize") assign(fields, "sizeKb", sizeKb(value));
  else if (key === "time") assign(fields, "timeSeconds", clockSeconds(value));
  else if (key === "speed") assign(fields, "speed", number(value.replace(/x$/, "")));
  else if (key === "dup") assign(fields, "dup", count(value));
  else if (key === "drop") assign(fields, "drop", count(value));
}

/**
 * Collects the lines of `-progress`. A block is complete at its `progress=` line.
 * Lines that are no known pair (FFmpeg prints an SDP to the same pipe) are ignored.
 */
export class ProgressBlocks {
  readonly #onBlock: (fields: ProgressFields) => void;
  #fields: ProgressFields = {};

  constructor(onBlock: (fields: ProgressFields) => void) {
    this.#onBlock = onBlock;
  }

  push(line: string): void {
    const at = line.indexOf("=");
    if (at <= 0) return;
    const key = line.slice(0, at);
    if (key === "progress") {
      this.#onBlock(this.#fields);
      this.#fields = {};
    } else {
      assignPair(this.#fields, key, line.slice(at + 1).trim());
    }
  }
}

function assignPair(fields: ProgressFields, key: string, value: string): void {
  if (key === "frame") assign(fields, "frame", count(value));
  else if (key === "total_size") {
    const bytes = count(value);
    assign(fields, "sizeKb", bytes === undefined ? undefined : Math.floor(bytes / 1024));
  } else if (key === "out_time_us") {
    const micros = number(value);
    assign(fields, "timeSeconds", micros === undefined ? undefined : micros / 1e6);
  } else if (key === "speed") assign(fields, "speed", number(value.replace(/x$/, "")));
  else if (key === "dup_frames") assign(fields, "dup", count(value));
  else if (key === "drop_frames") assign(fields, "drop", count(value));
  else if (/^stream_\d+_\d+_q$/.test(key) && fields.q === undefined) {
    assign(fields, "q", number(value));
  }
}

function assign(
  fields: ProgressFields,
  key: keyof ProgressFields,
  value: number | undefined,
): void {
  if (value !== undefined) fields[key] = value;
}

function number(text: string): number | undefined {
  return /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}

function count(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** FFmpeg 5 and 6 write kB, FFmpeg 7 and 8 KiB; both mean 1024 bytes. */
function sizeKb(text: string): number | undefined {
  return count(/^(\d+)(?:kB|KiB)$/.exec(text)?.[1] ?? "");
}

function clockSeconds(text: string): number | undefined {
  const found = /^(-?)(\d+):(\d\d):(\d\d(?:\.\d+)?)$/.exec(text);
  if (found === null) return undefined;
  const seconds = Number(found[2]) * 3600 + Number(found[3]) * 60 + Number(found[4]);
  return found[1] === "-" ? 0 : seconds;
}

interface Sample {
  readonly atMs: number;
  readonly frame: number;
  readonly sizeKb: number;
}

/** Keeps the newest totals of one run and their averages. */
export class ProgressMeter {
  #fields: Required<ProgressFields> = {
    frame: 0,
    q: 0,
    sizeKb: 0,
    timeSeconds: 0,
    speed: 0,
    dup: 0,
    drop: 0,
  };
  readonly #samples: Sample[] = [];

  /** Takes what FFmpeg said; true if the frame count or the media time grew, which is progress. */
  update(nowMs: number, fields: ProgressFields): boolean {
    const before = this.#fields;
    this.#fields = { ...before, ...fields };
    const { frame, sizeKb } = this.#fields;
    this.#samples.push({ atMs: nowMs, frame, sizeKb });
    while (this.#samples.length > samplesMax || isOld(this.#samples[0], nowMs)) {
      this.#samples.shift();
    }
    return frame > before.frame || this.#fields.timeSeconds > before.timeSeconds;
  }

  totals(): ProgressTotals {
    const { frame, q, sizeKb, timeSeconds, speed, dup, drop } = this.#fields;
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    const seconds = first !== undefined && last !== undefined ? (last.atMs - first.atMs) / 1000 : 0;
    const perSecond = (amount: number) => (seconds > 0 ? round(Math.max(0, amount) / seconds) : 0);
    return {
      frame,
      fps: perSecond(frame - (first?.frame ?? 0)),
      q: round(q),
      size_kb: sizeKb,
      time: round(timeSeconds),
      bitrate_kbit: perSecond((sizeKb - (first?.sizeKb ?? 0)) * 8.192),
      speed: round(speed),
      drop,
      dup,
    };
  }
}

function isOld(sample: Sample | undefined, nowMs: number): boolean {
  return sample !== undefined && sample.atMs < nowMs - windowMs;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
