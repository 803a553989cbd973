/**
 * The one place that writes FFmpeg's command line. Pure: record, plan and leg ports in, argv out.
 *
 * Every leg gets the same -start_time_realtime and no timestamp shift, so that the sender reports
 * of FFmpeg tie both legs to one clock (RFC 3550 section 6.4.1): NTP = start + pts, in both.
 * Without it each muxer starts its own clock when its first packet is ready, about 30 ms apart
 * (measured with FFmpeg 5.1); without -avoid_negative_ts disabled, Opus is late by its pre-skip.
 */
import { audioCodecArguments, videoCodecArguments } from "./ffmpeg-args/codecs.ts";
import { isDevice, isLavfi, isLocalFile, optionValue, schemeOf } from "./record/address.ts";
import type { ProcessIO, ProcessRecord } from "./record.ts";
import { analysisSeconds } from "./source-plan/analysis.ts";
import type { LegPlan, LegPlans, SourceFacts } from "./source-plan.ts";

/** Where one leg's RTP goes to, and from which ports FFmpeg must send it. All on loopback. */
export interface LegTarget {
  readonly kind: "video" | "audio";
  readonly port: number;
  readonly rtpSourcePort: number;
  readonly rtcpSourcePort: number;
  /** 31 bits, another one for each run: packets of the run before are told from this one's. */
  readonly ssrc: number;
}

export interface FfmpegRun {
  /** With the facts of the source where somebody looked at it. */
  readonly plan: (LegPlans & { readonly facts?: SourceFacts }) | undefined;
  readonly legs: readonly LegTarget[];
  /** Unix time in microseconds that presentation time 0 stands for. */
  readonly startTimeRealtimeUs: number;
}

/** A frame in one datagram where it can be: each one received costs as much as a packet sent to a dozen viewers. */
const packetBytesMax = 32_768;

/**
 * What a network source may make FFmpeg open (a playlist or a redirect names the next address):
 * network only, never files, so that a remote server can't read ours.
 */
const networkProtocols =
  "rtsp,rtsps,rtmp,rtmps,rtmpt,rtmpts,ffrtmphttp,srt,http,https,httpproxy,hls,rtp,srtp,udp,tcp,tls,crypto,data";

/** The whole argv after the binary. */
export function ffmpegArguments(record: ProcessRecord, run: FfmpegRun): string[] {
  const live = record.webrtc?.enabled === true;
  return [
    ...globalArguments(record),
    ...record.options,
    ...record.input.flatMap((input, index) =>
      inputArguments(input, live, analysisSeconds(record, run.plan, index)),
    ),
    ...record.output.flatMap((output) => [...output.options, output.address]),
    ...run.legs.flatMap((leg) => legArguments(record, run, leg)),
  ];
}

/**
 * The options of one input with its address, as a run or a probe gives them to FFmpeg. `seconds` of it are analysed,
 * unless the record says otherwise.
 */
export function inputArguments(
  input: ProcessIO,
  paced: boolean,
  seconds?: number | undefined,
): string[] {
  return [
    ...(seconds === undefined ? [] : ["-analyzeduration", String(Math.round(seconds * 1e6))]),
    ...(paced && needsPacing(input) ? ["-re"] : []),
    ...protocolArguments(input),
    ...input.options,
    "-i",
    input.address,
  ];
}

/** True if FFmpeg must read standard output for progress: not when a record output writes to it. */
export function progressOnStdout(record: ProcessRecord): boolean {
  if (record.options.includes("-progress")) return false;
  return !record.output.some(
    (output) =>
      /^(?:-|pipe:1?)$/.test(output.address) && optionValue(output.options, "-f") !== "null",
  );
}

/** Ours come first, and only where the record does not say something else. */
function globalArguments(record: ProcessRecord): string[] {
  const given = (...names: string[]) => names.some((name) => record.options.includes(name));
  return [
    "-hide_banner",
    "-nostdin",
    ...(given("-loglevel", "-v") ? [] : ["-loglevel", "level+info"]),
    ...(progressOnStdout(record) ? ["-nostats", "-progress", "pipe:1"] : []),
  ];
}

/**
 * A file or test source of a live stream (a capture device paces itself) is read at its own speed even where the record forgot
 * -re: otherwise an hour of film would be sent in seconds.
 */
function needsPacing(input: ProcessIO): boolean {
  if (input.options.some((option) => option === "-re" || option.startsWith("-readrate"))) {
    return false;
  }
  return isLavfi(input) || isLocalFile(input);
}

function protocolArguments(input: ProcessIO): string[] {
  const scheme = schemeOf(input.address);
  if (isLavfi(input) || isDevice(input)) return [];
  if (scheme === undefined || scheme === "file") return [];
  return input.options.includes("-protocol_whitelist")
    ? []
    : ["-protocol_whitelist", networkProtocols];
}

function legArguments(record: ProcessRecord, run: FfmpegRun, leg: LegTarget): string[] {
  const plan = leg.kind === "video" ? run.plan?.video : run.plan?.audio;
  if (plan === undefined) return [];
  return [
    "-map",
    plan.map,
    ...codecArguments(record, leg, plan),
    "-start_time_realtime",
    String(run.startTimeRealtimeUs),
    "-avoid_negative_ts",
    "disabled",
    "-ssrc",
    String(leg.ssrc),
    "-f",
    "rtp",
    legUrl(leg),
  ];
}

function codecArguments(record: ProcessRecord, leg: LegTarget, plan: LegPlan): string[] {
  const webrtc = record.webrtc;
  if (webrtc === undefined) return [];
  return leg.kind === "video"
    ? videoCodecArguments(plan, webrtc.video)
    : audioCodecArguments(plan, webrtc.audio);
}

/** RTP and RTCP go to one port of ours and come from fixed ports, so that the leg can refuse others. */
function legUrl(leg: LegTarget): string {
  const query = [
    `rtcpport=${leg.port}`,
    `localrtpport=${leg.rtpSourcePort}`,
    `localrtcpport=${leg.rtcpSourcePort}`,
    "localaddr=127.0.0.1",
    `pkt_size=${packetBytesMax}`,
  ].join("&");
  return `rtp://127.0.0.1:${leg.port}?${query}`;
}
