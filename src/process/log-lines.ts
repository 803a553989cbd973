/**
 * Reads facts out of single lines of FFmpeg's log (5.1 to 8): level prefixes, which inputs and
 * outputs were opened, and what their streams are. Pure; a line it does not know is `undefined`.
 */

export type LogLevel =
  | "quiet"
  | "panic"
  | "fatal"
  | "error"
  | "warning"
  | "info"
  | "verbose"
  | "debug"
  | "trace";

export interface FileLine {
  readonly kind: "input" | "output";
  readonly index: number;
  readonly format: string;
  readonly address: string;
}

export interface StreamLine {
  readonly kind: "stream";
  readonly file: number;
  readonly stream: number;
  readonly language: string;
  readonly type: "video" | "audio" | "subtitle" | "data" | "attachment";
  readonly codec: string;
  readonly profile: string;
  readonly bitrateKbit: number;
  readonly pixelFormat: string;
  readonly interlaced: boolean;
  readonly attachedPicture: boolean;
  readonly width: number;
  readonly height: number;
  /** Width of a pixel by its height; 1 where the source does not say. */
  readonly pixelAspect: number;
  readonly fps: number;
  readonly samplingHz: number;
  readonly layout: string;
  readonly channels: number;
}

export interface MappingLine {
  readonly kind: "mapping";
}

/** Side data of the stream that stands before it: how a player turns the picture. */
export interface RotationLine {
  readonly kind: "rotation";
  readonly degrees: number;
}

export type KnownLine = FileLine | StreamLine | MappingLine | RotationLine;

/** Since FFmpeg 6.1 a component may stand behind the one it belongs to. */
const levelPrefix =
  /^((?:\[[^\]]* @ 0x[0-9a-f]+\] ){0,2})\[(quiet|panic|fatal|error|warning|info|verbose|debug|trace)\] /;
const fileLine = /^(Input|Output) #(\d+), (.+?), (?:from|to) '(.*)':$/;
const streamLine =
  /^ *Stream #(\d+):(\d+)(?:\[[^\]]*\])?(?:\(([^)]*)\))?: (Video|Audio|Subtitle|Data|Attachment): (.*)$/;
/** Since FFmpeg 7 in two words with capitals. */
const rotationLine = /^ *display ?matrix: rotation of (-?[\d.]+) degrees/i;

/** Takes the level apart that `-loglevel level+…` writes into a line. */
export function splitLevel(line: string): { level: LogLevel | undefined; text: string } {
  const found = levelPrefix.exec(line);
  if (found === null) return { level: undefined, text: line };
  return { level: found[2] as LogLevel, text: (found[1] ?? "") + line.slice(found[0].length) };
}

const unresolvedName = /Failed to resolve hostname/;
const saysLess = /Error opening input|: Input\/output error$/;

/** Of an error and the one after it, the one to show: an unknown host name FFmpeg follows up with "Input/output error". */
export function plainerError(before: string, after: string): string {
  return unresolvedName.test(before) && saysLess.test(after) ? before : after;
}

/** Longer lines are read by nobody: some patterns take time by the square of the length. */
const lineLengthMax = 8192;

/** Reads an Input, Output, Stream, rotation or Stream mapping line; anything else is `undefined`. */
export function parseLogLine(line: string): KnownLine | undefined {
  if (line.length > lineLengthMax) return undefined;
  const { text } = splitLevel(line);
  if (text === "Stream mapping:") return { kind: "mapping" };
  const rotation = rotationLine.exec(text);
  if (rotation !== null) return { kind: "rotation", degrees: Number(rotation[1]) };
  return parseFileLine(text) ?? parseStreamLine(text);
}

function parseFileLine(text: string): FileLine | undefined {
  const found = fileLine.exec(text);
  if (found === null) return undefined;
  return {
    kind: found[1] === "Input" ? "input" : "output",
    index: Number(found[2]),
    format: found[3] ?? "",
    address: found[4] ?? "",
  };
}

function parseStreamLine(text: string): StreamLine | undefined {
  const found = streamLine.exec(text);
  if (found === null) return undefined;
  const parts = splitOutsideBrackets(found[5] ?? "");
  const codec = parts[0] ?? "";
  const picture = parts[1] ?? "";
  const type = (found[4] ?? "").toLowerCase() as StreamLine["type"];
  const size = firstMatch(parts, /^(\d{1,6})x(\d{1,6})/);
  const rate = parts.findIndex((part) => /^\d+ Hz$/.test(part));
  const layout = type === "audio" && rate >= 0 ? (parts[rate + 1] ?? "") : "";
  return {
    kind: "stream",
    file: Number(found[1]),
    stream: Number(found[2]),
    language: found[3] ?? "und",
    type,
    codec: /^[^\s(]+/.exec(codec)?.[0] ?? "",
    profile: profileOf(codec),
    bitrateKbit: Number(firstMatch(parts, /^(\d+) kb\/s/)?.[1] ?? 0),
    pixelFormat: type === "video" && size !== undefined ? pixelFormatOf(picture) : "",
    interlaced: /\b(?:top|bottom) (?:coded )?first\b/.test(picture),
    attachedPicture: text.includes("(attached pic)"),
    width: Number(size?.[1] ?? 0),
    height: Number(size?.[2] ?? 0),
    pixelAspect: pixelAspectOf(parts),
    fps: Number(firstMatch(parts, /^([\d.]+) fps/)?.[1] ?? 0),
    samplingHz: rate >= 0 ? Number.parseInt(parts[rate] ?? "", 10) : 0,
    layout,
    channels: channelsOf(layout),
  };
}

/** `h264 (Main) (avc1 / 0x31637661)`: the profile is the bracket that is not the codec tag. */
function profileOf(codec: string): string {
  for (const found of codec.matchAll(/\(([^()]*)\)/g)) {
    const text = found[1] ?? "";
    if (!text.includes(" / 0x") && text !== "native") return text;
  }
  return "";
}

function pixelFormatOf(part: string): string {
  const name = /^[a-z0-9_]+/.exec(part)?.[0] ?? "";
  return name === "none" || /^\d+x\d+/.test(part) ? "" : name;
}

/** `320x180 [SAR 64:45 DAR 16:9]`; a container that differs says `SAR 64:45 DAR 16:9` for itself. */
function pixelAspectOf(parts: readonly string[]): number {
  const found = firstMatch(parts, /\bSAR (\d+):(\d+)/);
  const aspect = Number(found?.[1] ?? 1) / Number(found?.[2] ?? 1);
  return aspect > 0 && Number.isFinite(aspect) ? aspect : 1;
}

const knownLayouts: Readonly<Record<string, number>> = {
  mono: 1,
  stereo: 2,
  downmix: 2,
  "2.1": 3,
  "3.0": 3,
  quad: 4,
  "4.0": 4,
  "5.0": 5,
  "5.1": 6,
  "6.1": 7,
  "7.1": 8,
};

function channelsOf(layout: string): number {
  const counted = /^(\d+) channels/.exec(layout);
  if (counted !== null) return Number(counted[1]);
  return knownLayouts[layout.replace(/\(.*/, "")] ?? 0;
}

function firstMatch(parts: readonly string[], pattern: RegExp): RegExpExecArray | undefined {
  for (const part of parts) {
    const found = pattern.exec(part);
    if (found !== null) return found;
  }
  return undefined;
}

/** Splits at ", " but not inside brackets: `yuv420p(tv, bt709, progressive)` is one part. */
function splitOutsideBrackets(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === "(" || char === "[") depth += 1;
    else if (char === ")" || char === "]") depth = Math.max(0, depth - 1);
    else if (char === "," && depth === 0) {
      parts.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  parts.push(text.slice(from).trim());
  return parts;
}
