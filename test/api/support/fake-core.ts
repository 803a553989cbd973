/** Core's routes over values in memory. */
import type { CoreRoutesOptions } from "../../../src/api/routes/core.ts";
import { coreView } from "../../../src/config/core-view.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { FileNotFound } from "../../../src/errors.ts";
import { ServerMetadata } from "../../../src/process/server-metadata.ts";
import type { Skills } from "../../../src/process/skills.ts";
import { LogTail } from "../../../src/telemetry/log-tail.ts";

export const SKILLS: Skills = {
  ffmpeg: { version: "7.1.1", compiler: "gcc", configuration: "--x", libraries: [] },
  filter: [],
  hwaccels: [],
  codecs: { audio: [], video: [], subtitle: [] },
  devices: { demuxers: [], muxers: [] },
  formats: { demuxers: [], muxers: [] },
  protocols: { input: [], output: [] },
};

/** The configuration of a server with these variables. */
export function configured(env: Record<string, string>) {
  const loaded = loadConfig({ env, readFile: () => "" });
  if ("problems" in loaded) throw new Error(loaded.problems.join());
  return loaded.config;
}

export function fakeCore(): CoreRoutesOptions {
  return {
    metadata: new ServerMetadata({ serverMetadata: () => new Map(), setServerMetadata: () => {} }),
    log: new LogTail(10),
    disk: {
      list: async () => [],
      open: async (path) => {
        throw new FileNotFound(path);
      },
      write: async () => true,
      remove: async (path) => {
        throw new FileNotFound(path);
      },
    },
    skills: { get: async () => SKILLS, reload: async () => SKILLS },
    config: {
      view: coreView(configured({})),
      overrides: [],
      loadedMs: 1_795_208_703_000,
      reload: () => {},
    },
  };
}
