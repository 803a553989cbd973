/**
 * Looks at a source with FFmpeg itself (no ffprobe needed), for a bounded time and output.
 * Knows nothing of what the facts are used for.
 */
import { redact } from "../telemetry/redact.ts";
import type { SpawnChild } from "./child.ts";
import type { Clock } from "./clock.ts";
import { inputArguments } from "./ffmpeg-args.ts";
import { LineSplitter } from "./line-splitter.ts";
import {
  type FileLine,
  parseLogLine,
  plainerError,
  type StreamLine,
  splitLevel,
} from "./log-lines.ts";
import { PacketScan } from "./probe/packet-scan.ts";
import { isLavfi } from "./record/address.ts";
import type { ProcessIO, ProcessRecord } from "./record.ts";
import { firstAnalysisSeconds } from "./source-plan/analysis.ts";
import {
  type AudioFacts,
  assumedInputFacts,
  firstFacts,
  mayCopyVideo,
  type SourceFacts,
  type VideoFacts,
  withoutDisabled,
} from "./source-plan.ts";

/** datarhei Core's answer to a probe. */
export interface ProbeAnswer {
  readonly streams: readonly ProbeStream[];
  readonly log: readonly string[];
}

export interface ProbeStream {
  readonly url: string;
  readonly format: string;
  readonly index: number;
  readonly stream: number;
  readonly language: string;
  readonly type: string;
  readonly codec: string;
  readonly coder: string;
  readonly bitrate_kbps: number;
  readonly duration_sec: number;
  readonly fps: number;
  readonly pix_fmt: string;
  readonly width: number;
  readonly height: number;
  readonly sampling_hz: number;
  readonly layout: string;
  readonly channels: number;
}

export interface ProbeTools {
  readonly spawn: SpawnChild;
  readonly clock: Clock;
}

/** Of media: a file gives that much at once, and shows its GOP. */
const watchSeconds = 12;
/** From the first packet of a live source that may be copied on; long enough to see B-frames in any usual encoding. */
const packetWatchMs = 3000;
/** FFmpeg itself analyses up to 5 s; with connecting and watching this is ample. */
const planTimeoutMs = 15_000;
/** For FFmpeg to say good-bye: a source that serves few at a time would keep the place until its own time-out. */
const goodbyeMs = 500;
/** As Core: the HTTP call blocks this long at most. */
export const PROBE_MS_MAX = 20_000;
const logLinesMax = 200;
const logLineLengthMax = 2048;
const packetLinesMax = 20_000;
/** Probed at the same time; a record with more inputs gets its streams from the first ones. */
const inputsMax = 8;

interface LookOptions {
  readonly argv: readonly string[];
  readonly timeoutMs: number;
  /** From the first packet on. */
  readonly watchMs: number;
}

interface Look {
  readonly files: FileLine[];
  readonly streams: StreamLine[];
  /** In degrees. */
  readonly rotations: Map<StreamLine, number>;
  readonly log: string[];
  readonly packets: PacketScan;
  inputsListed: boolean;
}

/** Finds the first video and the first audio stream of the record. Throws ProbeFailed. */
export async function probeSource(
  record: ProcessRecord,
  tools: ProbeTools,
  stop: AbortSignal,
): Promise<SourceFacts> {
  const facts = await Promise.all(
    record.input.slice(0, inputsMax).map(async (input, index) => {
      if (isLavfi(input)) return assumedInputFacts(input, index);
      const argv = planArguments(record, input);
      const watchMs = mayCopyVideo(record) ? packetWatchMs : 0;
      const look = await lookAt({ argv, timeoutMs: planTimeoutMs, watchMs }, tools, stop);
      if (look.files.length === 0) throw new ProbeFailed(failureOf(look));
      return withoutDisabled(input, factsOf(look, index));
    }),
  );
  return firstFacts(facts);
}

/** The source can't be opened; the message is FFmpeg's own, redacted. */
export class ProbeFailed extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ProbeFailed";
  }
}

/** Core's probe: opens every input of the record and lists its streams. */
export async function describeSource(
  record: ProcessRecord,
  tools: ProbeTools,
  stop: AbortSignal,
): Promise<ProbeAnswer> {
  const inputs = record.input.flatMap((input) => inputArguments(input, false));
  const argv = ["-hide_banner", "-nostdin", ...record.options, ...quiet, ...inputs];
  const look = await lookAt({ argv, timeoutMs: PROBE_MS_MAX, watchMs: 0 }, tools, stop);
  return {
    streams: look.streams.map((stream) => answerStream(stream, look.files)),
    // Else a source that does not answer would be an empty answer.
    log: look.log.length > 0 ? look.log : [failureOf(look)],
  };
}

/** After the record's own options, so that its -loglevel doesn't hide what is read. */
const quiet = ["-loglevel", "level+info", "-nostats"];

function planArguments(record: ProcessRecord, input: ProcessIO): string[] {
  return [
    "-hide_banner",
    "-nostdin",
    ...record.options,
    ...quiet,
    ...inputArguments(input, false, firstAnalysisSeconds(input)),
    // V is video without cover pictures. -copyinkf shows packets before the first keyframe too.
    ...["-map", "0:V:0?", "-map", "0:a:0?", "-c", "copy", "-copyinkf"],
    ...["-t", String(watchSeconds), "-flush_packets", "1", "-f", "framecrc", "pipe:1"],
  ];
}

/** Runs FFmpeg until it ends, the time is over, the output is too much, or it is called off. */
function lookAt(
  { argv, timeoutMs, watchMs }: LookOptions,
  { spawn, clock }: ProbeTools,
  stop: AbortSignal,
): Promise<Look> {
  const look: Look = {
    files: [],
    streams: [],
    rotations: new Map(),
    log: [],
    packets: new PacketScan(),
    inputsListed: false,
  };
  return new Promise((resolve, reject) => {
    stop.throwIfAborted();
    let lines = 0;
    let cancelWatch = () => {};
    let cancelGoodbye = () => {};
    const log = new LineSplitter((line) => readLogLine(look, line));
    const packets = new LineSplitter((line) => {
      look.packets.push(line);
      // The first lines say what follows; the packets come after them.
      if (lines === 0) cancelWatch = clock.after(watchMs, leave);
      lines += 1;
      if (lines === packetLinesMax) child.kill("SIGKILL");
    });
    const child = spawn(argv, {
      onStdout: (chunk) => packets.push(chunk),
      onStderr: (chunk) => log.push(chunk),
      onExit: () => {
        cancel();
        cancelWatch();
        cancelGoodbye();
        stop.removeEventListener("abort", kill);
        log.end();
        packets.end();
        if (stop.aborted) reject(stop.reason);
        else resolve(look);
      },
    });
    const kill = () => child.kill("SIGKILL");
    const leave = () => {
      child.kill("SIGINT");
      cancelGoodbye = clock.after(goodbyeMs, kill);
    };
    const cancel = clock.after(timeoutMs, kill);
    stop.addEventListener("abort", kill);
  });
}

function readLogLine(look: Look, line: string): void {
  const { text } = splitLevel(line.slice(0, logLineLengthMax));
  const shown = redact(text);
  if (look.log.length < logLinesMax) look.log.push(shown);
  else look.log[logLinesMax - 1] = shown;
  const known = parseLogLine(text);
  if (known?.kind === "input") look.files.push(known);
  // The output repeats the streams it copies; only the inputs' own count.
  if (known?.kind === "output" || known?.kind === "mapping") look.inputsListed = true;
  if (look.inputsListed) return;
  if (known?.kind === "stream") look.streams.push(known);
  const turned = look.streams.at(-1);
  if (known?.kind === "rotation" && turned !== undefined) {
    look.rotations.set(turned, known.degrees);
  }
}

function failureOf(look: Look): string {
  if (look.log.length === 0) return "FFmpeg said nothing within the time given";
  return look.log.reduce(plainerError);
}

function factsOf(look: Look, index: number): SourceFacts {
  const video = look.streams.find((one) => one.type === "video" && !one.attachedPicture);
  const audio = look.streams.find((one) => one.type === "audio");
  return {
    video: video === undefined ? undefined : videoFacts(video, look, index),
    audio: audio === undefined ? undefined : audioFacts(audio, look, index),
  };
}

const containerOf = ({ files }: Look) => files[0]?.format ?? "";

function videoFacts(stream: StreamLine, look: Look, index: number): VideoFacts {
  return {
    map: `${index}:${stream.stream}`,
    container: containerOf(look),
    codec: stream.codec,
    profile: stream.profile,
    pixelFormat: stream.pixelFormat,
    interlaced: stream.interlaced,
    width: stream.width,
    height: stream.height,
    pixelAspect: stream.pixelAspect,
    rotation: look.rotations.get(stream) ?? 0,
    fps: stream.fps,
    bFrames: look.packets.bFrames,
    gopSeconds: look.packets.gopSeconds,
    gopMeasured: look.packets.gopMeasured,
  };
}

function audioFacts(stream: StreamLine, look: Look, index: number): AudioFacts {
  return {
    map: `${index}:${stream.stream}`,
    container: containerOf(look),
    codec: stream.codec,
    samplingHz: stream.samplingHz,
    channels: stream.channels,
  };
}

function answerStream(stream: StreamLine, files: readonly FileLine[]): ProbeStream {
  const file = files.find((one) => one.kind === "input" && one.index === stream.file);
  return {
    url: redact(file?.address ?? ""),
    format: file?.format ?? "",
    index: stream.file,
    stream: stream.stream,
    language: stream.language,
    type: stream.type,
    codec: stream.codec,
    coder: "",
    bitrate_kbps: stream.bitrateKbit,
    duration_sec: 0,
    fps: stream.fps,
    pix_fmt: stream.pixelFormat,
    width: stream.width,
    height: stream.height,
    sampling_hz: stream.samplingHz,
    layout: stream.layout,
    channels: stream.channels,
  };
}
