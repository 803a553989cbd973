/** Writes the tables of deploy/docs/ that come from the sources: `bun run docs:tables`. */

import { describeConfig } from "../src/config/describe.ts";
import { describeMetrics } from "./docs/metrics-table.ts";

const TABLES = [
  { file: "settings.md", name: "settings", table: describeConfig },
  { file: "monitoring.md", name: "metrics", table: describeMetrics },
];

/** The text between the two marks of a table, replaced. */
function withTable(text: string, name: string, table: string): string {
  const begin = `<!-- ${name}: written by \`bun run docs:tables\` -->`;
  const end = `<!-- end of ${name} -->`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`The marks ${begin} and ${end} are lost`);
  return `${text.slice(0, from + begin.length)}\n\n${table}\n\n${text.slice(to)}`;
}

for (const { file, name, table } of TABLES) {
  const path = new URL(`docs/${file}`, import.meta.url).pathname;
  await Bun.write(path, withTable(await Bun.file(path).text(), name, table()));
}
