/** Profiles in the format of pprof, which `go tool pprof` opens. */
import {
  Function as Func,
  Line,
  Location,
  Profile,
  Sample,
  StringTable,
  ValueType,
} from "pprof-format";
import { type CpuProfile, SAMPLE_INTERVAL_US } from "./cpu-profile.ts";
import type { ClassTotal } from "./heap-profile.ts";

/** A longer gap between two samples is one in which the thread slept. */
const GAP_US_MAX = 10 * SAMPLE_INTERVAL_US;

/** `unixMs` is when it was taken. Gzipped. */
export function cpuToPprof(profile: CpuProfile, unixMs: number): Uint8Array {
  const writer = new Writer([
    ["samples", "count"],
    ["cpu", "nanoseconds"],
  ]);
  const parents = new Map<number, number>();
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  for (const { id, children } of profile.nodes)
    for (const one of children ?? []) parents.set(one, id);
  const hits = new Map<number, { count: number; us: number }>();
  profile.samples.forEach((id, i) => {
    const hit = hits.get(id) ?? { count: 0, us: 0 };
    hit.count += 1;
    hit.us += Math.min(profile.timeDeltas[i] ?? 0, GAP_US_MAX);
    hits.set(id, hit);
  });
  for (const [leaf, { count, us }] of hits) {
    const stack: number[] = [];
    for (let id: number | undefined = leaf; id !== undefined; id = parents.get(id)) {
      const frame = nodes.get(id)?.callFrame;
      // The root is no function.
      if (frame === undefined || !parents.has(id)) continue;
      const name = frame.functionName === "" ? "(anonymous)" : frame.functionName;
      const file = frame.url.replace(/^file:\/\//, "");
      stack.push(writer.location(name, file, Math.max(0, frame.lineNumber + 1)));
    }
    writer.sample(stack, [count, us * 1000]);
  }
  const ns = (profile.endTime - profile.startTime) * 1000;
  return writer.finish({ unixMs, durationNs: ns, period: ["cpu", "nanoseconds"], every: 1e6 });
}

/** Each class is one frame: JavaScriptCore does not keep where an object was made. Gzipped. */
export function heapToPprof(classes: readonly ClassTotal[], unixMs: number): Uint8Array {
  const writer = new Writer([
    ["inuse_objects", "count"],
    ["inuse_space", "bytes"],
  ]);
  for (const { name, objects, bytes } of classes) {
    writer.sample([writer.location(name, "", 0)], [objects, bytes]);
  }
  return writer.finish({ unixMs, durationNs: 0, period: ["space", "bytes"], every: 1 });
}

interface Taken {
  readonly unixMs: number;
  readonly durationNs: number;
  readonly period: readonly [type: string, unit: string];
  readonly every: number;
}

class Writer {
  private readonly strings = new StringTable();
  private readonly functions: Func[] = [];
  private readonly locations: Location[] = [];
  private readonly known = new Map<string, number>();
  private readonly samples: Sample[] = [];
  private readonly types: ValueType[];

  constructor(types: readonly (readonly [string, string])[]) {
    this.types = types.map(([type, unit]) => this.valueType(type, unit));
  }

  /** The id of a place in the code. */
  location(name: string, file: string, line: number): number {
    const key = `${name}\0${file}\0${line}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const id = this.locations.length + 1;
    const text = this.strings.dedup(name);
    const filename = this.strings.dedup(file);
    this.functions.push(new Func({ id, name: text, systemName: text, filename, startLine: line }));
    this.locations.push(new Location({ id, line: [new Line({ functionId: id, line })] }));
    this.known.set(key, id);
    return id;
  }

  /** The innermost place first. */
  sample(locationId: number[], value: number[]): void {
    if (locationId.length > 0) this.samples.push(new Sample({ locationId, value }));
  }

  finish({ unixMs, durationNs, period, every }: Taken): Uint8Array {
    const profile = new Profile({
      sampleType: this.types,
      sample: this.samples,
      location: this.locations,
      function: this.functions,
      stringTable: this.strings,
      timeNanos: BigInt(Math.round(unixMs)) * 1_000_000n,
      durationNanos: BigInt(Math.round(durationNs)),
      periodType: this.valueType(...period),
      period: every,
    });
    return Bun.gzipSync(new Uint8Array(profile.encode()));
  }

  private valueType(type: string, unit: string): ValueType {
    return new ValueType({ type: this.strings.dedup(type), unit: this.strings.dedup(unit) });
  }
}
