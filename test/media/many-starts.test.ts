/** Many processes that are started in one go, as by a server that starts again: they take turns. No FFmpeg is needed. */
import { afterAll, expect, test } from "bun:test";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../src/config/load.ts";
import { configuredRules } from "../../src/process/access/configured.ts";
import { openProcessRoom } from "../../src/process/open.ts";
import { parseRecord } from "../../src/process/record.ts";
import { memoryFolder } from "../support/memory-folder.ts";
import { childrenOf } from "../support/processes.ts";
import { until } from "../support/whep-player.ts";

const PROCESSES = 20;
const folder = memoryFolder("many-starts-");
afterAll(() => rmSync(folder, { recursive: true }));

function openRoom(more: object) {
  const loaded = loadConfig({ file: undefined, env: { CORE_DB_DIR: folder }, readFile: () => "" });
  if ("problems" in loaded) throw new Error(loaded.problems.join());
  const binary = join(folder, "ffmpeg");
  writeFileSync(binary, "#!/bin/sh\nexec sleep 30\n");
  chmodSync(binary, 0o755);
  const nothing = () => undefined;
  return openProcessRoom({
    dbFolder: folder,
    ffmpegBinary: binary,
    environment: process.env,
    serverPid: process.pid,
    maxProcesses: 0,
    configRecords: Array.from({ length: PROCESSES }, (_, i) =>
      parseRecord({
        id: `cam${i}`,
        input: [{ id: "in", address: "rtsp://127.0.0.1:1/x" }],
        ...more,
      }),
    ),
    access: configuredRules(loaded.config),
    viewers: () => 0,
    supervise: (look) => look(),
    onRecord: nothing,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    log: { info: nothing, warn: nothing },
    hooks: {
      prepare: async () => [],
      started: nothing,
      exited: nothing,
      stateChanged: nothing,
      mediaPackets: () => 0,
    },
  });
}

test.each([
  ["looks at sources", { output: [], webrtc: { enabled: true } }],
  ["runs without a look", { output: [{ id: "out", address: "-", options: ["-f", "null"] }] }],
])(
  "%s begin one after the other, with turns of the event loop in between",
  async (_, more) => {
    const room = openRoom(more);
    const strangers = new Set(childrenOf(process.pid));
    const started = () => childrenOf(process.pid).filter((pid) => !strangers.has(pid)).length;
    try {
      room.manager.startAll();
      await Promise.resolve();
      expect(started()).toBeLessThanOrEqual(1);
      let turns = 0;
      const timer = setInterval(() => turns++, 1);
      await until(() => started() === PROCESSES, 20_000, "all to be started");
      clearInterval(timer);
      expect(turns).toBeGreaterThan(PROCESSES / 2);
    } finally {
      await room.close();
    }
  },
  40_000,
);
