/** The state of a process in datarhei Core's shape, with every key its clients require. */
import { redact } from "../../telemetry/redact.ts";
import { ProgressMeter, type ProgressTotals } from "../progress.ts";
import type { ProcessRecord } from "../record.ts";
import type { LegPlan, SourcePlan } from "../source-plan.ts";
import type { ExecState, Order } from "../state.ts";
import type { OpenedStream, Run } from "./run.ts";

export interface StreamProgress {
  readonly id: string;
  readonly address: string;
  readonly index: number;
  readonly stream: number;
  readonly format: string;
  readonly type: string;
  readonly codec: string;
  readonly coder: string;
  readonly frame: number;
  readonly keyframe: number;
  readonly framerate: { readonly min: number; readonly max: number; readonly avg: number };
  readonly fps: number;
  readonly packet: number;
  readonly pps: number;
  readonly size_kb: number;
  readonly bitrate_kbit: number;
  readonly extradata_size_bytes: number;
  readonly pix_fmt?: string;
  readonly q: number;
  readonly width?: number;
  readonly height?: number;
  readonly sampling_hz?: number;
  readonly layout?: string;
  readonly avstream: null;
}

export interface Progress extends ProgressTotals {
  readonly inputs: readonly StreamProgress[];
  readonly outputs: readonly StreamProgress[];
  readonly packet: number;
}

/** What becomes of the source, for a process with webrtc.enabled. */
export interface PlanState {
  /** In words, with the reasons; "" until the source was looked at. */
  readonly plan: string;
  readonly video: LegState | null;
  readonly audio: LegState | null;
  readonly warnings: readonly string[];
}

export interface LegState {
  readonly mode: "copy" | "transcode";
  readonly codec: string;
}

export interface ProcessState {
  readonly order: Order;
  readonly exec: ExecState;
  /** Since the last change of state, in every state. */
  readonly runtime_seconds: number;
  /** Until the next start; -1 when none is planned. */
  readonly reconnect_seconds: number;
  readonly last_logline: string;
  readonly progress: Progress;
  readonly memory_bytes: number;
  /** Percent of the whole machine. */
  readonly cpu_usage: number;
  readonly command: readonly string[];
  /** Not part of datarhei Core's state. */
  readonly webrtc?: PlanState;
}

/** The plan as the API shows it. */
export function planState(plan: SourcePlan | undefined): PlanState {
  const leg = (one: LegPlan | undefined) =>
    one === undefined ? null : { mode: one.mode, codec: one.codec };
  return {
    plan: plan?.reason ?? "",
    video: leg(plan?.video),
    audio: leg(plan?.audio),
    warnings: plan?.warnings ?? [],
  };
}

const nothing = new ProgressMeter().totals();

/** The progress of a run, or all zero where there is none. */
export function progressOf(record: ProcessRecord, run: Run | undefined): Progress {
  const opened = run?.opened ?? [];
  const side = (kind: "input" | "output") =>
    opened
      .filter((one) => one.file.kind === kind)
      // FFmpeg lists outputs in the order in which their first packets came.
      .sort((a, b) => a.file.index - b.file.index || a.stream.stream - b.stream.stream)
      .map((one) => streamProgress(record, one));
  return {
    inputs: side("input"),
    outputs: side("output"),
    packet: 0,
    ...(run?.meter.totals() ?? nothing),
  };
}

/** FFmpeg counts frames and bytes for all outputs together, so those of one stream stay zero. */
function streamProgress(record: ProcessRecord, { file, stream }: OpenedStream): StreamProgress {
  const video = { pix_fmt: stream.pixelFormat, width: stream.width, height: stream.height };
  const audio = { sampling_hz: stream.samplingHz, layout: stream.layout };
  return {
    id: fileId(record, file.kind, file.index, stream.type),
    address: redact(file.address),
    index: file.index,
    stream: stream.stream,
    format: file.format,
    type: stream.type,
    codec: stream.codec,
    coder: "",
    frame: 0,
    keyframe: 0,
    framerate: { min: 0, max: 0, avg: 0 },
    fps: 0,
    packet: 0,
    pps: 0,
    size_kb: 0,
    bitrate_kbit: 0,
    extradata_size_bytes: 0,
    q: 0,
    ...(stream.type === "video" ? video : {}),
    ...(stream.type === "audio" ? audio : {}),
    avstream: null,
  };
}

/** The legs stand behind the outputs of the record. */
function fileId(
  record: ProcessRecord,
  kind: "input" | "output",
  index: number,
  type: string,
): string {
  return record[kind][index]?.id ?? (kind === "output" ? `webrtc_${type}` : "");
}
