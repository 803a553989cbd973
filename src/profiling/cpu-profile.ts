/** Samples what the main thread computes, by JavaScriptCore's sampling profiler. Media workers are not in it. */
import { Session } from "node:inspector";
import { ProfileRunning } from "../errors.ts";

/** As the DevTools protocol has it; times in microseconds. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly startTime: number;
  readonly endTime: number;
  /** The node that each sample met, and how long after the one before. */
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    readonly lineNumber: number;
  };
  readonly children?: readonly number[];
}

export const SAMPLE_INTERVAL_US = 1000;

/** When the profile that is being taken will be there, by performance.now(). */
let busyUntilMs: number | undefined;

/** Rejects with ProfileRunning while another one is taken. */
export async function takeCpuProfile(seconds: number): Promise<CpuProfile> {
  if (busyUntilMs !== undefined) {
    throw new ProfileRunning(Math.max(1, (busyUntilMs - performance.now()) / 1000));
  }
  busyUntilMs = performance.now() + seconds * 1000;
  const session = new Session();
  session.connect();
  try {
    await ask(session, "Profiler.enable");
    await ask(session, "Profiler.setSamplingInterval", { interval: SAMPLE_INTERVAL_US });
    await ask(session, "Profiler.start");
    await Bun.sleep(seconds * 1000);
    const { profile } = (await ask(session, "Profiler.stop")) as { profile: CpuProfile };
    return profile;
  } finally {
    session.disconnect();
    busyUntilMs = undefined;
  }
}

function ask(session: Session, method: string, parameters: object = {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    session.post(method, parameters, (error, answer) =>
      error === null ? resolve(answer) : reject(error),
    );
  });
}
