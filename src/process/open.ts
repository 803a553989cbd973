/** Puts the process room together for the server: store, orphans, children, probe, manager. */
import { accessSync, constants, mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import type { AccessRules } from "./access/rules.ts";
import { childEnvironment, createSpawn } from "./child.ts";
import { systemClock } from "./clock.ts";
import { ProcessManager } from "./manager.ts";
import { ChildJournal } from "./orphans.ts";
import { outputFolders } from "./output-folders.ts";
import { describeSource, probeSource } from "./probe.ts";
import { readUsage } from "./proc-stat.ts";
import { type ProcessRecord, shortId } from "./record.ts";
import { resolveRecord } from "./resolve.ts";
import { ServerMetadata } from "./server-metadata.ts";
import { FfmpegSkills } from "./skills.ts";
import { assumedFacts, needsProbe, planSource, type SourcePlan } from "./source-plan.ts";
import { StartPace } from "./start-pace.ts";
import { lockStore } from "./store/lock.ts";
import { ProcessStore } from "./store.ts";
import type { ProcessLog, SupervisorHooks, SupervisorTools } from "./supervisor.ts";

export interface ProcessRoomOptions {
  readonly dbFolder: string;
  readonly ffmpegBinary: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly serverPid: number;
  readonly access: AccessRules;
  readonly maxProcesses: number;
  readonly configRecords: readonly ProcessRecord[];
  readonly hooks: SupervisorHooks;
  readonly onRecord: (record: ProcessRecord | undefined, id: string) => void;
  /** How many watch the stream of a process. */
  readonly viewers: (id: string) => number;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly log: ProcessLog;
  readonly supervise: SupervisorTools["supervise"];
}

export interface ProcessRoom {
  readonly manager: ProcessManager;
  readonly metadata: ServerMetadata;
  readonly skills: FfmpegSkills;
  readonly store: Pick<ProcessStore, "bytes" | "problem" | "viewerTokens">;
  /** Stops every FFmpeg, then closes the store. */
  close(): Promise<void>;
}

/** Opens the room; nothing is started before manager.startAll(). Throws StoreFailed, ProcessInvalid. */
export function openProcessRoom(options: ProcessRoomOptions): ProcessRoom {
  const unlock = lockStore(options.dbFolder);
  const store = openStore(options.dbFolder, unlock);
  // Tells an operator with a disk that is not mounted why every process is missing.
  if (store.isNew) options.log.info("process store begun", { folder: resolve(options.dbFolder) });
  const journal = new ChildJournal(options.dbFolder, options.serverPid);
  const ended = journal.endOrphans();
  if (ended > 0) options.log.warn("ended FFmpeg left by an earlier server", { count: ended });
  const pace = new StartPace(systemClock);
  const spawn = pace.watch(
    journal.watch(
      createSpawn({
        binary: options.ffmpegBinary,
        setpriv: findSetpriv(),
        environment: childEnvironment(options.environment),
      }),
    ),
  );
  const probing = { spawn, clock: systemClock };
  const plan = async (record: ProcessRecord, stop: AbortSignal): Promise<SourcePlan> => {
    if (!needsProbe(record)) return planSource(record, assumedFacts(record));
    await pace.turn(stop);
    return planSource(record, await probeSource(record, probing, stop));
  };
  const manager = new ProcessManager({
    store,
    tools: {
      hooks: options.hooks,
      turn: (stop) => pace.turn(stop),
      spawn,
      makeFolders: (record) => makeOutputFolders(record, options),
      plan,
      usage: readUsage,
      clock: systemClock,
      cores: availableParallelism(),
      log: options.log,
      supervise: options.supervise,
    },
    resolve: (record, find, message) =>
      resolveRecord(record, { rules: options.access, find }, message),
    configRecords: options.configRecords,
    maxProcesses: options.maxProcesses,
    newId: () => shortId(options.randomBytes),
    onRecord: options.onRecord,
    viewers: options.viewers,
    probe: (record, stop) => describeSource(record, probing, stop),
  });
  return {
    manager,
    metadata: new ServerMetadata(store),
    skills: new FfmpegSkills(probing),
    store,
    close: async () => {
      await manager.stopAll();
      store.close();
      unlock();
    },
  };
}

function openStore(folder: string, unlock: () => void): ProcessStore {
  try {
    return ProcessStore.open(folder);
  } catch (error) {
    unlock();
    throw error;
  }
}

function makeOutputFolders(
  record: ProcessRecord,
  { access, log }: Pick<ProcessRoomOptions, "access" | "log">,
): void {
  for (const folder of outputFolders(record, access.storageFolder)) {
    try {
      mkdirSync(folder, { recursive: true });
    } catch (error) {
      log.warn("storage folder can't be made", { folder, problem: String(error) });
    }
  }
}

/** Looked up by path, so that a folder in PATH that others write to can't slip in another one. */
function findSetpriv(): string | undefined {
  return ["/usr/bin/setpriv", "/bin/setpriv", "/sbin/setpriv"].find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
