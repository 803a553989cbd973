/**
 * Decides per leg: copy what browsers can decode, transcode the rest. Pure: facts in, plan out.
 * The reason is one sentence, shown in the log, in the process state and in the stream list.
 */
import { isLavfi, isLooped } from "./record/address.ts";
import type { AudioPolicy, LegMode, ProcessIO, ProcessRecord, VideoPolicy } from "./record.ts";
import {
  type AudioFacts,
  codecName,
  factsInWords,
  gopInWords,
  type SourceFacts,
  unknownAudio,
  unknownVideo,
  type VideoFacts,
} from "./source-plan/facts.ts";
import { lavfiKinds } from "./source-plan/lavfi.ts";

export type { AudioFacts, SourceFacts, VideoFacts } from "./source-plan/facts.ts";

export interface LegPlan {
  readonly mode: "copy" | "transcode";
  readonly codec: "H264" | "VP8" | "OPUS";
  /** FFmpeg's stream specifier, such as 0:v:0. */
  readonly map: string;
  /** Pixels per second where known: large pictures get more encoder threads. */
  readonly pixelRate?: number;
  /** A transcode of fields, which are made into frames. */
  readonly interlaced?: true;
  /** A copy that does not end with the first loop of its file. */
  readonly looped?: true;
}

export interface LegPlans {
  readonly video: LegPlan | undefined;
  readonly audio: LegPlan | undefined;
}

export interface SourcePlan extends LegPlans {
  /** What the source is, what becomes of it, and why. */
  readonly reason: string;
  /** What an operator should change, each a sentence. */
  readonly warnings: readonly string[];
  /** What it was made from. */
  readonly facts: SourceFacts;
}

/** What browsers must decode (RFC 7742 section 5 for baseline) and in practice do. */
const copyableProfiles = ["Constrained Baseline", "Baseline", "Main", "High"];
/** Without a probe nobody says whether B-frames come; these profiles can't have any. */
const profilesWithoutBFrames = ["Constrained Baseline", "Baseline"];
const copyablePixelFormats = ["yuv420p", "yuvj420p"];
/** Every keyframe brings its decoder headers along. Files such as MP4 keep them apart. */
const inBandContainers = ["mpegts", "h264"];
/** Of a pixel's width to its height: less than this nobody sees. */
const pixelAspectError = 0.02;
/** Longer gaps make a new viewer wait, or get an old picture. Shorter than the probe watches. */
const gopSecondsLong = 2.5;

/**
 * True if the plan of this record can only be made from facts of its source: also a leg that is transcoded
 * whatever it is must be there, and its size and fields be known.
 */
export function needsProbe(record: ProcessRecord): boolean {
  return !record.input.every((input) => isLavfi(input));
}

/** True if the video may be copied: then its packets must be seen, not only its description. */
export function mayCopyVideo(record: ProcessRecord): boolean {
  const mode = record.webrtc?.video.mode;
  return mode === "auto" || mode === "copy";
}

/** The facts that need no probe: test sources are raw. */
export function assumedFacts(record: ProcessRecord): SourceFacts {
  return firstFacts(record.input.map((input, index) => assumedInputFacts(input, index)));
}

/** The same for one test source. */
export function assumedInputFacts(input: ProcessIO, index: number): SourceFacts {
  const kinds = lavfiKinds(input.address);
  const video = { ...unknownVideo, map: `${index}:v:0`, codec: "rawvideo" };
  const audio = { ...unknownAudio, map: `${index}:a:0`, codec: "pcm_s16le" };
  return withoutDisabled(input, {
    video: kinds.video ? video : undefined,
    audio: kinds.audio ? audio : undefined,
  });
}

/** Without what the options of an input switch off: FFmpeg lists such streams and refuses to map them. */
export function withoutDisabled(input: ProcessIO, { video, audio }: SourceFacts): SourceFacts {
  return {
    video: input.options.includes("-vn") ? undefined : video,
    audio: input.options.includes("-an") ? undefined : audio,
  };
}

/** The first video and the first audio of several inputs. */
export function firstFacts(inputs: readonly SourceFacts[]): SourceFacts {
  return {
    video: inputs.find((one) => one.video !== undefined)?.video,
    audio: inputs.find((one) => one.audio !== undefined)?.audio,
  };
}

interface Decision {
  readonly leg: LegPlan | undefined;
  readonly words: string;
  readonly warning?: string;
}

/** Makes the plan for a record with webrtc.enabled. */
export function planSource(record: ProcessRecord, facts: SourceFacts): SourcePlan {
  const webrtc = record.webrtc;
  if (webrtc === undefined || !webrtc.enabled) {
    const reason = "WebRTC is off for this process.";
    return { video: undefined, audio: undefined, reason, warnings: [], facts };
  }
  const video = planVideo(webrtc.video, facts.video, videoLoops(record, facts.video));
  const audio = planAudio(webrtc.audio, facts.audio);
  return {
    video: video.leg,
    audio: audio.leg,
    reason: `${factsInWords(facts)} → video ${video.words}; audio ${audio.words}.`,
    warnings: [video.warning, audio.warning].filter((warning) => warning !== undefined),
    facts,
  };
}

/** What the packets of a copied video showed that the look at the source had missed. */
export type CopyFault = "b-frames" | "no-idr";

const factsOfFault: Readonly<Record<CopyFault, Partial<VideoFacts>>> = {
  "b-frames": { bFrames: true },
  "no-idr": { withoutIdr: true },
};

/** The plan once that was seen. */
export function planWithFault(
  record: ProcessRecord,
  { facts }: SourcePlan,
  fault: CopyFault,
): SourcePlan {
  const video = facts.video && { ...facts.video, ...factsOfFault[fault] };
  return planSource(record, { ...facts, video });
}

function videoLoops(record: ProcessRecord, facts: VideoFacts | undefined): boolean {
  const input = record.input[Number.parseInt(facts?.map ?? "", 10)];
  return input !== undefined && isLooped(input);
}

function planVideo(policy: VideoPolicy, facts: VideoFacts | undefined, loops: boolean): Decision {
  if (policy.mode === "off") return { leg: undefined, words: "off by webrtc.video.mode" };
  if (facts === undefined) return { leg: undefined, words: "missing in the source" };
  const target = policy.codec === "vp8" ? "VP8" : "H264";
  const transcode = (why: string): Decision => ({
    leg: { mode: "transcode", codec: target, map: facts.map, ...encoderNeeds(facts) },
    words: `transcoded to ${target === "H264" ? "H.264" : target} because ${why}`,
  });
  if (policy.mode === "transcode") return transcode("webrtc.video.mode says so");
  const obstacle = videoObstacle(facts, policy, loops);
  if (obstacle !== undefined) return yielding("video", policy.mode, transcode(obstacle));
  const codec = facts.codec === "vp8" ? "VP8" : "H264";
  const suffix = policy.mode === "copy" ? " by webrtc.video.mode" : "";
  return {
    leg: { mode: "copy", codec, map: facts.map, ...(loops ? { looped: true } : {}) },
    words: `copied${suffix}`,
    ...gopWarning(facts),
  };
}

/** What keeps a video from being copied. mode copy trusts the operator on everything but what no browser plays. */
function videoObstacle(facts: VideoFacts, policy: VideoPolicy, loops: boolean): string | undefined {
  if (facts.codec === "vp8") return undefined;
  if (facts.codec !== "h264") return `browsers don't play ${codecName(facts.codec)} over WebRTC`;
  if (facts.bFrames === true) return "WebRTC can't put B-frames in order";
  if (facts.withoutIdr === true) {
    return "viewers can start at IDR frames only, and the source refreshes its picture without them";
  }
  if (loops && !inBandContainers.includes(facts.container)) {
    return "FFmpeg copies a looped file of this format only up to its first end";
  }
  if (policy.mode === "copy") return undefined;
  const obstacle = h264Obstacle(facts);
  if (obstacle !== undefined) return obstacle;
  return policy.codec === "vp8" ? "webrtc.video.codec asks for VP8" : undefined;
}

function h264Obstacle(facts: VideoFacts): string | undefined {
  if (facts.profile === "") return "no keyframe came in time to know its profile";
  if (!copyableProfiles.includes(facts.profile)) {
    return `browsers don't decode the H.264 profile ${facts.profile}`;
  }
  if (!copyablePixelFormats.includes(facts.pixelFormat)) {
    return `browsers don't decode the pixel format ${facts.pixelFormat || "of the source"}`;
  }
  if (facts.interlaced) return "browsers don't deinterlace";
  if (facts.rotation !== 0) return "viewers would not be told to turn the picture";
  if (Math.abs(facts.pixelAspect - 1) > pixelAspectError) {
    return "browsers show every pixel as a square, and those of the source are not";
  }
  if (facts.bFrames === undefined && !profilesWithoutBFrames.includes(facts.profile)) {
    return "no frame came in time to rule out B-frames";
  }
  return undefined;
}

/** A wish to copy gives way to what viewers can play; the operator hears of it. */
function yielding(kind: "video" | "audio", mode: LegMode, decision: Decision): Decision {
  if (mode !== "copy") return decision;
  return {
    ...decision,
    warning: `webrtc.${kind}.mode is copy, but ${kind} is ${decision.words}.`,
  };
}

function gopWarning(facts: VideoFacts): { warning?: string } {
  if (facts.gopSeconds === undefined || facts.gopSeconds <= gopSecondsLong) return {};
  return {
    warning: `Long GOP, ${gopInWords(facts)}: a viewer that joins starts with a picture that old or waits, and a broken picture stays that long. Set the source to a keyframe every 2 s, or webrtc.video.mode to transcode.`,
  };
}

function encoderNeeds(facts: VideoFacts): Pick<LegPlan, "pixelRate" | "interlaced"> {
  const pixelRate = facts.width * facts.height * (facts.fps || 30);
  return {
    ...(pixelRate > 0 ? { pixelRate } : {}),
    ...(facts.interlaced ? { interlaced: true } : {}),
  };
}

function planAudio(policy: AudioPolicy, facts: AudioFacts | undefined): Decision {
  if (policy.mode === "off") return { leg: undefined, words: "off by webrtc.audio.mode" };
  if (facts === undefined) return { leg: undefined, words: "missing in the source" };
  const transcode = (why: string): Decision => ({
    leg: { mode: "transcode", codec: "OPUS", map: facts.map },
    words: `transcoded to Opus because ${why}`,
  });
  if (policy.mode === "transcode") return transcode("webrtc.audio.mode says so");
  const obstacle = audioObstacle(facts);
  if (obstacle !== undefined) return yielding("audio", policy.mode, transcode(obstacle));
  const suffix = policy.mode === "copy" ? " by webrtc.audio.mode" : "";
  return { leg: { mode: "copy", codec: "OPUS", map: facts.map }, words: `copied${suffix}` };
}

function audioObstacle({ codec, channels }: AudioFacts): string | undefined {
  if (codec !== "opus") return `browsers don't play ${codecName(codec)} over WebRTC`;
  // RFC 7587 section 4.1: WebRTC's Opus is mono or stereo.
  return channels > 2 ? `the source has ${channels} channels` : undefined;
}
