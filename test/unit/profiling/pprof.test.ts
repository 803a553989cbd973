import { expect, test } from "bun:test";
import { Profile } from "pprof-format";
import { ProfileRunning } from "../../../src/errors.ts";
import { type CpuProfile, takeCpuProfile } from "../../../src/profiling/cpu-profile.ts";
import { heapByClass } from "../../../src/profiling/heap-profile.ts";
import { cpuToPprof, heapToPprof } from "../../../src/profiling/pprof.ts";

const frame = (functionName: string, lineNumber: number) => ({
  ...{ functionName, lineNumber, url: "file:///src/a.ts" },
});

/** main calls work and sleeps once. */
const PROFILE: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame("(root)", -1), children: [2] },
    { id: 2, callFrame: frame("main", 0), children: [3] },
    { id: 3, callFrame: frame("", 4) },
  ],
  startTime: 0,
  endTime: 1_000_000,
  samples: [3, 3, 2, 3],
  timeDeltas: [1000, 1000, 1000, 900_000],
};

function decoded(bytes: Uint8Array) {
  const profile = Profile.decode(Bun.gunzipSync(new Uint8Array(bytes)));
  const text = (index: number | bigint) => profile.stringTable.strings[Number(index)];
  const place = (id: number | bigint) => {
    const line = profile.location[Number(id) - 1]?.line[0];
    const of = profile.function[Number(line?.functionId) - 1];
    return `${text(of?.name ?? 0)} ${text(of?.filename ?? 0)}:${line?.line}`;
  };
  return {
    types: profile.sampleType.map(({ type, unit }) => `${text(type)} ${text(unit)}`),
    samples: profile.sample.map(({ locationId, value }) => ({
      stack: locationId.map(place),
      value: value.map(Number),
    })),
    timeNanos: Number(profile.timeNanos),
  };
}

test("a CPU profile has its stacks, innermost first, with what each took", () => {
  expect(decoded(cpuToPprof(PROFILE, 5))).toEqual({
    types: ["samples count", "cpu nanoseconds"],
    samples: [
      // What the thread slept before the last sample is no work.
      { stack: ["(anonymous) /src/a.ts:5", "main /src/a.ts:1"], value: [3, 12_000_000] },
      { stack: ["main /src/a.ts:1"], value: [1, 1_000_000] },
    ],
    timeNanos: 5_000_000,
  });
});

test("a heap profile has one frame for each class", () => {
  const classes = [{ name: "Peer", objects: 3, bytes: 4_000_000_000_000 }];
  expect(decoded(heapToPprof(classes, 0))).toMatchObject({
    types: ["inuse_objects count", "inuse_space bytes"],
    samples: [{ stack: ["Peer :0"], value: [3, 4_000_000_000_000] }],
  });
});

test("the heap of this process holds what was put on it", () => {
  class PutOnTheHeap {
    readonly text = "x";
  }
  const before = heapByClass().find(({ name }) => name === "PutOnTheHeap")?.objects ?? 0;
  const kept = Array.from({ length: 1000 }, () => new PutOnTheHeap());
  const after = heapByClass().find(({ name }) => name === "PutOnTheHeap")?.objects ?? 0;
  expect(after - before).toBeGreaterThanOrEqual(kept.length);
});

test("the profiler sees what computes, and takes one profile at a time", async () => {
  const busy = setInterval(function computesALot() {
    let sum = 0;
    for (let i = 0; i < 2_000_000; i++) sum += Math.sqrt(i);
    return sum;
  }, 1);
  const taken = takeCpuProfile(2);
  await expect(takeCpuProfile(0.1)).rejects.toThrow(ProfileRunning);
  const { nodes, samples } = await taken;
  clearInterval(busy);
  expect(nodes.map(({ callFrame }) => callFrame.functionName)).toContain("computesALot");
  expect(samples.length).toBeGreaterThan(20);
  expect((await takeCpuProfile(0.05)).startTime).toBeGreaterThan(0);
});
