/** Core's routes over values in memory. */
import type { CoreRoutesOptions } from "../../../src/api/routes/core.ts";
import { coreView } from "../../../src/config/core-view.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { FileNotFound } from "../../../src/errors/process.ts";
import { Monitor } from "../../../src/monitor/monitor.ts";
import type { Collector } from "../../../src/monitor/value.ts";
import { Viewing } from "../../../src/monitor/viewing.ts";
import { ServerMetadata } from "../../../src/process/server-metadata.ts";
import type { Skills } from "../../../src/process/skills.ts";
import { LogTail } from "../../../src/telemetry/log-tail.ts";
import { redact } from "../../../src/telemetry/redact.ts";

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

/** As a Core that keeps a minute, by the real clock. */
export function monitorOf(collectors: readonly Collector[]): Monitor {
  return new Monitor({ collectors, rangeSeconds: 60, intervalSeconds: 2, unixMs: Date.now });
}

export function fakeCore(): CoreRoutesOptions {
  return {
    monitor: monitorOf([]),
    viewing: new Viewing({
      peers: () => [],
      sent: () => [],
      isStream: () => true,
      peersMax: 500,
      nowMs: () => 0,
    }),
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
      view: coreView(configured({}), redact),
      overrides: [],
      loadedMs: 1_795_208_703_000,
      reload: async () => [],
    },
  };
}
