/**
 * Which addresses FFmpeg may be given to read. Core has regular expressions for this and none by
 * default; here the list of schemes is closed, because FFmpeg's other protocols (concat:, subfile:,
 * data:, pipe: …) open files by side doors.
 */

/** Schemes an input may have. A path without a scheme is a local file. */
export const inputSchemes: readonly string[] = [
  "rtsp",
  "rtsps",
  "rtmp",
  "rtmps",
  "srt",
  "http",
  "https",
  "hls+http",
  "hls+https",
  "rtp",
  "udp",
  "tcp",
  "tls",
  "file",
];

/** Capture devices: their addresses (hw:0, :0.0) are names that FFmpeg opens as nothing else. */
const deviceFormats = [
  "v4l2",
  "video4linux2",
  "alsa",
  "pulse",
  "jack",
  "x11grab",
  "kmsgrab",
  "fbdev",
  "decklink",
];

/** FFmpeg takes every leading run of these characters before a colon for a protocol name. */
const scheme = /^([A-Za-z0-9+.-]+):/;
const controlCharacter = /\p{Cc}/u;
/** FFmpeg accepts this protocol with a comma in place of the colon. */
const subfile = /^subfile,/i;

export interface AddressedInput {
  readonly address: string;
  readonly options: readonly string[];
}

/** True if the options say the address is a filter graph of FFmpeg's test sources. */
export function isLavfi(input: AddressedInput): boolean {
  return optionValue(input.options, "-f") === "lavfi";
}

/** True if the options say the address names a capture device. */
export function isDevice(input: AddressedInput): boolean {
  return deviceFormats.includes(optionValue(input.options, "-f") ?? "");
}

/** The value of the last occurrence of an FFmpeg option, if it is there. */
export function optionValue(options: readonly string[], name: string): string | undefined {
  const at = options.lastIndexOf(name);
  return at < 0 ? undefined : options[at + 1];
}

/** The scheme of an address in lower case; undefined for a local path. */
export function schemeOf(address: string): string | undefined {
  return scheme.exec(address)?.[1]?.toLowerCase();
}

/** True for a path on this machine that is a plain file, not a device. */
export function isLocalFile(input: AddressedInput): boolean {
  if (isLavfi(input) || isDevice(input)) return false;
  const found = schemeOf(input.address);
  if (found !== undefined && found !== "file") return false;
  return !/^(?:file:(?:\/\/)?)?\/dev\//.test(input.address);
}

/** True if the options say that the input begins anew at its end. */
export function isLooped(input: AddressedInput): boolean {
  return (optionValue(input.options, "-stream_loop") ?? "0") !== "0";
}

/** Says in one phrase why an address can't be read, or undefined. */
export function inputAddressProblem(input: AddressedInput): string | undefined {
  const { address } = input;
  const common = commonProblem(address);
  if (common !== undefined || isLavfi(input) || isDevice(input)) return common;
  const found = subfile.test(address) ? "subfile" : schemeOf(address);
  if (found === undefined || inputSchemes.includes(found)) return undefined;
  const allowed = inputSchemes.join(", ");
  return `has the scheme "${found.slice(0, 40)}"; allowed: ${allowed}, a file path, or a test source with the options -f lavfi`;
}

/** Says in one phrase why an address can't be written to, or undefined. "-" is FFmpeg's stdout. */
export function outputAddressProblem(address: string): string | undefined {
  return address === "-" ? undefined : commonProblem(address);
}

function commonProblem(address: string): string | undefined {
  if (address.trim() === "") return "must not be empty";
  if (address.startsWith("-")) return "must not begin with -, FFmpeg would take it for an option";
  return controlCharacter.test(address) ? "must not hold control characters" : undefined;
}

/** True if an id is a name a URL, a log line and a file may show. */
export function hasControlCharacter(text: string): boolean {
  return controlCharacter.test(text);
}
