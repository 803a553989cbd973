import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { describeMetrics } from "../../../deploy/docs/metrics-table.ts";
import packageFile from "../../../package.json" with { type: "json" };
import { loadConfig } from "../../../src/config/load.ts";
import { METRICS } from "../../../src/metrics/names.ts";
import { parseRecord } from "../../../src/process/record.ts";

const root = new URL("../../../", import.meta.url).pathname;
const readme = await Bun.file(`${root}README.md`).text();
const testing = await Bun.file(`${root}test/TESTING.md`).text();

describe("README.md and TESTING.md", () => {
  test("the table of metrics is the one of the sources, the eleven of the contract first", () => {
    expect(readme).toContain(`\n${describeMetrics()}\n`);
    const names = describeMetrics().matchAll(/^\| `(\w+)`/gm);
    const first = [...names].slice(0, 11).map(([, name]) => name);
    expect(first).toEqual(Object.values(METRICS).map(({ name }) => name));
    expect(first).toHaveLength(11);
  });

  test("the sample configuration is valid and publishes a stream", () => {
    const text = /```yaml\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
    const loaded = loadConfig({ file: "sample.yaml", env: {}, readFile: () => text });
    if ("problems" in loaded) throw new Error(loaded.problems.join("\n"));
    expect(loaded.config.processes.map((record) => parseRecord(record).webrtc?.enabled)).toEqual([
      true,
    ]);
  });

  test("every file that is linked exists", () => {
    const links = [
      ...[...readme.matchAll(/\]\(([^):#]+)\)/g)].map(([, path]) => path),
      ...[...testing.matchAll(/\]\(([^):#]+)\)/g)].map(([, path]) => `test/${path}`),
    ];
    expect(links.length).toBeGreaterThan(3);
    expect(links.filter((path) => !existsSync(root + path))).toEqual([]);
  });

  test("every script that is named exists", () => {
    const named = [...(readme + testing).matchAll(/\bbun run ([a-z:-]+)/g)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(2);
    expect(named.filter((name) => !Object.keys(packageFile.scripts).includes(name ?? ""))).toEqual(
      [],
    );
  });
});
