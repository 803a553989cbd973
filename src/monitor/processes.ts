/** The FFmpeg processes in numbers, and how often each has come into each state. */
import type { ProcessManager } from "../process/manager.ts";
import type { ProcessLimits } from "../process/record.ts";
import type { ExecState } from "../process/state.ts";
import type { ProcessState, StreamProgress } from "../process/supervisor/process-state.ts";
import type { Collector, Value } from "./value.ts";

const STATES: readonly ExecState[] = [
  ...(["failed", "finished", "finishing"] as const),
  ...(["killed", "running", "starting"] as const),
];
const BYTES_PER_MBYTE = 1024 * 1024;

/** Counts changes of state; as many entries as there are processes. */
export class StateCounts {
  readonly #ofProcess = new Map<string, Map<ExecState, number>>();
  readonly #ofAll = new Map<ExecState, number>();

  changed(id: string, state: ExecState): void {
    const counts = this.#ofProcess.get(id) ?? new Map<ExecState, number>();
    this.#ofProcess.set(id, counts);
    for (const one of [counts, this.#ofAll]) one.set(state, (one.get(state) ?? 0) + 1);
  }

  removed(id: string): void {
    this.#ofProcess.delete(id);
  }

  /** Of one process, or of all there ever were. */
  count(state: ExecState, id?: string): number {
    const counts = id === undefined ? this.#ofAll : this.#ofProcess.get(id);
    return counts?.get(state) ?? 0;
  }
}

export class ProcessValues implements Collector {
  readonly #processes: Pick<ProcessManager, "list" | "state">;
  readonly #counts: StateCounts;

  constructor(processes: Pick<ProcessManager, "list" | "state">, counts: StateCounts) {
    this.#processes = processes;
    this.#counts = counts;
  }

  collect(): readonly Value[] {
    const now = new Map<ExecState, number>(STATES.map((state) => [state, 0]));
    const values = this.#processes.list().flatMap(({ id, config }) => {
      const state = this.#processes.state(id);
      now.set(state.exec, (now.get(state.exec) ?? 0) + 1);
      return [
        ...processValues(id, state, config.limits),
        ...this.#changes(id),
        ...ioValues(id, state),
      ];
    });
    const byState = (name: string, count: (state: ExecState) => number) =>
      STATES.map((state) => ({ name, labels: { state }, value: count(state) }));
    return [
      ...values,
      ...byState("restream_state", (state) => now.get(state) ?? 0),
      ...byState("ffmpeg_process", (state) => this.#counts.count(state)),
    ];
  }

  #changes(processid: string): Value[] {
    return STATES.map((state) => ({
      name: "restream_process_states",
      labels: { processid, state },
      value: this.#counts.count(state, processid),
    }));
  }
}

/** Each named value is a series of its own. */
function processValues(processid: string, state: ProcessState, limits: ProcessLimits): Value[] {
  const { progress, exec, order } = state;
  const values = {
    frame: progress.frame,
    fps: progress.fps,
    speed: progress.speed,
    q: progress.q,
    size: progress.size_kb,
    time: progress.time,
    drop: progress.drop,
    dup: progress.dup,
    packet: progress.packet,
    bitrate: progress.bitrate_kbit,
    cpu: state.cpu_usage,
    memory: state.memory_bytes,
    uptime: state.runtime_seconds,
    cpu_limit: limits.cpu_usage,
    memory_limit: limits.memory_mbytes * BYTES_PER_MBYTE,
  };
  return Object.entries(values).map(([name, value]) => ({
    name: "restream_process",
    labels: { processid, state: exec, order, name },
    value,
  }));
}

function ioValues(processid: string, { progress }: ProcessState): Value[] {
  return [
    ...progress.inputs.flatMap((io) => streamValues(processid, "input", io)),
    ...progress.outputs.flatMap((io) => streamValues(processid, "output", io)),
  ];
}

function streamValues(processid: string, type: "input" | "output", io: StreamProgress): Value[] {
  const { id, address } = io;
  const values = {
    frame: io.frame,
    fps: io.fps,
    packet: io.packet,
    pps: io.pps,
    size: io.size_kb,
    bitrate: io.bitrate_kbit,
    ...(type === "output" && { q: io.q }),
  };
  const labels = {
    processid,
    type,
    id,
    address,
    index: String(io.index),
    stream: String(io.stream),
  };
  return Object.entries(values).map(([name, value]) => ({
    name: "restream_io",
    labels: { ...labels, media: io.type, name },
    value,
  }));
}
