import { expect, test } from "bun:test";
import { createRegistry } from "../../../src/metrics/registry.ts";
import { TotalsCounter } from "../../../src/metrics/totals-counter.ts";
import { textOf } from "../../support/metrics-text.ts";

function setUp() {
  const registry = createRegistry("test");
  const description = {
    name: "x_total",
    help: "x.",
    type: "counter",
    labels: ["stream_id"],
  } as const;
  const counter = new TotalsCounter(registry, description);
  /** What is shown after these totals, by stream_id. */
  const told = async (totals: readonly (readonly [string, string, number])[]) => {
    counter.reset();
    for (const [id, stream_id, value] of totals) counter.add(id, { stream_id }, value);
    counter.end();
    const lines = (await textOf(registry)).matchAll(/stream_id="(\w+)".* ([\d.]+)$/gm);
    return Object.fromEntries([...lines].map(([, id, value]) => [id, Number(value)]));
  };
  return { told };
}

test("a stream with a name of its own is shown as it is, and not once it is gone", async () => {
  const { told } = setUp();
  expect(await told([["cam", "cam", 5]])).toEqual({ cam: 5 });
  expect(await told([["cam", "cam", 3]])).toEqual({ cam: 3 });
  expect(await told([])).toEqual({});
});

test("what is folded is a sum that never falls", async () => {
  const { told } = setUp();
  expect(
    await told([
      ["a", "other", 5],
      ["b", "other", 7],
    ]),
  ).toEqual({ other: 12 });
  expect(await told([["b", "other", 8]])).toEqual({ other: 13 });
  // A stream that comes back counts from zero.
  expect(
    await told([
      ["a", "other", 1],
      ["b", "other", 8],
    ]),
  ).toEqual({ other: 14 });
  expect(
    await told([
      ["a", "other", 0],
      ["b", "other", 8],
    ]),
  ).toEqual({ other: 14 });
  expect(await told([])).toEqual({ other: 14 });
});

test("one that gets a name of its own leaves what it had", async () => {
  const { told } = setUp();
  await told([
    ["a", "other", 5],
    ["b", "other", 7],
  ]);
  expect(
    await told([
      ["a", "a", 6],
      ["b", "other", 7],
    ]),
  ).toEqual({ a: 6, other: 12 });
});
