/**
 * Decides per leg: copy what browsers can decode, transcode the rest. Pure: facts in, plan out.
 * The reason is one sentence, shown in the log and the API.
 */
import { isLavfi } from "./record/address.ts";
import type { AudioPolicy, ProcessIO, ProcessRecord, VideoPolicy } from "./record.ts";
import { lavfiKinds } from "./source-plan/lavfi.ts";

export interface LegPlan {
  readonly mode: "copy" | "transcode";
  readonly codec: "H264" | "VP8" | "OPUS";
  /** FFmpeg's stream specifier, such as 0:v:0. */
  readonly map: string;
  /** Pixels per second where known: large pictures get more encoder threads. */
  readonly pixelRate?: number;
}

export interface LegPlans {
  readonly video: LegPlan | undefined;
  readonly audio: LegPlan | undefined;
}

export interface SourcePlan extends LegPlans {
  readonly reason: string;
  /** What it was made from. */
  readonly facts: SourceFacts;
}

export interface VideoFacts {
  readonly map: string;
  /** FFmpeg's name in lower case. */
  readonly codec: string;
  readonly profile: string;
  readonly pixelFormat: string;
  readonly interlaced: boolean;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /** undefined: no packet was seen. */
  readonly bFrames: boolean | undefined;
  /** Longest distance between keyframes seen, or how long was watched without a second one. */
  readonly gopSeconds: number | undefined;
}

export interface AudioFacts {
  readonly map: string;
  readonly codec: string;
  readonly samplingHz: number;
  readonly channels: number;
}

export interface SourceFacts {
  readonly video: VideoFacts | undefined;
  readonly audio: AudioFacts | undefined;
}

/** What browsers must decode (RFC 7742 section 5 for baseline) and in practice do. */
const copyableProfiles = ["Constrained Baseline", "Baseline", "Main", "High"];
/** Without a probe nobody says whether B-frames come; these profiles can't have any. */
const profilesWithoutBFrames = ["Constrained Baseline", "Baseline"];
const copyablePixelFormats = ["yuv420p", "yuvj420p"];
/** Longer gaps make a new viewer wait, or get an old picture. Shorter than the probe watches. */
const gopSecondsLong = 2.5;

/** True if the plan of this record can only be made from facts of its source. */
export function needsProbe(record: ProcessRecord): boolean {
  if (record.input.every((input) => isLavfi(input))) return false;
  const policies = [record.webrtc?.video.mode, record.webrtc?.audio.mode];
  return policies.includes("auto");
}

/** The facts that need no probe: test sources are raw, and forced legs are taken at their word. */
export function assumedFacts(record: ProcessRecord): SourceFacts {
  return firstFacts(record.input.map((input, index) => assumedInputFacts(input, index)));
}

/** The same for one input. */
export function assumedInputFacts(input: ProcessIO, index: number): SourceFacts {
  const kinds = isLavfi(input) ? lavfiKinds(input.address) : { video: true, audio: true };
  return {
    video: kinds.video ? { ...unknownVideo, map: `${index}:v:0` } : undefined,
    audio: kinds.audio ? { ...unknownAudio, map: `${index}:a:0` } : undefined,
  };
}

/** The first video and the first audio of several inputs. */
export function firstFacts(inputs: readonly SourceFacts[]): SourceFacts {
  return {
    video: inputs.find((one) => one.video !== undefined)?.video,
    audio: inputs.find((one) => one.audio !== undefined)?.audio,
  };
}

const unknownVideo: VideoFacts = {
  map: "0:v:0",
  codec: "",
  profile: "",
  pixelFormat: "",
  interlaced: false,
  width: 0,
  height: 0,
  fps: 0,
  bFrames: undefined,
  gopSeconds: undefined,
};

const unknownAudio: AudioFacts = { map: "0:a:0", codec: "", samplingHz: 0, channels: 0 };

interface Decision {
  readonly leg: LegPlan | undefined;
  readonly words: string;
}

/** Makes the plan for a record with webrtc.enabled. */
export function planSource(record: ProcessRecord, facts: SourceFacts): SourcePlan {
  const webrtc = record.webrtc;
  if (webrtc === undefined || !webrtc.enabled) {
    return {
      video: undefined,
      audio: undefined,
      reason: "WebRTC is off for this process.",
      facts,
    };
  }
  const video = planVideo(webrtc.video, facts.video);
  const audio = planAudio(webrtc.audio, facts.audio);
  return {
    video: video.leg,
    audio: audio.leg,
    reason: `Video: ${video.words}; audio: ${audio.words}.`,
    facts,
  };
}

function planVideo(policy: VideoPolicy, facts: VideoFacts | undefined): Decision {
  if (policy.mode === "off") return { leg: undefined, words: "off by webrtc.video.mode" };
  if (facts === undefined) return { leg: undefined, words: "the source has none" };
  const target = policy.codec === "vp8" ? "VP8" : "H264";
  const transcode = (why: string): Decision => ({
    leg: withPixelRate({ mode: "transcode", codec: target, map: facts.map }, facts),
    words: `transcoded to ${target} because ${why}`,
  });
  if (policy.mode === "transcode") return transcode("webrtc.video.mode says so");
  if (policy.mode === "copy") return copyVideo(facts, target);
  if (facts.codec === "vp8") return copied("VP8", facts.map, gopWords(facts));
  const obstacle = h264Obstacle(facts);
  if (obstacle !== undefined) return transcode(obstacle);
  if (target === "VP8") return transcode("webrtc.video.codec asks for VP8");
  return copied("H264", facts.map, gopWords(facts));
}

/** A forced copy trusts the operator on profile and B-frames, but no browser gets another codec. */
function copyVideo(facts: VideoFacts, assumed: "H264" | "VP8"): Decision {
  if (facts.codec === "") return copied(assumed, facts.map, " by webrtc.video.mode");
  if (facts.codec === "h264") return copied("H264", facts.map, " by webrtc.video.mode");
  if (facts.codec === "vp8") return copied("VP8", facts.map, " by webrtc.video.mode");
  return {
    leg: undefined,
    words: `none, because webrtc.video.mode is copy and the source is ${facts.codec}`,
  };
}

function copied(codec: LegPlan["codec"], map: string, suffix: string): Decision {
  return { leg: { mode: "copy", codec, map }, words: `${codec} is copied${suffix}` };
}

function gopWords(facts: VideoFacts): string {
  const seconds = facts.gopSeconds;
  if (seconds === undefined || seconds <= gopSecondsLong) return "";
  return ` (keyframes are ${Math.round(seconds)} s or more apart, so new viewers may wait for a picture)`;
}

function h264Obstacle(facts: VideoFacts): string | undefined {
  if (facts.codec !== "h264") return `the source is ${facts.codec === "" ? "raw" : facts.codec}`;
  if (!copyableProfiles.includes(facts.profile)) {
    return `browsers don't decode the H264 profile ${facts.profile || "of the source"}`;
  }
  if (!copyablePixelFormats.includes(facts.pixelFormat)) {
    return `browsers don't decode the pixel format ${facts.pixelFormat || "of the source"}`;
  }
  if (facts.interlaced) return "the source is interlaced";
  if (facts.bFrames === true) return "the source has B-frames, which WebRTC can't reorder";
  if (facts.bFrames === undefined && !profilesWithoutBFrames.includes(facts.profile)) {
    return "no frame came in time to rule out B-frames";
  }
  return undefined;
}

function withPixelRate(leg: LegPlan, facts: VideoFacts): LegPlan {
  const pixelRate = facts.width * facts.height * (facts.fps || 30);
  return pixelRate > 0 ? { ...leg, pixelRate } : leg;
}

function planAudio(policy: AudioPolicy, facts: AudioFacts | undefined): Decision {
  if (policy.mode === "off") return { leg: undefined, words: "off by webrtc.audio.mode" };
  if (facts === undefined) return { leg: undefined, words: "the source has none" };
  const transcode = (why: string): Decision => ({
    leg: { mode: "transcode", codec: "OPUS", map: facts.map },
    words: `transcoded to Opus because ${why}`,
  });
  if (policy.mode === "transcode") return transcode("webrtc.audio.mode says so");
  if (policy.mode === "copy") return copyAudio(facts);
  if (facts.codec !== "opus") {
    return transcode(`the source is ${facts.codec === "" ? "raw" : facts.codec}`);
  }
  // RFC 7587 section 4.1: WebRTC's Opus is mono or stereo.
  if (facts.channels > 2) return transcode(`the source has ${facts.channels} channels`);
  return copied("OPUS", facts.map, "");
}

function copyAudio(facts: AudioFacts): Decision {
  if (facts.codec === "" || facts.codec === "opus") {
    return copied("OPUS", facts.map, " by webrtc.audio.mode");
  }
  return {
    leg: undefined,
    words: `none, because webrtc.audio.mode is copy and the source is ${facts.codec}`,
  };
}
