/** What the installed FFmpeg can do, in datarhei Core's shape. Asked once and kept until it is asked for anew. */
import { FfmpegUnavailable } from "../errors/process.ts";
import type { ChildHandlers, SpawnChild } from "./child.ts";
import type { Clock } from "./clock.ts";
import { LineSplitter } from "./line-splitter.ts";
import { type HardwareDevice, hardwareDevices } from "./skills/devices.ts";
import {
  type Named,
  parseCodecs,
  parseFilters,
  parseFormats,
  parseHwaccels,
  parseProtocols,
  parseVersion,
  type Version,
} from "./skills/parse.ts";

export interface Device extends Named {
  readonly devices: readonly HardwareDevice[];
}

export interface Skills {
  readonly ffmpeg: Version;
  readonly filter: readonly Named[];
  readonly hwaccels: readonly Named[];
  readonly codecs: ReturnType<typeof parseCodecs>;
  readonly devices: { readonly demuxers: readonly Device[]; readonly muxers: readonly Device[] };
  readonly formats: ReturnType<typeof parseFormats>;
  readonly protocols: ReturnType<typeof parseProtocols>;
}

export interface SkillsTools {
  readonly spawn: SpawnChild;
  readonly clock: Pick<Clock, "after">;
}

interface Answer {
  readonly lines: readonly string[];
  /** The last line on stderr. */
  readonly error: string;
  /** Of its exit; null where it was killed. */
  readonly code: number | null;
}

/** FFmpeg 8 with everything prints 1500 lines of filters and codecs together. */
const LINES_MAX = 20_000;
const TIMEOUT_MS = 10_000;

export class FfmpegSkills {
  readonly #tools: SkillsTools;
  #known: Promise<Skills> | undefined;
  #asking = false;

  constructor(tools: SkillsTools) {
    this.#tools = tools;
  }

  /** Rejects with FfmpegUnavailable; the next call tries again. */
  get(): Promise<Skills> {
    if (this.#known !== undefined) return this.#known;
    const asked = this.#ask();
    this.#known = asked;
    asked.catch(() => {
      if (this.#known === asked) this.#known = undefined;
    });
    return asked;
  }

  /** Asks anew, for instance after FFmpeg was replaced. Calls at the same time share one answer. */
  reload(): Promise<Skills> {
    if (!this.#asking) this.#known = undefined;
    return this.get();
  }

  async #ask(): Promise<Skills> {
    this.#asking = true;
    try {
      // One after the other: this is asked of a machine that has streams to send.
      const { lines, error, code } = await this.#answerTo("-version");
      // Behind setpriv one that is missing can be started all the same.
      if (code !== 0) throw new FfmpegUnavailable(error || "it does not say its version");
      const version = parseVersion(lines);
      const devices = parseFormats(await this.#linesOf("-devices"));
      return {
        ffmpeg: version,
        filter: parseFilters(await this.#linesOf("-filters")),
        hwaccels: parseHwaccels(await this.#linesOf("-hwaccels")),
        codecs: parseCodecs(await this.#linesOf("-codecs")),
        devices: {
          demuxers: devices.demuxers.map(withHardware),
          muxers: devices.muxers.map(withHardware),
        },
        formats: parseFormats(await this.#linesOf("-formats")),
        protocols: parseProtocols(await this.#linesOf("-protocols")),
      };
    } finally {
      this.#asking = false;
    }
  }

  async #linesOf(question: string): Promise<readonly string[]> {
    return (await this.#answerTo(question)).lines;
  }

  #answerTo(question: string): Promise<Answer> {
    const { spawn, clock } = this.#tools;
    return new Promise((resolve, reject) => {
      const lines: string[] = [];
      let error = "";
      const stdout = new LineSplitter((line) => {
        if (lines.length < LINES_MAX) lines.push(line);
      });
      const stderr = new LineSplitter((line) => {
        error = line;
      });
      const handlers: ChildHandlers = {
        onStdout: (chunk) => stdout.push(chunk),
        onStderr: (chunk) => stderr.push(chunk),
        onExit: ({ code }) => {
          cancel();
          stdout.end();
          stderr.end();
          resolve({ lines, error, code });
        },
      };
      const child = start(spawn, question, handlers);
      if (child instanceof FfmpegUnavailable) return reject(child);
      const cancel = clock.after(TIMEOUT_MS, () => child.kill("SIGKILL"));
    });
  }
}

function start(spawn: SpawnChild, question: string, handlers: ChildHandlers) {
  try {
    return spawn(["-hide_banner", question], handlers);
  } catch (error) {
    return new FfmpegUnavailable(error instanceof Error ? error.message : String(error));
  }
}

function withHardware(format: Named): Device {
  return { ...format, devices: hardwareDevices(format.id) };
}
