import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describeMetrics } from "../../../deploy/docs/metrics-table.ts";
import packageFile from "../../../package.json" with { type: "json" };
import { loadConfig } from "../../../src/config/load.ts";
import { METRICS } from "../../../src/metrics/names.ts";
import { parseRecord } from "../../../src/process/record.ts";

const root = new URL("../../../", import.meta.url).pathname;
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const DOCUMENTS = [
  "README.md",
  "src/README.md",
  "test/TESTING.md",
  "deploy/truenas/core/README.md",
  "deploy/truenas/core/runbooks.md",
  ...readdirSync(join(root, "deploy/docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `deploy/docs/${name}`),
];

/** The ids that headings get on the web: lower case, without punctuation, hyphens for spaces. */
function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}

/** Links of a document that lead to no file, or to no heading of it. */
function deadLinks(document: string): string[] {
  const links = [...read(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? document : join(dirname(document), path);
    if (!existsSync(join(root, target))) return true;
    return anchor !== undefined && !anchors(read(target)).includes(anchor);
  });
}

describe("the documents", () => {
  test("the table of metrics is the one of the sources, the eleven of the contract first", () => {
    expect(read("deploy/docs/monitoring.md")).toContain(`\n${describeMetrics()}\n`);
    const names = describeMetrics().matchAll(/^\| `(\w+)`/gm);
    const first = [...names].slice(0, 11).map(([, name]) => name);
    expect(first).toEqual(Object.values(METRICS).map(({ name }) => name));
    expect(first).toHaveLength(11);
  });

  test("the sample configuration is valid and publishes a stream", () => {
    const text = /```yaml\n([\s\S]*?)```/.exec(read("README.md"))?.[1] ?? "";
    const loaded = loadConfig({ file: "sample.yaml", env: {}, readFile: () => text });
    if ("problems" in loaded) throw new Error(loaded.problems.join("\n"));
    expect(loaded.config.processes.map((record) => parseRecord(record).webrtc?.enabled)).toEqual([
      true,
    ]);
  });

  for (const document of DOCUMENTS) {
    test(`every link of ${document} leads somewhere`, () => {
      expect(deadLinks(document)).toEqual([]);
    });

    test(`every script that ${document} names exists`, () => {
      const named = [...read(document).matchAll(/\bbun run ([a-z:-]+)/g)].map(([, name]) => name);
      expect(
        named.filter((name) => !Object.keys(packageFile.scripts).includes(name ?? "")),
      ).toEqual([]);
    });
  }
});
