/** The program writes the dashboards and rules that are in it: those of the repository, byte by byte. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUNDLE, ROOT, run } from "./support/bundle.ts";

const folder = mkdtempSync(join(tmpdir(), "dragonfork-export-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const binary = process.env["DRAGONFORK_BINARY"];
const program = binary ? [binary] : [process.execPath, join(ROOT, "src/main.ts")];

const contents = (path: string) =>
  Object.fromEntries(
    readdirSync(path).map((name) => [name, readFileSync(join(path, name), "utf8")]),
  );

test.each([
  ["dashboards", "grafana/dashboards"],
  ["rules", "prom/rules"],
])("%s export", async (kind, source) => {
  const target = join(folder, "new", kind);
  const { code, output } = await run(...program, kind, "export", target);
  expect(code).toBe(0);
  expect(contents(target)).toEqual(contents(join(BUNDLE, source)));
  expect(output.trim().split("\n").toSorted()).toEqual(
    readdirSync(target)
      .map((name) => join(target, name))
      .toSorted(),
  );
});

test("a folder that cannot be made is named", async () => {
  const { code, output } = await run(...program, "rules", "export", "/proc/none");
  expect(code).toBe(1);
  expect(output).toContain("the rules cannot be written to /proc/none");
});
