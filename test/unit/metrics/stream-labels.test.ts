import { expect, test } from "bun:test";
import { StreamLabels } from "../../../src/metrics/stream-labels.ts";

test("an id that is no stream is unknown", () => {
  const labels = new StreamLabels((id) => id === "cam", 1);
  expect([labels.of("cam"), labels.of("made-up")]).toEqual(["cam", "unknown"]);
});

test("streams beyond the limit count together, until one with a label of its own is gone", () => {
  const streams = new Set(["a", "b", "c"]);
  const labels = new StreamLabels((id) => streams.has(id), 2);
  expect([...labels.all(["a", "b", "c"])]).toEqual(["a", "b", "other"]);
  streams.delete("a");
  expect([...labels.all(["b", "c"])]).toEqual(["b", "c"]);
});
