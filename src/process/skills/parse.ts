/** Reads what FFmpeg lists of itself (-version, -codecs, -formats …), with datarhei Core's expressions. Pure. */

export interface Named {
  readonly id: string;
  readonly name: string;
}

export interface Codec extends Named {
  /** null where there is none. */
  readonly encoders: readonly string[] | null;
  readonly decoders: readonly string[] | null;
}

export interface Library {
  readonly name: string;
  readonly compiled: string;
  readonly linked: string;
}

export interface Version {
  /** Three numbers; "" where FFmpeg gives none, as builds of its main branch do. */
  readonly version: string;
  readonly compiler: string;
  readonly configuration: string;
  readonly libraries: readonly Library[];
}

export interface InAndOut {
  readonly demuxers: readonly Named[];
  readonly muxers: readonly Named[];
}

const number = String.raw`\d+\.\s*\d+\.\s*\d+`;
const library = new RegExp(String.raw`^\s*(lib[a-z]+)\s+(${number}) /\s+(${number})`);
const codecLine =
  /^\s([D.])([E.])([VAS]).{3} (\w+)\s+(.*?)(?:\(decoders:([^)]+)\))?\s?(?:\(encoders:([^)]+)\))?$/;
/** FFmpeg 7 marks devices with a third letter. */
const formatLine = /^\s([D ])([E ])[d ]? ?([\w,]+)\s*(.*)$/;
const filterLine = /^\s[TSC.]{2,3} (\w+)\s+\S+\s+(.*)$/;

export function parseVersion(lines: readonly string[]): Version {
  const after = (pattern: RegExp) =>
    lines.map((line) => pattern.exec(line)?.[1]).find(Boolean) ?? "";
  const [major, minor, patch = "0"] = after(/^ffmpeg version n?(\d+\.\d+(?:\.\d+)?)/).split(".");
  return {
    version: minor === undefined ? "" : `${major}.${minor}.${patch}`,
    compiler: after(/^\s*built with (.*)$/),
    configuration: after(/^\s*configuration: (.*)$/),
    libraries: lines.flatMap((line) => {
      const [, name, compiled, linked] = library.exec(line) ?? [];
      if (name === undefined || compiled === undefined || linked === undefined) return [];
      return [{ name, compiled, linked }];
    }),
  };
}

export function parseCodecs(lines: readonly string[]) {
  const codecs: Record<"V" | "A" | "S", Codec[]> = { V: [], A: [], S: [] };
  for (const line of lines) {
    const [, decodes, encodes, media, id = "", name = "", decoders, encoders] =
      codecLine.exec(line) ?? [];
    if (media !== "V" && media !== "A" && media !== "S") continue;
    codecs[media].push({
      id,
      name: name.trim(),
      encoders: encodes === "E" ? words(encoders, id) : null,
      decoders: decodes === "D" ? words(decoders, id) : null,
    });
  }
  return { audio: codecs.A, video: codecs.V, subtitle: codecs.S };
}

/** Of -formats and -devices. Of several names the first is the id. */
export function parseFormats(lines: readonly string[]): InAndOut {
  const demuxers: Named[] = [];
  const muxers: Named[] = [];
  for (const line of lines) {
    const [, demuxes, muxes, names = "", name = ""] = formatLine.exec(line) ?? [];
    const format = { id: names.split(",")[0] ?? "", name };
    if (demuxes === "D") demuxers.push(format);
    if (muxes === "E") muxers.push(format);
  }
  return { demuxers, muxers };
}

export function parseFilters(lines: readonly string[]): Named[] {
  return lines.flatMap((line) => {
    const [, id, name = ""] = filterLine.exec(line) ?? [];
    return id === undefined ? [] : [{ id, name }];
  });
}

export function parseHwaccels(lines: readonly string[]): Named[] {
  const start = lines.indexOf("Hardware acceleration methods:");
  const ids = lines.slice(start + 1).filter((line) => /^\w+$/.test(line));
  return start < 0 ? [] : ids.map(nameless);
}

export function parseProtocols(lines: readonly string[]) {
  const from = lines.indexOf("Input:");
  const to = lines.indexOf("Output:");
  const ids = (list: readonly string[]) => list.map((line) => line.trim()).filter(Boolean);
  if (from < 0 || to < from) return { input: [], output: [] };
  return {
    input: ids(lines.slice(from + 1, to)).map(nameless),
    output: ids(lines.slice(to + 1)).map(nameless),
  };
}

function nameless(id: string): Named {
  return { id, name: id };
}

function words(list: string | undefined, otherwise: string): string[] {
  return list === undefined ? [otherwise] : list.trim().split(/\s+/);
}
