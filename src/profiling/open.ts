/** The profiles of this process, ready to be sent. Imported only where they are wanted. */
import { takeCpuProfile } from "./cpu-profile.ts";
import { heapByClass, heapSnapshot } from "./heap-profile.ts";
import { cpuToPprof, heapToPprof } from "./pprof.ts";

/** `unixMs` is Unix milliseconds. */
export function openProfiling(unixMs: () => number) {
  return {
    cpu: async (seconds: number) => cpuToPprof(await takeCpuProfile(seconds), unixMs()),
    heap: () => heapToPprof(heapByClass(), unixMs()),
    heapText: () =>
      [
        "bytes objects class",
        ...heapByClass().map((one) => `${one.bytes} ${one.objects} ${one.name}`),
      ]
        .join("\n")
        .concat("\n"),
    heapSnapshot,
  };
}
