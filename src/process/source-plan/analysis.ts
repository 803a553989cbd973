/**
 * How long FFmpeg has to analyse an input before it sends anything. Any moment can bring a transport stream another track, so
 * FFmpeg takes 5 s for it, at every start, while viewers wait. Who has looked at the source knows when all is there.
 */
import { isDevice, isLavfi, isLocalFile } from "../record/address.ts";
import type { ProcessIO, ProcessRecord } from "../record.ts";
import type { LegPlans } from "../source-plan.ts";
import type { SourceFacts } from "./facts.ts";

/** The tables come several times a second, sound has no gaps. */
const tracksSeconds = 1;
/** A copied picture is described by its first keyframe, which has to be read whole. */
const keyframeSeconds = 0.5;
/** What FFmpeg takes where nothing is odd. By itself it waits 30 s for subtitles and data, and 90 s for sound that FLV only announces. */
const usualSeconds = 5;

/** Seconds of media for an input that nobody has looked at; undefined: what FFmpeg takes by itself. */
export function firstAnalysisSeconds(input: ProcessIO): number | undefined {
  return isLocalFile(input) || isLavfi(input) || isDevice(input) ? undefined : usualSeconds;
}

/** The same for the input of this index once somebody has. */
export function analysisSeconds(
  record: ProcessRecord,
  plan: (Pick<LegPlans, "video"> & { readonly facts?: SourceFacts }) | undefined,
  index: number,
): number | undefined {
  const input = record.input[index];
  const facts = plan?.facts;
  if (input === undefined || facts === undefined) return undefined;
  const seconds = firstAnalysisSeconds(input);
  // Further outputs may take tracks that nobody looked at.
  if (seconds === undefined || record.output.length > 0) return seconds;
  const isOfInput = ({ map }: { readonly map: string }) => Number.parseInt(map, 10) === index;
  const found = [facts.video, facts.audio].filter((track) => track !== undefined);
  const tracks = found.filter(isOfInput);
  const isTransport = tracks.length > 0 && tracks.every(({ container }) => container === "mpegts");
  if (!isTransport) return seconds;
  const { video } = facts;
  if (plan?.video?.mode !== "copy" || video === undefined || !isOfInput(video))
    return tracksSeconds;
  if (!video.gopMeasured || video.gopSeconds === undefined) return seconds;
  return Math.min(seconds, Math.max(tracksSeconds, video.gopSeconds + keyframeSeconds));
}
