/** The alert rules, dashboards and runbooks of the monitoring bundle name metrics that this program has. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../../..");
const BUNDLE = join(ROOT, "deploy/truenas/core");

const read = (folder: string, ending: string) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("\n");

const known = new Set(
  [...read(join(ROOT, "src/metrics"), "names.ts").matchAll(/name: "(dragonfork_\w+)"/g)].map(
    ([, name]) => name,
  ),
);

test.each([
  ["prom/rules", ".yml"],
  ["grafana/dashboards", ".json"],
  ["", "runbooks.md"],
])("in %s", (folder, ending) => {
  const text = read(join(BUNDLE, folder), ending);
  const used = [...text.matchAll(/\bdragonfork_\w+/g)].map(([name]) => name);
  const unknown = used.filter(
    (name) => !known.has(name) && !known.has(name.replace(/_(bucket|count|sum)$/, "")),
  );
  expect(used.length).toBeGreaterThan(2);
  expect(unknown).toEqual([]);
});
