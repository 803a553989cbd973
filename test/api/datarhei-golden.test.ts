/** The requests that were put to a real datarhei Core, put to ours in the same order. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HostValues } from "../../src/monitor/host.ts";
import { ProcessValues, StateCounts } from "../../src/monitor/processes.ts";
import type { SpawnChild } from "../../src/process/child.ts";
import { ProcessManager } from "../../src/process/manager.ts";
import { describeSource } from "../../src/process/probe.ts";
import { ServerMetadata } from "../../src/process/server-metadata.ts";
import { ProcessStore } from "../../src/process/store.ts";
import { DEVIATIONS } from "../golden/datarhei/deviations.ts";
import { FakeChild, fakeWorld, resolveByRules, settle } from "../unit/process/fakes.ts";
import { monitorOf } from "./support/fake-core.ts";
import { differences, type Exchange, recordedExchanges } from "./support/golden.ts";
import { Harness } from "./support/harness.ts";

const folder = mkdtempSync(join(tmpdir(), "golden-"));
const store = ProcessStore.open(folder);
const found = new Map<string, readonly string[]>();

afterAll(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

/** Ends like FFmpeg does when it is told to; one without its input fails at once. */
class ObedientChild extends FakeChild {
  override kill(): void {
    this.exit(255);
  }
}

/** Says what the FFmpeg of the recorded probe said. */
const probeChild: SpawnChild = (argv, handlers) => {
  const child = new FakeChild(999, argv, handlers);
  queueMicrotask(() => {
    say(child, recordedLines("probe", "log"));
    child.exit(1);
  });
  return child;
};

function say(child: FakeChild, lines: readonly string[]): void {
  for (const line of lines) child.says(line);
}

function recordedLines(name: string, member: string): readonly string[] {
  const answer = recordedExchanges().find((exchange) => exchange.name === name)?.answer;
  const lines: unknown =
    typeof answer === "object" && answer !== null ? Reflect.get(answer, member) : undefined;
  return Array.isArray(lines) ? lines.map(String) : [];
}

function buildHarness() {
  let pid = 1000;
  const world = fakeWorld({
    spawn: (argv, handlers) => {
      const child = new ObedientChild(pid++, argv, handlers);
      // After the first look at the state, as in the recording.
      if (argv.includes("testsrc=size=160x120:rate=10")) {
        world.clock.after(15, () => say(child, recordedLines("report_running", "prelude")));
      }
      if (argv.includes("/nonexistent.mp4")) {
        queueMicrotask(() => {
          child.says("/nonexistent.mp4: No such file or directory");
          child.exit(1);
        });
      }
      return child;
    },
  });
  let ids = 0;
  const manager = new ProcessManager({
    store,
    tools: world.tools,
    resolve: resolveByRules,
    configRecords: [],
    maxProcesses: 0,
    newId: () => `generated${ids++}`,
    onRecord: () => undefined,
    viewers: () => 0,
    probe: (record, stop) =>
      describeSource(record, { spawn: probeChild, clock: world.clock }, stop),
  });
  const host = { storageFolder: "/", storageBytesMax: -1, files: async () => [] };
  const monitor = monitorOf([
    new HostValues({ ...host, nowMs: () => world.clock.monotonicMs() }),
    new ProcessValues(manager, new StateCounts()),
  ]);
  const core = { metadata: new ServerMetadata(store), monitor };
  return { harness: new Harness({ processes: manager, core }), clock: world.clock, monitor };
}

function requestOf({ contentType, body }: Exchange): RequestInit {
  return {
    ...(contentType !== null && { headers: { "content-type": contentType } }),
    // As bytes: a text would get a content type of its own.
    ...(body !== null && { body: new TextEncoder().encode(body) }),
  };
}

/** The words behind "Invalid JSON" are those of Go's decoder; the recorded message is what counts. */
function withoutDecoderText(value: unknown): unknown {
  const isOne = typeof value === "object" && value !== null && "message" in value;
  return isOne && value.message === "Invalid JSON" ? { ...value, details: [] } : value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

beforeAll(async () => {
  const { harness, clock, monitor } = buildHarness();
  await monitor.sample();
  for (const exchange of recordedExchanges()) {
    const answer = await harness.send(exchange.method, exchange.path, requestOf(exchange));
    const status =
      answer.status === exchange.status
        ? []
        : [`status: ${exchange.status} became ${answer.status}`];
    const recorded = withoutDecoderText(exchange.answer);
    const body = differences(recorded, withoutDecoderText(parsed(answer.body)));
    // RFC 9457's members come on top of Core's three in every failure.
    const own = /^(type|title|status|detail): added$/;
    const list = answer.status < 400 ? body : body.filter((one) => !own.test(one));
    found.set(exchange.name, [...status, ...list]);
    await settle();
    await clock.advance(10);
  }
});

const allowed = new Map<string, string[]>();
for (const { differences: list } of DEVIATIONS) {
  for (const [name, texts] of Object.entries(list)) {
    allowed.set(name, [...(allowed.get(name) ?? []), ...texts]);
  }
}

describe("Core's clients get the answers of a real Core", () => {
  for (const { name, method, path } of recordedExchanges()) {
    test(`${name}: ${method} ${path}, but for the deviations that are listed`, () => {
      expect([...(found.get(name) ?? [])].sort()).toEqual((allowed.get(name) ?? []).sort());
    });
  }

  test("every deviation has a reason and is of a recorded exchange", () => {
    const names = new Set(recordedExchanges().map(({ name }) => name));
    for (const name of allowed.keys()) expect(names).toContain(name);
    for (const { reason } of DEVIATIONS) expect(reason.length).toBeGreaterThan(20);
  });
});
