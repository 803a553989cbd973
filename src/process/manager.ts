/**
 * All processes: those of the configuration file (read-only) and those of the store. Validates,
 * stores first and acts then, and never makes a reader wait for a stop.
 */
import { CommandFailed, ProcessInvalid, ProcessNotFound } from "../errors/process.ts";
import { appliesAtOnce, type ChangeEffect, effectOf } from "./change.ts";
import { withValue } from "./metadata.ts";
import type { ProbeAnswer } from "./probe.ts";
import { hideSecrets, refuseHidden, restoreSecrets } from "./record/secrets.ts";
import { type NewId, type ProcessRecord, parseRecord } from "./record.ts";
import type { FindRecord } from "./resolve/references.ts";
import type { ProcessReport } from "./run-log.ts";
import { Serial } from "./serial.ts";
import type { CopyFault } from "./source-plan.ts";
import type { ProcessStore, StoredProcess } from "./store.ts";
import type { ProcessState } from "./supervisor/process-state.ts";
import { Supervisor, type SupervisorTools, type SupervisorView } from "./supervisor.ts";

export type ProcessSource = "config" | "store";

export interface ProcessEntry {
  readonly id: string;
  readonly type: "ffmpeg";
  readonly reference: string;
  readonly source: ProcessSource;
  /** Unix seconds. */
  readonly created_at: number;
  readonly updated_at: number;
  /** Without passwords. */
  readonly config: ProcessRecord;
  readonly metadata: Readonly<Record<string, unknown>> | null;
}

/** What a change would do, or did. */
export interface Change {
  readonly entry: ProcessEntry;
  readonly effect: ChangeEffect;
}

export const commands = ["start", "stop", "restart", "reload"] as const;
export type Command = (typeof commands)[number];

export interface ManagerOptions {
  readonly store: ProcessStore;
  readonly tools: Omit<SupervisorTools, "resolve">;
  /** Throws ProcessInvalid with this message where a record may not be run as it is. */
  readonly resolve: (record: ProcessRecord, find: FindRecord, message?: string) => ProcessRecord;
  readonly configRecords: readonly ProcessRecord[];
  /** 0 = no limit. */
  readonly maxProcesses: number;
  readonly newId: NewId;
  /** A record came, changed, or (undefined) went: the hub keeps its streams by this. */
  readonly onRecord: (record: ProcessRecord | undefined, id: string) => void;
  readonly probe: (record: ProcessRecord, stop: AbortSignal) => Promise<ProbeAnswer>;
  /** How many watch the stream of a process. */
  readonly viewers: (id: string) => number;
}

interface Managed {
  stored: StoredProcess;
  readonly source: ProcessSource;
  readonly supervisor: Supervisor;
}

export class ProcessManager {
  readonly #options: ManagerOptions;
  readonly #processes = new Map<string, Managed>();
  /** Of the changes of one process. */
  readonly #serial = new Serial();
  /** Ids of stored processes that cannot be read; they are there until they are deleted. */
  readonly #unreadable: Set<string>;
  /** Old ids of processes that are being renamed: their streams are still there. */
  readonly #leaving = new Set<string>();
  #closing = false;

  constructor(options: ManagerOptions) {
    this.#options = options;
    for (const record of options.configRecords) this.#adoptConfig(record);
    const { processes, unreadable } = options.store.load();
    for (const stored of processes) this.#adoptStored(stored);
    this.#unreadable = new Set(unreadable.map(({ id }) => id));
    for (const { id, problem } of unreadable) {
      options.tools.log.warn("stored process is not usable and stays stopped", { id, problem });
    }
  }

  list(): readonly ProcessEntry[] {
    return [...this.#processes.values()].map(entryOf);
  }

  has(id: string): boolean {
    return this.#processes.has(id);
  }

  /** Throws ProcessNotFound, as all that take an id. */
  get(id: string): ProcessEntry {
    return entryOf(this.#find(id));
  }

  state(id: string): ProcessState {
    return this.#find(id).supervisor.state();
  }

  report(id: string): ProcessReport {
    return this.#find(id).supervisor.report();
  }

  view(id: string): SupervisorView {
    return this.#find(id).supervisor.view();
  }

  /** All processes as they are now, and which of them are sources of streams. */
  views(): readonly { id: string; isStream: boolean; view: SupervisorView }[] {
    return [...this.#processes.values()].map(({ stored: { record }, supervisor }) => ({
      id: record.id,
      isStream: record.webrtc?.enabled === true,
      view: supervisor.view(),
    }));
  }

  /** The copied video of a process turned out to be such that no viewer can play it. */
  copyFailed(id: string, fault: CopyFault): void {
    this.#processes.get(id)?.supervisor.copyFailed(fault);
  }

  /** Core's answer to an unknown id is no error here. */
  async probe(id: string, stop: AbortSignal): Promise<ProbeAnswer> {
    const managed = this.#processes.get(id);
    if (managed === undefined) return { streams: [], log: [`Unknown process ID (${id})`] };
    return this.#options.probe(this.#resolve(managed.stored.record), stop);
  }

  /** Adds a process to the store and starts it if it says so. Throws ProcessInvalid, StoreFailed. */
  add(input: unknown): ProcessEntry {
    const stored = this.#readNew(input);
    this.#options.store.insert(stored);
    const managed = this.#adopt(stored, "store");
    if (stored.order === "start") managed.supervisor.start();
    return entryOf(managed);
  }

  /** What add() would do, with nothing done. Throws as it does. */
  previewAdd(input: unknown): Change {
    const stored = this.#readNew(input);
    const ordered = stored.order === "start";
    const meeting = { alive: false, ordered, plan: undefined, viewers: 0 };
    const effect = effectOf(undefined, stored.record, meeting);
    return { entry: entryOf({ stored, source: "store" }), effect };
  }

  /**
   * Merges a change into a process. What FFmpeg is not started with reaches a running one at once; for anything
   * else it is stopped, and started again if it was to run.
   */
  update(id: string, input: unknown): Promise<Change> {
    return this.#queued(id, async () => {
      const managed = this.#findWritable(id);
      const { supervisor } = managed;
      const { stored, effect } = this.#readChange(managed, input);
      const { record, order } = stored;
      // Stored before the stop: a change that can't be kept must not interrupt the stream.
      this.#options.store.replace(id, stored);
      managed.stored = stored;
      this.#rename(id, record.id, managed);
      if (supervisor.alive && appliesAtOnce(effect.changed)) {
        supervisor.adopt(record);
      } else {
        await supervisor.stop();
        supervisor.replace(record);
      }
      if (record.id !== id) this.#options.onRecord(undefined, id);
      this.#leaving.delete(id);
      this.#options.onRecord(record, record.id);
      if (order === "start" && !supervisor.alive && !this.#closing) supervisor.start();
      this.#report(record.id, effect);
      return { entry: entryOf(managed), effect };
    });
  }

  /** What update() would do now, with nothing done. Throws as it does. */
  previewUpdate(id: string, input: unknown): Change {
    const managed = this.#findWritable(id);
    const { stored, effect } = this.#readChange(managed, input);
    return { entry: entryOf({ stored, source: managed.source }), effect };
  }

  delete(id: string): Promise<void> {
    return this.#queued(id, async () => {
      if (this.#unreadable.has(id) && !this.#processes.has(id)) {
        this.#options.store.remove(id);
        this.#unreadable.delete(id);
        return;
      }
      const managed = this.#findWritable(id);
      this.#options.store.remove(id);
      await managed.supervisor.stop();
      this.#processes.delete(id);
      this.#options.onRecord(undefined, id);
    });
  }

  /** Core answers an unknown id here with "Command failed", not with 404. */
  command(id: string, command: Command): Promise<void> {
    return this.#queued(id, async () => {
      const managed = this.#processes.get(id);
      if (managed === undefined) throw new CommandFailed("Command failed", ["unknown process"]);
      const { supervisor } = managed;
      if (command === "start") {
        if (supervisor.order !== "start") this.#checkRoom();
        this.#setOrder(managed, "start");
        supervisor.start();
      } else if (command === "stop") {
        try {
          this.#setOrder(managed, "stop");
        } finally {
          // Also where that can't be kept: FFmpeg may be what fills the disk.
          await supervisor.stop();
        }
      } else await supervisor.restart();
    });
  }

  /** One value, or all of them; null where there is none. Throws ProcessNotFound for unknown keys. */
  metadata(id: string, key?: string): unknown {
    const { metadata } = this.#find(id).stored;
    if (key === undefined) return Object.keys(metadata).length === 0 ? null : metadata;
    if (!Object.hasOwn(metadata, key)) throw new ProcessNotFound(["unknown key"]);
    return metadata[key];
  }

  /** Sets one value; null removes it. Throws ProcessInvalid where there is too much of it, StoreFailed. */
  setMetadata(id: string, key: string, value: unknown): void {
    const managed = this.#find(id);
    const metadata = withValue(managed.stored.metadata, key, value);
    if (managed.source === "store") this.#options.store.setMetadata(id, metadata);
    managed.stored = { ...managed.stored, metadata };
  }

  /** Starts what was running when the server ended, and what the configuration file starts. */
  startAll(): void {
    for (const managed of this.#processes.values()) {
      if (managed.stored.order !== "start") continue;
      try {
        this.#checkRoom();
        managed.supervisor.start();
      } catch (error) {
        const problem = error instanceof CommandFailed ? error.details.join("; ") : String(error);
        this.#options.tools.log.warn("process not started", {
          id: managed.stored.record.id,
          problem,
        });
      }
    }
  }

  /** Stops every FFmpeg; the stored order stays, so that they start again with the server. */
  async stopAll(): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#processes.values()].map((one) => one.supervisor.stop()));
  }

  #readNew(input: unknown): StoredProcess {
    const record = parseRecord(input, undefined, this.#options.newId);
    this.#checkFree(record.id, "Invalid process config");
    refuseHidden(record);
    this.#resolve(record, "Invalid process config");
    if (record.autostart) this.#checkRoom();
    const now = this.#now();
    const order = record.autostart ? "start" : "stop";
    return { record, order, metadata: {}, createdAt: now, updatedAt: now };
  }

  #readChange({ stored, supervisor }: Managed, input: unknown) {
    const base = stored.record;
    const record = restoreSecrets(parseRecord(input, base, this.#options.newId), base);
    refuseHidden(record);
    this.#resolve(record, "Process can't be updated");
    if (record.id !== base.id) this.#checkFree(record.id, "Process can't be updated");
    // At the end of the server all are ordered to stop, which is not to be kept.
    const { order } = this.#closing ? stored : supervisor;
    const effect = effectOf(base, record, {
      alive: supervisor.alive,
      ordered: order === "start",
      plan: supervisor.view().plan,
      viewers: this.#options.viewers(base.id),
    });
    const now = this.#now();
    return { stored: { ...stored, record, order, createdAt: now, updatedAt: now }, effect };
  }

  #report(id: string, { changed, process, viewers, viewersAffected }: ChangeEffect): void {
    const fields = { process, viewers, viewers_affected: viewersAffected };
    this.#options.tools.log.info("process changed", { id, changed: changed.join(" "), ...fields });
  }

  #adoptConfig(record: ProcessRecord): void {
    if (this.#processes.has(record.id)) throw alreadyExists(`Process ${record.id}`);
    const now = this.#now();
    const order = record.autostart ? "start" : "stop";
    this.#adopt({ record, order, metadata: {}, createdAt: now, updatedAt: now }, "config");
  }

  #adoptStored(stored: StoredProcess): void {
    if (!this.#processes.has(stored.record.id)) {
      this.#adopt(stored, "store");
      return;
    }
    this.#options.tools.log.warn("stored process hidden by one of the configuration file", {
      id: stored.record.id,
    });
  }

  #adopt(stored: StoredProcess, source: ProcessSource): Managed {
    const resolve = (record: ProcessRecord) => this.#resolve(record);
    const supervisor = new Supervisor(stored.record, { ...this.#options.tools, resolve });
    const managed = { stored, source, supervisor };
    this.#processes.set(stored.record.id, managed);
    this.#options.onRecord(stored.record, stored.record.id);
    return managed;
  }

  #resolve(record: ProcessRecord, message?: string): ProcessRecord {
    const find: FindRecord = (id) => this.#processes.get(id)?.stored.record;
    return this.#options.resolve(record, find, message);
  }

  #find(id: string): Managed {
    const managed = this.#processes.get(id);
    if (managed === undefined) throw new ProcessNotFound();
    return managed;
  }

  #findWritable(id: string): Managed {
    const managed = this.#find(id);
    if (managed.source === "store") return managed;
    throw new ProcessInvalid("Process is read-only", [
      `${id} comes from the configuration file; change it there`,
    ]);
  }

  #setOrder(managed: Managed, order: "start" | "stop"): void {
    if (managed.source === "store" && managed.stored.order !== order) {
      this.#options.store.setOrder(managed.stored.record.id, order);
    }
    managed.stored = { ...managed.stored, order };
  }

  #checkFree(id: string, message: string): void {
    if (this.#processes.has(id) || this.#leaving.has(id)) throw alreadyExists(message);
    if (!this.#unreadable.has(id)) return;
    throw new ProcessInvalid(message, [
      "process already exists: a stored one of this id can't be read (the log says why); DELETE it first",
    ]);
  }

  #rename(from: string, to: string, managed: Managed): void {
    if (from === to) return;
    this.#leaving.add(from);
    this.#processes.delete(from);
    this.#processes.set(to, managed);
  }

  /** By process, not by id: what comes under its new id waits for the renaming too. */
  #queued<T>(id: string, action: () => Promise<T>): Promise<T> {
    return this.#serial.run(this.#processes.get(id) ?? id, action);
  }

  #checkRoom(): void {
    const most = this.#options.maxProcesses;
    if (this.#closing) throw new CommandFailed("Command failed", ["the server is shutting down"]);
    if (most === 0) return;
    const started = [...this.#processes.values()].filter((one) => one.supervisor.order === "start");
    if (started.length < most) return;
    throw new CommandFailed("Command failed", [
      `max. number of running processes (${most}) reached`,
    ]);
  }

  #now(): number {
    return Math.floor(this.#options.tools.clock.unixMs() / 1000);
  }
}

function entryOf({ stored, source }: Pick<Managed, "stored" | "source">): ProcessEntry {
  const { record, metadata } = stored;
  return {
    id: record.id,
    type: record.type,
    reference: record.reference,
    source,
    created_at: stored.createdAt,
    updated_at: stored.updatedAt,
    config: hideSecrets(record),
    metadata: Object.keys(metadata).length === 0 ? null : metadata,
  };
}

function alreadyExists(message: string): ProcessInvalid {
  return new ProcessInvalid(message, ["process already exists"]);
}
