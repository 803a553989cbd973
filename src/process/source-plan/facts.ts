/** What is known of a source's first video and first audio, and how it is said. Pure. */

export interface VideoFacts {
  /** FFmpeg's stream specifier, such as 0:v:0. */
  readonly map: string;
  /** FFmpeg's name of the input's format, such as mpegts; "" where nobody looked. */
  readonly container: string;
  /** FFmpeg's name in lower case; rawvideo for test sources, "" where nobody looked. */
  readonly codec: string;
  readonly profile: string;
  readonly pixelFormat: string;
  readonly interlaced: boolean;
  readonly width: number;
  readonly height: number;
  /** Width of a pixel by its height. */
  readonly pixelAspect: number;
  /** How a player turns the picture, in degrees. */
  readonly rotation: number;
  readonly fps: number;
  /** undefined: no packet was seen. */
  readonly bFrames: boolean | undefined;
  /** What FFmpeg takes for keyframes are recovery points (intra refresh, open GOPs): no browser starts there. */
  readonly withoutIdr?: true;
  /** Longest distance between keyframes seen, or how long was watched without a second one. */
  readonly gopSeconds: number | undefined;
  /** False: gopSeconds is only the time that was watched. */
  readonly gopMeasured: boolean;
}

export interface AudioFacts {
  readonly map: string;
  readonly container: string;
  readonly codec: string;
  readonly samplingHz: number;
  readonly channels: number;
}

export interface SourceFacts {
  readonly video: VideoFacts | undefined;
  readonly audio: AudioFacts | undefined;
}

export const unknownVideo: VideoFacts = {
  map: "0:v:0",
  container: "",
  codec: "",
  profile: "",
  pixelFormat: "",
  interlaced: false,
  width: 0,
  height: 0,
  pixelAspect: 1,
  rotation: 0,
  fps: 0,
  bFrames: undefined,
  gopSeconds: undefined,
  gopMeasured: false,
};

export const unknownAudio: AudioFacts = {
  map: "0:a:0",
  container: "",
  codec: "",
  samplingHz: 0,
  channels: 0,
};

const usualPixelFormats = ["", "yuv420p", "yuvj420p"];

/** Both kinds of media in a few words: `H.264 High with B-frames, 1280x720, 30 fps; AAC, stereo`. */
export function factsInWords({ video, audio }: SourceFacts): string {
  const parts = [
    ...(video === undefined ? [] : [videoInWords(video)]),
    ...(audio === undefined ? [] : [audioInWords(audio)]),
  ];
  return parts.length === 0 ? "neither video nor audio" : parts.join("; ");
}

const codecNames: Readonly<Record<string, string>> = {
  h264: "H.264",
  hevc: "H.265",
  mpeg2video: "MPEG-2",
  mpeg4: "MPEG-4",
  opus: "Opus",
  vorbis: "Vorbis",
  ac3: "AC-3",
  eac3: "E-AC-3",
};

/** A codec as people write it. */
export function codecName(codec: string): string {
  if (codec === "rawvideo" || codec === "wrapped_avframe") return "raw video";
  if (codec === "pcm_mulaw" || codec === "pcm_alaw") return "G.711";
  if (codec.startsWith("pcm_")) return "raw audio";
  return codecNames[codec] ?? codec.toUpperCase();
}

/** What was watched for less says nothing of the distance of keyframes. */
const watchedSecondsMin = 1;

/** `keyframes every 10 s`, or what is known instead. */
export function gopInWords({ gopSeconds, gopMeasured }: VideoFacts): string | undefined {
  const rounded = Math.round((gopSeconds ?? 0) * 10) / 10;
  if (rounded === 0 || (!gopMeasured && rounded < watchedSecondsMin)) return undefined;
  const seconds = `${rounded} s`;
  return gopMeasured ? `keyframes every ${seconds}` : `no second keyframe within ${seconds}`;
}

function videoInWords(facts: VideoFacts): string {
  const name = [codecName(facts.codec), facts.profile].filter((word) => word !== "").join(" ");
  const gop = gopInWords(facts);
  return [
    facts.bFrames === true ? `${name} with B-frames` : name,
    ...(facts.interlaced ? ["interlaced"] : []),
    ...(facts.rotation === 0 ? [] : [`turned by ${facts.rotation}°`]),
    ...(usualPixelFormats.includes(facts.pixelFormat) ? [] : [facts.pixelFormat]),
    ...(facts.width > 0 ? [`${facts.width}x${facts.height}${pixelsInWords(facts)}`] : []),
    ...(facts.fps > 0 ? [`${facts.fps} fps`] : []),
    ...(gop === undefined ? [] : [gop]),
  ].join(", ");
}

function pixelsInWords({ pixelAspect }: VideoFacts): string {
  return pixelAspect === 1 ? "" : ` with pixels of ${Math.round(pixelAspect * 1000) / 1000}:1`;
}

const layouts: Readonly<Record<number, string>> = { 1: "mono", 2: "stereo" };

function audioInWords({ codec, samplingHz, channels }: AudioFacts): string {
  return [
    codecName(codec),
    ...(samplingHz > 0 ? [`${samplingHz / 1000} kHz`] : []),
    ...(channels > 0 ? [layouts[channels] ?? `${channels} channels`] : []),
  ].join(", ");
}
