/** Writes the tables of README.md that come from the sources: `bun run docs:tables`. */

import { describeConfig } from "../src/config/describe.ts";
import { describeMetrics } from "./docs/metrics-table.ts";

const TABLES = { settings: describeConfig, metrics: describeMetrics };

/** The text between the two marks of a table, replaced. */
function withTable(text: string, name: string, table: string): string {
  const begin = `<!-- ${name}: written by \`bun run docs:tables\` -->`;
  const end = `<!-- end of ${name} -->`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`README.md has lost its marks ${begin} and ${end}`);
  return `${text.slice(0, from + begin.length)}\n\n${table}\n\n${text.slice(to)}`;
}

const path = new URL("../README.md", import.meta.url).pathname;
let text = await Bun.file(path).text();
for (const [name, table] of Object.entries(TABLES)) text = withTable(text, name, table());
await Bun.write(path, text);
